"""Act for the main screen: each controller owns the state of one subject."""
