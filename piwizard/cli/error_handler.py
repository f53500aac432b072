"""Wrap every command: become root, turn errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

from piwizard.errors import PiwizardError
from piwizard.system.error_report import as_piwizard_error

SUDO_PROMPT = "piwizard needs root: sudo asks for your password. [sudo] password for %p: "


def command(function: Callable[..., int]) -> Callable[..., NoReturn]:
    """Decorate a command that needs root, with handle_errors around it."""

    @wraps(function)
    def as_root(*args: Any, **options: Any) -> int:  # noqa: ANN401 — whatever click hands over
        become_root()
        return function(*args, **options)

    return handle_errors(as_root)


def handle_errors(function: Callable[..., int]) -> Callable[..., NoReturn]:
    """Turn the result or error of a command into output and an exit code.

    This is the only place where errors become messages.
    """

    @wraps(function)
    def wrapped(*args: Any, **options: Any) -> NoReturn:  # noqa: ANN401
        as_json = bool(options.get("as_json"))
        try:
            code = function(*args, **options)
        except PiwizardError as error:
            code = _print_error(error, as_json=as_json)
        except KeyboardInterrupt:
            code = 130
        except BrokenPipeError:
            sys.stderr.close()
            code = 1
        except Exception as error:
            if _is_usage_error(error):
                raise
            code = _print_error(error, as_json=as_json)
        sys.exit(code)

    return wrapped


def _is_usage_error(error: Exception) -> bool:
    """Return whether click prints the error itself, with the usage of the command."""
    from click import ClickException  # slow to import, and the screens do not need it

    return isinstance(error, ClickException)


def _print_error(error: Exception, *, as_json: bool) -> int:
    from piwizard.cli import output

    output.error(as_piwizard_error(error), as_json=as_json)
    return 1


def become_root() -> None:
    """Continue as root: start piwizard again through sudo if another user started it.

    system/caller_env.py finds the environment variables that sudo drops. sudo says why it asks, and only if it asks.
    """
    if os.geteuid() != 0:
        from piwizard.system import commands, start_line

        sudo = commands.which("sudo")
        if sudo is None:
            raise PiwizardError("piwizard needs root, but sudo is not installed.", hint="Run piwizard as root.")
        prompt = f"{start_line.line_feed()}{SUDO_PROMPT}"
        os.execv(sudo, [sudo, "-p", prompt, "--", sys.executable, "-I", "-m", "piwizard", *sys.argv[1:]])
    from piwizard.system import caller_env, paths

    caller_env.restore_display()
    paths.restrict_private_paths()
