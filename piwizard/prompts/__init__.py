"""The plain front end: the same questions, plan, log and checks as the screens, line by line."""

from __future__ import annotations

from pathlib import Path

from piwizard.prompts.backend import Backend
from piwizard.prompts.console import Console, echoing, open_console
from piwizard.prompts.walk import Left, Walk


def run(answers: Path | None, why: str = "") -> int:
    """Walks a person through the setup. Returns the exit code: 0, or 130 where they left with Ctrl-C or Ctrl-D.

    `answers` is a file to keep the answers in, instead of the machine's own. `why` says why there are no screens.
    """
    with echoing(False):
        return walk(open_console(), Backend(answers), why)


def walk(console: Console, backend: Backend, why: str = "") -> int:
    """`run` with a console and a backend of one's own."""
    said = Walk(console, backend)
    try:
        said.welcome(why)
        said.menu()
    except Left:
        code = 0
    except (KeyboardInterrupt, EOFError):
        console.say("")
        code = 130
    else:
        code = 0
    if alive := backend.under_way():
        console.say(f"The run {alive} goes on without you; `piwizard logs -f` shows it, `piwizard stop` ends it.")
    console.say("Your answers are kept. `piwizard --plain` goes on from here.")
    return code
