"""Set up a site on the Internet on the pages of the screens, cut and resumed any number of times."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import home, product, quickstart, sample_app
from tests.lab.first_setup import ENTER, READY, REPOSITORY_FIELD, FirstSetup
from tests.lab.lab import Lab
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.person import Person
from tests.lab.pi import Pi
from tests.lab.terminal import Terminal

APP_SECRET = "k3pt-Quietly-7741-by-the-app"
REQUIRING = sample_app.FILES["app.py"].replace("import os\n", "import os\n\nKEY = os.environ['API_KEY']\n", 1)
"""The sample app, which does not start without API_KEY."""
ANSWERS_FILE, SECRETS_FILE = "etc/xdg/piwizard/answers.toml", "var/lib/piwizard/secrets.json"
RUN = 900.0
"""Maximum seconds for the whole run."""
CLEAR = "\x05\x15"
"""Go to the end of the line, and clear it."""
CODE, SETTINGS, ADDRESS, REVIEW = (
    "Where is your code?",
    "Settings your app reads",
    "Who should be able to open",
    "Ready to install",
)
RUNNING, DONE = "Installing", "Your app is online"
EMPTY_CODE = "piwizard reads the code and finds out"
"""What the page of the code says while it knows no repository."""
OF_THE_ADDRESS = {
    "site.domains": [home.DUCK],
    "ddns.hostname": home.DUCK,
    "ddns.provider": "duckdns",
    "ddns.password": {"asked": True},
    "tls.https": True,
}
"""The answers that follow from the page of the address."""


def answers(repo: str) -> dict[str, Any]:
    """Return all answers of the setup by their keys."""
    return {"app.repo": repo, "app.env": {"API_KEY": {"asked": True}}, **OF_THE_ADDRESS}


def at_home(lab: Lab, release: str) -> Pi:
    """Boot a Pi with piwizard in a home with UPnP, and reset the simulated Internet."""
    assert lab.internet.acme.root
    home.open_accounts(lab)
    lab.router.upnp(MiniUpnpd)
    lab.git.commit("tame", sample_app.FILES)
    for server in (lab.internet.acme.production, lab.internet.acme.staging):
        server.relent()
    pi = product.ready_pi(lab, release)
    lab.internet.trust(pi)
    return pi


@dataclass
class FullSetup:
    """One setup by one user, who can resume it from any point where it was cut."""

    lab: Lab
    person: Person
    saved: set[str] = field(default_factory=set)
    """The keys of the answers of pages that the user has left."""
    finished: bool = False
    """Whether the last page was shown."""

    @property
    def pi(self) -> Pi:
        """Return the Pi that is set up."""
        return self.person.pi

    @property
    def terminal(self) -> Terminal:
        """Return the open terminal."""
        return self.person.terminal

    @property
    def _shown(self) -> str:
        return "\n".join(self.terminal.lines)

    def resume(self) -> None:
        """Continue from a login to the last page, or until the connection is lost."""
        self.person.log_in()
        one = FirstSetup(self.person)
        self.terminal.rest(2.0)  # a run takes the place of the overview
        if "[ Start ]" in self._shown:
            one.press(ENTER)
        elif RUNNING not in self._shown:
            self._open_site(one)
        while not self.finished:
            page = self.terminal.see_any((CODE, SETTINGS, ADDRESS, REVIEW, RUNNING, DONE), RUN)
            self._fill_in(page, one)
            assert self.terminal.wait(lambda: page not in self._shown or self.finished, 90), self._shown  # noqa: B023

    def _open_site(self, one: FirstSetup) -> None:
        """Open the setup from the overview, unless a run takes its place; notice a site that is online."""
        page = self.terminal.see_any((RUNNING, DONE, "d deploy", "Press Enter to set up an app"), 60)
        if page in (RUNNING, DONE):
            return
        if page != "d deploy":
            one.press(ENTER)
        elif "online" in self._shown:
            self.finished = True
        else:
            one.press("d")

    def _fill_in(self, page: str, one: FirstSetup) -> None:
        if page == CODE:
            self._give_code(one)
            self.saved.add("app.repo")
            one.press(ENTER)
        elif page == SETTINGS:
            one.settings([APP_SECRET])
            self.saved.add("app.env")
        elif page == ADDRESS:
            self._give_address(one)
            self.terminal.see(REVIEW, 120)
            self.saved |= OF_THE_ADDRESS.keys()
        elif page == REVIEW:
            one.install()
        elif page == RUNNING:
            self.terminal.see(DONE, RUN)
        else:
            self.finished = True

    def _give_code(self, one: FirstSetup) -> None:
        repo = self.lab.git.url("tame")
        self.terminal.see(REPOSITORY_FIELD, 60)
        if self.terminal.see_any((repo, EMPTY_CODE), 60) != repo:
            self.terminal.type(CLEAR)
            self.terminal.rest(0.5)  # in one burst, Textual clears only after the letters
            one.type(repo)
        self.terminal.see("Found in your code", 90)
        self.terminal.see(READY, 90)

    def _give_address(self, one: FirstSetup) -> None:
        self.terminal.rest(1.0)
        if home.DUCK not in self._shown:
            one.on_the_internet(home.DUCK, home.TOKEN)
            return
        self.terminal.see("DuckDNS token", 30)
        if not self.terminal.wait(lambda: READY in self._shown, 3.0):
            one.type(home.TOKEN)
        self.terminal.see(READY, 90)
        one.press(ENTER)


def kept(pi: Pi) -> dict[str, Any]:
    """Return all answers on the Pi's disk, with keys as "table.key"."""
    path = pi.files / ANSWERS_FILE
    found = tomllib.loads(path.read_text()) if path.exists() else {}
    return {f"{table}.{key}": value for table, values in found.items() for key, value in values.items()}


def secrets(pi: Pi) -> str:
    """Return the secrets, which only root can read."""
    path = pi.files / SECRETS_FILE
    return path.read_text() if path.exists() else ""


def lost_answers(pi: Pi, wanted: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """Return those of the wanted answers that are not saved."""
    there, hidden = kept(pi), secrets(pi)
    lost = [f"{key}: {there.get(key)!r}" for key in keys if there.get(key) != wanted[key]]
    for key, secret in (("app.env", APP_SECRET), ("ddns.password", home.TOKEN)):
        if key in keys and secret not in hidden:
            lost.append(f"{key}: its secret")
    return lost


class Records:
    """The run logs of a Pi, read again and again: an event must never disappear."""

    def __init__(self, pi: Pi) -> None:
        self._folder = pi.files / "var/log/piwizard"
        self._before: dict[Path, bytes] = {}

    def lost(self) -> list[str]:
        """Return what has disappeared since the last call, or cannot be read."""
        lost = []
        now = {path: path.read_bytes() for path in sorted(self._folder.glob("*/events.jsonl"))}
        for path, content in self._before.items():
            if not now.get(path, b"").startswith(content):
                lost.append(f"{path.parent.name}: what was recorded is gone")
        for path, content in now.items():
            for line in content.split(b"\n")[:-1]:
                try:
                    json.loads(line)
                except ValueError:
                    lost.append(f"{path.parent.name}: {line[:80]!r} cannot be read")
        self._before = now
        return lost

    def runs(self) -> dict[str, list[dict[str, Any]]]:
        """Return the events of each run, by its name."""
        return {path.parent.name: [json.loads(line) for line in content.splitlines()]
                for path, content in self._before.items()}  # fmt: skip


def incomplete(run: str, events: list[dict[str, Any]]) -> list[str]:
    """Return what the log of a finished run lacks."""
    lost = []
    kinds = [event["event"] for event in events]
    if (kinds[0], kinds[-1]) != ("apply-started", "apply-finished"):
        lost.append(f"{run}: from {kinds[0]} to {kinds[-1]}")
    for begun, ended in (("command-started", "command-finished"), ("run-started", "run-finished")):
        if kinds.count(begun) != kinds.count(ended):
            lost.append(f"{run}: {kinds.count(begun)} {begun}, {kinds.count(ended)} {ended}")
    return lost


def printed(runs: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """Return the output of each step's commands in its last run, line by line."""
    found: dict[str, list[str]] = {}
    for _, events in sorted(runs.items()):
        step = ""
        for event in events:
            if event["event"] == "run-started":
                step, found[event["step"]] = event["step"], []
            elif event["event"] == "output" and step:
                found[step].append(str(event["text"]))
    return found


def hidden(step: str, lines: list[str], shown: str) -> list[str]:
    """Return the first line that is missing in the log that a step shows."""
    rest = iter(shown.splitlines())
    for line in lines:
        words = line.rstrip("\r").rpartition("\r")[2].strip()  # the rest of a line that is overwritten
        if not any(words in one for one in rest):
            return [f"the log of {step}: {words!r}"]
    return []


def served(lab: Lab) -> None:
    """Assert that a remote visitor gets the page over HTTPS, and is redirected to it."""
    page = lab.internet.visitor.http(home.DUCK, scheme="https")
    assert (page.status, page.text) == (200, "It works. ")
    sent = lab.internet.visitor.http(home.DUCK)
    assert (sent.status, sent.headers["location"]) == (301, f"https://{home.DUCK}/")


def all_done(pi: Pi) -> None:
    """Assert that every step is done that has its answers."""
    assert set(quickstart.states(pi).values()) == {"done"}, quickstart.states(pi)
