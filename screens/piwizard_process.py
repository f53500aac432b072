"""Run commands of piwizard without a terminal.

Each runs in a session of its own, so that it completes its work even if the screens are closed meanwhile.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError

if TYPE_CHECKING:
    from collections.abc import Sequence


def command_argv(words: Sequence[str]) -> tuple[str, ...]:
    """Return the argv of a command of piwizard that prints JSON."""
    return (sys.executable, "-I", "-m", "piwizard", *words, "--json")


def run_piwizard(words: Sequence[str]) -> dict[str, Any]:
    """Run a command, wait for its end, and return what it prints last.

    Raise PiwizardError with its error if it fails.
    """
    from piwizard.system import commands

    result = commands.run(command_argv(words))
    printed = decode_object(next(reversed(result.output.strip().splitlines()), ""))
    if error := printed.get("error"):
        raise PiwizardError(error["message"], key=error["key"], hint=error["hint"])
    if not printed:
        raise PiwizardError(
            f"`piwizard {' '.join(words)}` ended without a result.", hint="Run it in a terminal to see why."
        )
    return printed


def decode_object(line: str) -> dict[str, Any]:
    """Return the JSON object in a line, empty if there is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
