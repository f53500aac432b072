"""Show a step's questions as a form."""
