"""The entry point; `python -m piwizard` is `piwizard`."""

from __future__ import annotations

import sys


def main() -> None:
    """Without arguments the first page comes at once: what reads options is not loaded for it."""
    if sys.argv[1:]:
        from piwizard.cli import cli

        cli(prog_name="piwizard")
    else:
        from piwizard.interactive import interactive

        interactive(plain=False, answers=None)


if __name__ == "__main__":
    main()
