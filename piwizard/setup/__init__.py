"""Lead from answers to runs: plan, preview, start, status."""
