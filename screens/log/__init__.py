"""The log of a run: read from its events, searched, shown."""
