"""Open every state of piwizard's own files that a power cut may leave.

Run all of them with `python -m tests.unit.crash`.
"""
