"""What a power cut may leave of piwizard's own files, each such state opened again. `python -m tests.unit.crash`."""
