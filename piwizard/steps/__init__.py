"""One file a step; registry.py has their order."""
