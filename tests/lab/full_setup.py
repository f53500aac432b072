"""The whole set-up through the screens, all steps, as often cut off and gone on with as one likes."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import home, http_client, product, quickstart, sample_app
from tests.lab.addresses import NEW
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.person import Answer, Person, Variable
from tests.lab.pi import Pi

APP_SECRET = "k3pt-Quietly-7741-by-the-app"
ANSWERS_FILE, SECRETS_FILE = "etc/xdg/piwizard/answers.toml", "var/lib/piwizard/secrets.json"
RUN = 900.0
"""Seconds that the whole run may take."""
Look = Callable[[], None]


def answers(repo: str) -> dict[str, dict[str, Answer]]:
    """What is given to whom: the questions of each step, by title and label."""
    return {
        "App": {
            "Site name": "myflask",
            "Git repository": repo,
            "Environment variables": (Variable("SECRET_KEY", "generated"), Variable("API_KEY", "hidden", APP_SECRET)),
        },
        "Site": {"Domains": home.DUCK},
        "Dynamic DNS": {"Provider": "duckdns", "Host name": home.DUCK, "Password or token": home.TOKEN},
        "Static address": {"Address": f"{NEW}/24"},
        "Router": {"Port forwarding": "upnp"},
        "DH parameters": {"DH parameters": "ffdhe2048"},
        "Certificate": {"HTTPS": "yes"},
    }


KEYS = {
    "Site name": "site.name",
    "Git repository": "app.repo",
    "Environment variables": "app.env",
    "Domains": "site.domains",
    "Provider": "ddns.provider",
    "Host name": "ddns.hostname",
    "Password or token": "ddns.password",
    "Address": "static_ip.address",
    "Port forwarding": "router.forward",
    "DH parameters": "dhparam.way",
    "HTTPS": "tls.https",
}


def at_home(lab: Lab, release: str) -> Pi:
    """A fresh Pi with piwizard in a home with a router that takes requests; the world outside as it is at first."""
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
    """One set-up by one person, which can be gone on with from wherever it was cut off.

    `arrived` is called when the screens have opened.
    """

    lab: Lab
    person: Person
    arrived: Look = lambda: None
    answered: set[str] = field(default_factory=set)
    """The steps whose questions were gone through."""
    kept_address: bool = False
    finished: bool = False
    """Whether the last page was seen."""

    @property
    def pi(self) -> Pi:
        """The Pi that is set up."""
        return self.person.pi

    def go_on(self) -> None:
        """From a login to the last page, or as far as it gets."""
        if self.pi.address != NEW and eventually(self._where, 60) == NEW:
            self.pi.address = NEW
        opened = self.person.log_in()
        self.arrived()
        if opened == "Keep this address?":
            self._keep()
        else:
            self.person.terminal.type("\r")
        self.person.terminal.see_any(("Web server", "Keep this address?"))
        self.person.terminal.rest(1.0)
        if self._on_trial():
            self._keep()
        if "●" in self.person.signs():
            self._watch()
            return
        if not self._all_done():
            for step, questions in answers(self.lab.git.url("tame")).items():
                if step not in self.answered:
                    self.person.answer(step, questions)
                    self.answered.add(step)
            self._agree()
            self._watch()
            return
        self.person.terminal.type("o")
        self.person.terminal.see("Your app is online", 60)
        self.finished = True

    def lost_by_the_change(self, before: str) -> bool:
        """Whether the line ended because the Pi has left the address at which it answered before."""
        ended = self.person.connected and self.person.terminal.ended
        return ended and before != NEW and NEW in (self.pi.address, eventually(self._where, 60))

    def _all_done(self) -> bool:
        signs = self.person.signs()
        return bool(signs) and set(signs) == {"✓"}

    def _agree(self) -> None:
        """Sets all up, unless that is under way already: a run may have gone on while nobody looked."""
        terminal = self.person.terminal
        terminal.type("\x1b")
        terminal.rest(1.0)
        terminal.type("a")
        terminal.wait(lambda: self._asked() or self._goes_on(), 120)
        match self._asked():
            case "Install now?":
                terminal.type("y")
            case "Nothing to do":
                terminal.type("\x1b")
            case _:
                assert self._goes_on(), "\n".join(terminal.lines)

    def _asked(self) -> str:
        shown = "\n".join(self.person.terminal.lines)
        return next((words for words in ("Install now?", "Nothing to do") if words in shown), "")

    def _goes_on(self) -> bool:
        """Whether a run is seen, or the address has changed under the feet and this terminal shows nothing any more."""
        moved = self.pi.address != NEW and self._answers(NEW)
        return moved or self._on_trial() or "●" in self.person.signs()

    def _on_trial(self) -> bool:
        return "Keep this address?" in "\n".join(self.person.terminal.lines)

    def _keep(self) -> None:
        terminal = self.person.terminal
        terminal.see("Keep this address?")
        terminal.rest()
        terminal.type("k")
        terminal.wait(lambda: not self._on_trial(), 30)
        terminal.rest()
        self.kept_address = True

    def _watch(self) -> None:
        """Looks on until the last page. Where the address changes under the feet, comes back at the new one."""
        waited = 0.0
        while True:
            terminal = self.person.terminal
            if terminal.wait(lambda: "Your app is online" in "\n".join(terminal.lines) or self._on_trial(), 2.0):  # noqa: B023
                if not self._on_trial():
                    self.finished = True
                    return
                self._keep()
            elif self.pi.address != NEW and self._answers(NEW):
                self.pi.address = NEW
                opened = self.person.log_in(greeting=f"This Pi is trying the address {NEW}" * (not self.kept_address))
                self.arrived()
                terminal = self.person.terminal
                if opened == "Keep this address?":
                    self._keep()
                if "Enter continue" in "\n".join(terminal.lines):
                    terminal.type("\r")
                    terminal.rest()
            elif terminal.ended:
                raise AssertionError("the end came before the last page:\n" + "\n".join(terminal.lines))
            waited += 2.0
            shown = "\n".join(terminal.lines)
            assert waited < RUN, shown
            assert "✗" not in self.person.signs(), shown

    def _where(self) -> str:
        """The address at which the Pi answers."""
        found = next((one for one in (self.pi.address, NEW) if self._answers(one)), "")
        assert found, "it does not answer"
        return found

    def _answers(self, address: str) -> bool:
        return http_client.listening(self.lab.network.laptop.path, address, 22)


def kept(pi: Pi) -> dict[str, Any]:
    """All answers on the Pi's disk, with keys as "table.key"."""
    path = pi.files / ANSWERS_FILE
    found = tomllib.loads(path.read_text()) if path.exists() else {}
    return {f"{table}.{key}": value for table, values in found.items() for key, value in values.items()}


def secrets(pi: Pi) -> str:
    """What is kept where only root reads it."""
    path = pi.files / SECRETS_FILE
    return path.read_text() if path.exists() else ""


def lost_answers(pi: Pi, told: Mapping[str, Answer]) -> list[str]:
    """Those of the answers that the screens have said are kept and that are not, or not as they were given."""
    there, hidden, lost = kept(pi), secrets(pi), []
    for label, given in told.items():
        found = there.get(KEYS[label])
        match given:
            case tuple():
                right = isinstance(found, dict) and set(found) == {each.name for each in given} and APP_SECRET in hidden
            case home.TOKEN:
                right = found == {"asked": True} and home.TOKEN in hidden
            case "yes":
                right = found is True
            case _:
                right = found in (given, [given])
        if not right:
            lost.append(f"{label}: {found!r}")
    return lost


class Records:
    """The records of a Pi's runs, looked at from outside again and again: what was there once has to stay."""

    def __init__(self, pi: Pi) -> None:
        self._folder = pi.files / "var/log/piwizard"
        self._before: dict[Path, bytes] = {}

    def lost(self) -> list[str]:
        """What is gone since the last look, or cannot be read."""
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
        """The events of each run, by its name."""
        return {path.parent.name: [json.loads(line) for line in content.splitlines()]
                for path, content in self._before.items()}  # fmt: skip


def incomplete(run: str, events: list[dict[str, Any]]) -> list[str]:
    """What a finished run's record lacks."""
    lost = []
    kinds = [event["event"] for event in events]
    if (kinds[0], kinds[-1]) != ("apply-started", "apply-finished"):
        lost.append(f"{run}: from {kinds[0]} to {kinds[-1]}")
    for begun, ended in (("command-started", "command-finished"), ("run-started", "run-finished")):
        if kinds.count(begun) != kinds.count(ended):
            lost.append(f"{run}: {kinds.count(begun)} {begun}, {kinds.count(ended)} {ended}")
    return lost


def printed(runs: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """What the commands of each step have printed in its last run, line by line."""
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
    """The first line that a step's log does not show, in its place."""
    rest = iter(shown.splitlines())
    for line in lines:
        words = line.rstrip("\r").rpartition("\r")[2].strip()  # what stays on a line that is written over
        if not any(words in one for one in rest):
            return [f"the log of {step}: {words!r}"]
    return []


def served(lab: Lab) -> None:
    """Asserts that a visitor far away gets the page over HTTPS, and is sent there."""
    page = lab.internet.visitor.http(home.DUCK, scheme="https")
    assert (page.status, page.text) == (200, "It works. ")
    sent = lab.internet.visitor.http(home.DUCK)
    assert (sent.status, sent.headers["location"]) == (301, f"https://{home.DUCK}/")


def all_done(pi: Pi) -> None:
    """Asserts that every step is done."""
    found = {one["step"]: one["state"] for one in quickstart.said(pi.run(("piwizard", "status", "--json")))["steps"]}
    assert set(found.values()) == {"done"}, found
