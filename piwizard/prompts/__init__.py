"""Guide the user line by line, with the same questions and plan as the screens."""

from __future__ import annotations

from pathlib import Path

from piwizard.prompts.prompt_console import Console, echoing, open_console
from piwizard.prompts.prompt_flow import PromptFlow, SiteCommands, UserQuit
from piwizard.prompts.prompt_service import PromptService


def run(answers: Path | None, commands: SiteCommands, why: str = "") -> int:
    """Guide the user through the setup, and return the exit code.

    That is 0, or 130 if they quit with Ctrl-C or Ctrl-D. `answers` is the file for the answers, instead of the
    machine's own. `commands` are those of the command line that the menu offers. `why` explains
    why there are no screens.
    """
    with echoing(False):
        return guide(open_console(), PromptService(answers), commands, why)


def guide(console: Console, service: PromptService, commands: SiteCommands, why: str = "") -> int:
    """Guide the user with a given console and service."""
    flow = PromptFlow(console, service, commands)
    try:
        flow.welcome(why)
        flow.begin()
    except UserQuit:
        code = 0
    except (KeyboardInterrupt, EOFError):
        console.say("")
        code = 130
    else:
        code = 0
    if alive := service.under_way():
        console.say(f"The run {alive} continues without you. `piwizard logs -f` shows it, `piwizard stop` stops it.")
    console.say("Your answers are saved. Run `piwizard --plain` to continue.")
    return code
