"""Take pictures of the screens for docs/ and README: a first setup over SSH.

    python -m tests.lab.pictures

Writes docs/pictures/*.svg.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.lab import product, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi
from tests.lab.terminal import DOWN, ESC, Terminal, on

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
RUN = 900.0
"""Maximum seconds for a run that installs packages."""
OWN = "default"
"""pyte's name for the terminal's default colour."""


def picture(terminal: Terminal, name: str) -> None:
    """Save the terminal's content as a picture."""
    console = Console(record=True, width=80, height=24, file=io.StringIO(), force_terminal=True)
    for row in range(24):
        text = Text()
        for column in range(80):
            cell = terminal.screen.buffer[row][column]
            style = Style(
                color=None if cell.fg == OWN else _colour(cell.fg),
                bgcolor=None if cell.bg == OWN else _colour(cell.bg),
                bold=cell.bold,
                underline=cell.underscore,
                reverse=cell.reverse,
            )
            text.append(cell.data, style)
        console.print(text, end="\n", soft_wrap=True)
    (PICTURES / f"{name}.svg").write_text(console.export_svg(title="piwizard", unique_id=name))


def _colour(name: str) -> str:
    names = {"brown": "yellow"}
    return f"#{name}" if len(name) == 6 and set(name) <= set("0123456789abcdef") else names.get(name, name)


def walk(pi: Pi, repo: str) -> None:
    """Run the first setup, and take a picture at each page."""
    terminal = Terminal(pi.ssh_argv(("env", "LANG=C.UTF-8", "piwizard"), tty=True))
    terminal.expect("password for alex:")
    terminal.rest()
    terminal.type(f"{pi.password}\r")
    terminal.see("This machine", 60)
    terminal.rest()
    picture(terminal, "welcome")
    terminal.type("\r")
    terminal.see("[ Install ]")
    on(terminal, "App")
    terminal.type("\r")
    terminal.rest()
    terminal.type("myflask\r")
    terminal.rest(1.0)
    terminal.type(f"{repo}\r")
    terminal.see("app:app", 60)
    terminal.rest(1.0)
    picture(terminal, "questions")
    on(terminal, "Site")
    terminal.type("\r")
    terminal.rest()
    terminal.type(f"{quickstart.HOST}\r")
    terminal.rest(1.0)
    terminal.type(ESC)
    terminal.rest(1.0)
    terminal.type("a")
    terminal.see("Install now?", 120)
    terminal.type(DOWN)
    terminal.rest(1.0)
    picture(terminal, "confirm")
    terminal.type("y")
    terminal.see("pip", RUN)
    terminal.rest(0.1)
    picture(terminal, "log")
    terminal.see("Your app is online", RUN)
    terminal.rest()
    picture(terminal, "ending")
    terminal.type("q")
    terminal.expect("Your answers are saved")
    terminal.hang_up()


def main() -> None:
    """Take all pictures."""
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    lab = Lab()
    try:
        lab.git.commit("myflask", sample_app.FILES)
        walk(product.ready_pi(lab, "trixie"), lab.git.url("myflask"))
    finally:
        lab.close()


if __name__ == "__main__":
    main()
