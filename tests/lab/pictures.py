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

from tests.lab import full_setup, home, sample_app
from tests.lab.first_setup import FirstSetup
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.pi import Pi
from tests.lab.terminal import Terminal

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


def walk(lab: Lab, pi: Pi) -> None:
    """Set up a site on the Internet, and take a picture of each page."""
    person = Person(pi)
    person.log_in()
    terminal = person.terminal
    terminal.see("About ", 60)
    one = FirstSetup(person)

    def take(name: str) -> None:
        terminal.rest()
        picture(terminal, name)

    take("welcome")
    one.app(lab.git.url("photos"), look=lambda: take("your-app"))
    one.settings(["3f1b-sample-key"], look=lambda: take("settings"))
    one.on_the_internet(home.DUCK, home.TOKEN, look=lambda: take("address"))
    one.install(look=lambda: take("review"))
    terminal.see("● Your app", RUN)
    picture(terminal, "install")
    terminal.see("Your app is online", RUN)
    terminal.wait(lambda: "Opened from this Pi" in "\n".join(terminal.lines), 30)
    take("done")
    terminal.type("\r")
    terminal.see("Add a site", 60)
    terminal.rest(5.0)
    take("overview")
    terminal.type("q")
    terminal.expect("Your answers are saved")
    person.leave()


def main() -> None:
    """Take all pictures."""
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    lab = Lab()
    try:
        code = sample_app.FILES["app.py"].replace(
            "import os\n", "import os\n\nKEY = os.environ['WEATHER_API_KEY']\n", 1
        )
        pi = full_setup.at_home(lab, "trixie")
        lab.git.commit("photos", {**sample_app.FILES, "app.py": code})
        walk(lab, pi)
    finally:
        lab.close()


if __name__ == "__main__":
    main()
