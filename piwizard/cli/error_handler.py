"""Errors meant for people end here, and nowhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

from piwizard.errors import PiwizardError


def command(function: Callable[..., int]) -> Callable[..., NoReturn]:
    """A command that needs root, behind the boundary."""

    @wraps(function)
    def as_root(*args: Any, **options: Any) -> int:  # noqa: ANN401 — whatever click hands over
        become_root()
        return function(*args, **options)

    return boundary(as_root)


def boundary(function: Callable[..., int]) -> Callable[..., NoReturn]:
    """The one boundary: an exit code for every command, a sentence for every error."""

    @wraps(function)
    def wrapped(*args: Any, **options: Any) -> NoReturn:  # noqa: ANN401
        as_json = bool(options.get("as_json"))
        try:
            code = function(*args, **options)
        except PiwizardError as error:
            code = _tell(error, as_json=as_json)
        except KeyboardInterrupt:
            code = 130
        except BrokenPipeError:
            sys.stderr.close()
            code = 1
        except Exception as error:
            if _about_usage(error):
                raise
            code = _tell(error, as_json=as_json)
        sys.exit(code)

    return wrapped


def _about_usage(error: Exception) -> bool:
    """Whether click says it, with how the command is used."""
    from click import ClickException  # the first page has no use for it

    return isinstance(error, ClickException)


def _tell(error: Exception, *, as_json: bool) -> int:
    from piwizard.cli import output

    output.error(error if isinstance(error, PiwizardError) else output.unforeseen(error), as_json=as_json)
    return 1


def become_root() -> None:
    """Goes on as root, through sudo where somebody else has started piwizard; see root.py."""
    if os.geteuid() != 0:
        from piwizard.cli import sudo

        sudo.become_root()
    from piwizard.system import private_paths

    private_paths.close_own_places()
