"""Define the steps, one file each; registry.py has their order."""
