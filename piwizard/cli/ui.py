"""Start the screens or the plain prompts: `piwizard` without a command."""

from __future__ import annotations

from pathlib import Path

from piwizard.cli.error_handler import become_root, handle_errors
from piwizard.errors import PiwizardError


@handle_errors
def interactive(*, plain: bool, answers: Path | None) -> int:
    """Start the front end that suits this terminal, and return the exit code."""
    from piwizard.system import terminal

    shown = terminal.choose_front_end()
    if shown == "none":
        raise PiwizardError(
            "piwizard cannot ask questions: there is no terminal.",
            hint="Run `piwizard apply --answers FILE` to read the answers from a file.",
        )
    become_root()
    if shown == "screens" and not plain:
        from piwizard.screens import textual_app
        from piwizard.system import start_line

        start_line.erase()
        return textual_app.run(answers)
    from piwizard import prompts
    from piwizard.cli import prompt_commands

    return prompts.run(answers, prompt_commands.site_commands(), terminal.plain_reason())
