"""Show a run: its stages, its result, its failure, and the router by hand."""
