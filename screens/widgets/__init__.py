"""Define the widgets, the forms and tabs built from them, and the model of a log."""
