"""`python -m piwizard` is `piwizard`."""

from piwizard.cli import main

main()
