"""Set up a site on the pages of the screens, and count the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.lab.person import Person
from tests.lab.terminal import Terminal

ENTER, DOWN = "\r", "\x1b[B"
Look = Callable[[], None]
"""Called when a page is filled in, before the user moves on."""
READY = "Enter continue"
"""What the line of keys says where Enter leads to the next page."""
REPOSITORY_FIELD, SETTINGS_FIELDS = "Git repository  ", "Add another setting"
"""What appears together with the fields, some time after the title of the page, and on no page before."""


def nothing() -> None:
    """Do nothing on a page but what the setup needs."""


class FirstSetup:
    """The pages from Welcome to Install, for a user who reads each before the next key.

    `keys` counts the keys besides typed text.
    """

    def __init__(self, person: Person) -> None:
        self._person = person
        self.keys = 0

    @property
    def terminal(self) -> Terminal:
        """Return the open terminal."""
        return self._person.terminal

    def press(self, key: str) -> None:
        """Press one key, and wait until its effect is drawn."""
        self.terminal.rest(0.5)
        self.keys += 1
        self.terminal.type(key)
        self.terminal.rest(0.5)

    def fill(self, text: str) -> None:
        """Type into the field that has the focus, and wait until it shows the text, or dots instead."""
        self.terminal.rest(0.5)
        dots = self._dots
        self.terminal.type(text)
        shown = self.terminal.wait(lambda: text[-20:] in "\n".join(self.terminal.lines) or self._dots > dots, 60)
        assert shown, "\n".join(self.terminal.lines)
        self.terminal.rest(0.5)

    @property
    def _dots(self) -> int:
        return "\n".join(self.terminal.lines).count("•")

    def type(self, text: str) -> None:
        """Type into the field that has the focus, then press Enter."""
        self.fill(text)
        self.press(ENTER)

    def _next_page(self, look: Look = nothing) -> None:
        self.terminal.see(READY, 90)
        look()
        self.press(ENTER)

    def app(self, repo: str, look: Look = nothing) -> None:
        """Begin on the welcome page, and give the repository."""
        self.press(ENTER)
        self.terminal.see(REPOSITORY_FIELD, 60)
        self.type(repo)
        self.terminal.see("Found in your code", 90)
        self._next_page(look)

    def private_app(self, repo: str, fingerprint: str, allow: Callable[[str], None]) -> None:
        """Give a private repository, compare the fingerprint of its server, and add the deploy key there."""
        self.press(ENTER)
        self.terminal.see(REPOSITORY_FIELD, 60)
        self.type(repo)
        self.terminal.see("Enter give access", 90)
        self.press(ENTER)
        self.terminal.see("Access to a private repository")
        self.terminal.see("Enter trust this server", 60)
        self.terminal.see(fingerprint)
        self.press(ENTER)
        self.terminal.see("to accept the key", 60)
        allow(self._public_key())
        self.terminal.see("accepts the key.", 90)
        self._next_page()
        self.terminal.see("Found in your code", 90)
        self._next_page()

    def _public_key(self) -> str:
        """Return the key as it stands on the page, which breaks its line."""
        lines = [line.strip() for line in self.terminal.lines]
        first = next(number for number, line in enumerate(lines) if line.startswith("ssh-ed25519 "))
        return " ".join("".join(lines[first : lines.index("", first)]).split()[:2])

    def settings(self, values: Sequence[str], look: Look = nothing) -> None:
        """Give the variables that the code requires; keep what is suggested for the others."""
        self.terminal.see(SETTINGS_FIELDS, 60)
        for value in values:
            self.type(value)
        self.terminal.rest(1.0)
        while READY not in "\n".join(self.terminal.lines):
            assert not self.terminal.ended, "the connection was lost"
            self.press(ENTER)
        self._next_page(look)

    def at_home(self) -> None:
        """Choose that only devices at home open the site."""
        self.terminal.see("Who should be able to open", 60)
        self.press(ENTER)
        self._next_page()

    def on_the_internet(self, name: str, token: str, look: Look = nothing) -> None:
        """Choose that everybody can open the site, under a name of DuckDNS."""
        self.terminal.see("Who should be able to open", 60)
        self.press(DOWN)
        self.press(ENTER)
        self.terminal.see("Name  ", 30)
        self.type(name)
        self.terminal.see("DuckDNS token", 30)
        self.type(token)
        self._next_page(look)

    def install(self, look: Look = nothing) -> None:
        """Read the review, and confirm it."""
        self.terminal.see("Ready to install", 90)
        self.terminal.see("Enter install", 30)
        look()
        self.terminal.rest(1.0)  # a key pressed as soon as the review appears is dropped
        self.keys += 1
        self.terminal.type(ENTER)  # the page of the run is never quiet
        self.terminal.see("Installing", 60)
