"""Run piwizard: `python -m piwizard` is the command `piwizard`."""

from __future__ import annotations

import io
import os
import sys
import warnings

from piwizard.system import start_line


def main() -> None:
    """Run the command from the arguments, or open the screens if there are none.

    The screens do not load click, so that the first page appears at once.
    """
    _open_closed_streams()
    start_line.announce(sys.argv[1:], sys.stdout)
    # Desktops set it to their own folders. A run does not have it, and must find the same answers.toml.
    os.environ.pop("XDG_CONFIG_DIRS", None)
    os.umask(0o022)  # whatever the user's is: others must not write new files, and nginx has to read some of them
    warnings.simplefilter("ignore")  # Python's warnings about an app's code quote parts of it
    if sys.argv[1:]:
        _command()
    else:
        from piwizard.cli.ui import interactive

        interactive(plain=False, answers=None)


def _command() -> None:
    """Run a command of click.

    Its messages about wrong usage repeat what was typed, so piwizard prints them, without control characters.
    """
    from click import ClickException

    from piwizard.cli.main import cli
    from piwizard.system import console

    try:
        sys.exit(cli.main(prog_name="piwizard", standalone_mode=False))
    except ClickException as error:
        message = io.StringIO()
        error.show(file=message)
        console.warn(*message.getvalue().splitlines())
        sys.exit(error.exit_code)


def _open_closed_streams() -> None:
    """Open standard streams that the caller has closed, for which Python has None.

    In this order each gets its usual number.
    """
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


if __name__ == "__main__":
    main()
