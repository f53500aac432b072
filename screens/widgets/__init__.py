"""Widgets that know nothing of steps, answers and runs, and the list of steps."""
