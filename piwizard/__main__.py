"""The entry point; `python -m piwizard` is `piwizard`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Without arguments the first page comes at once: what reads options is not loaded for it."""
    os.umask(0o022)  # whatever the person's is: others must not write what is made here, and nginx has to read some
    if sys.argv[1:]:
        from piwizard.cli import cli

        cli(prog_name="piwizard")
    else:
        from piwizard.interactive import interactive

        interactive(plain=False, answers=None)


if __name__ == "__main__":
    main()
