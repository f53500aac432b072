"""A step's questions as a form."""
