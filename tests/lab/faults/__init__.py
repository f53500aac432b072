"""Interrupt each journey at every event in every way; see README.md."""
