"""What the tabs show of the chosen step."""
