"""What the main screen does: each controller owns the state of one subject."""
