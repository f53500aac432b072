"""Doctor, checkup and report: what is wrong, why, and how to fix it."""
