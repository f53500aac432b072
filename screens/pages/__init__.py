"""Show pages and dialogs over the main screen."""
