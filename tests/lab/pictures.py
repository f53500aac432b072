"""Pictures of the screens for docs/ and README: a first set-up on a Pi of the lab, over SSH, as it looks.

    python -m tests.lab.pictures

Writes docs/pictures/*.svg.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.lab import product, road, tame
from tests.lab.lab import Lab
from tests.lab.pi import Pi
from tests.lab.test_screens import DOWN, ESC, RUN, on
from tests.screens.glass import Glass

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
OWN = "default"
"""What pyte calls a colour of the terminal's own."""


def picture(glass: Glass, name: str) -> None:
    """What is on the glass, as a picture."""
    console = Console(record=True, width=80, height=24, file=io.StringIO(), force_terminal=True)
    for row in range(24):
        text = Text()
        for column in range(80):
            cell = glass.screen.buffer[row][column]
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
    """The first set-up, with a picture at each turn."""
    glass = Glass(pi.ssh_argv(("env", "LANG=C.UTF-8", "piwizard"), tty=True))
    glass.expect("password for alex:")
    glass.rest()
    glass.type(f"{pi.password}\r")
    glass.see("This machine", 60)
    glass.rest()
    picture(glass, "welcome")
    glass.type("\r")
    glass.see("Set this up")
    on(glass, "App")
    glass.type("\r")
    glass.rest()
    glass.type("myflask\r")
    glass.rest(1.0)
    glass.type(f"{repo}\r")
    glass.see("app:app", 60)
    glass.rest(1.0)
    picture(glass, "questions")
    on(glass, "Site")
    glass.type("\r")
    glass.rest()
    glass.type(f"{road.HOST}\r")
    glass.rest(1.0)
    glass.type(ESC)
    glass.rest(1.0)
    glass.type("a")
    glass.see("Shall this be done?", 120)
    glass.type(DOWN)
    glass.rest(1.0)
    picture(glass, "confirm")
    glass.type("y")
    glass.see("pip", RUN)
    glass.rest(0.1)
    picture(glass, "log")
    glass.see("All is set up", RUN)
    glass.rest()
    picture(glass, "ending")
    glass.type("q")
    glass.expect("Your answers are kept")
    glass.hang_up()


def main() -> None:
    """All of them."""
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    lab = Lab()
    try:
        lab.git.commit("myflask", tame.FILES)
        walk(product.ready_pi(lab, "trixie"), lab.git.url("myflask"))
    finally:
        lab.close()


if __name__ == "__main__":
    main()
