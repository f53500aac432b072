"""Show the overview, each site with its log, and the pages of a run."""
