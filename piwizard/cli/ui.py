"""`piwizard` without a command: the screens, or the plain prompts."""

from __future__ import annotations

from pathlib import Path

from piwizard.cli.error_handler import become_root, boundary
from piwizard.errors import PiwizardError


@boundary
def interactive(*, plain: bool, answers: Path | None) -> int:
    from piwizard.system import terminal

    shown = terminal.front_end()
    if shown == "none":
        raise PiwizardError(
            "There is no terminal here to ask questions in.",
            hint="`piwizard apply --answers FILE` takes the answers from a file and asks nothing.",
        )
    become_root()
    if shown == "screens" and not plain:
        from piwizard.screens import textual_app

        return textual_app.run(answers)
    from piwizard import prompts

    return prompts.run(answers, terminal.why_plain())
