"""Save sites and settings with restic, and restore them."""
