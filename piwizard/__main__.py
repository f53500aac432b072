"""The entry point; `python -m piwizard` is `piwizard`."""

from __future__ import annotations

import io
import os
import sys
import warnings


def main() -> None:
    """Without arguments the first page comes at once: what reads options is not loaded for it."""
    _open_what_is_closed()
    # Desktops name folders of their own there; answers.toml is where a run looks for it, which has no such variable.
    os.environ.pop("XDG_CONFIG_DIRS", None)
    os.umask(0o022)  # whatever the person's is: others must not write what is made here, and nginx has to read some
    warnings.simplefilter("ignore")  # Python's own about an app's code, with pieces of it
    if sys.argv[1:]:
        _command()
    else:
        from piwizard.cli.ui import interactive

        interactive(plain=False, answers=None)


def _command() -> None:
    """What click says of how a command is used repeats what was typed, so it is printed as everything else is."""
    from click import ClickException

    from piwizard.cli.main import cli
    from piwizard.system import console

    try:
        sys.exit(cli.main(prog_name="piwizard", standalone_mode=False))
    except ClickException as error:
        said = io.StringIO()
        error.show(file=said)
        console.warn(*said.getvalue().splitlines())
        sys.exit(error.exit_code)


def _open_what_is_closed() -> None:
    """Whoever starts us may have closed all three, for which Python has None; in this order each gets its number."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


if __name__ == "__main__":
    main()
