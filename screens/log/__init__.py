"""Read the log of a run from its events, search it and show it."""
