"""Send alerts away from this machine: what has failed, and what works again."""
