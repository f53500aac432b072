"""Show the chosen step in tabs."""
