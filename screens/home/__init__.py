"""Show what to come back to: the overview, each site, its log, and all runs."""
