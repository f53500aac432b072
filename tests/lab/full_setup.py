"""Set up all steps through the screens, cut and resumed any number of times."""

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
"""Maximum seconds for the whole run."""
Look = Callable[[], None]


def answers(repo: str) -> dict[str, dict[str, Answer]]:
    """Return the answers to each step's questions, by title and label."""
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
    """One setup by one user, who can resume it from any point where it was cut.

    `arrived` is called when the screens have opened.
    """

    lab: Lab
    person: Person
    arrived: Look = lambda: None
    answered: set[str] = field(default_factory=set)
    """The steps whose questions are answered."""
    kept_address: bool = False
    finished: bool = False
    """Whether the last page was shown."""

    @property
    def pi(self) -> Pi:
        """Return the Pi that is set up."""
        return self.person.pi

    def resume(self) -> None:
        """Continue from a login to the last page, or until the connection is lost."""
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
        if "●" in self.person.marks():
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
        """Return whether the connection ended because the Pi has changed its address."""
        ended = self.person.connected and self.person.terminal.ended
        return ended and before != NEW and NEW in (self.pi.address, eventually(self._where, 60))

    def _all_done(self) -> bool:
        marks = self.person.marks()
        return bool(marks) and set(marks) == {"✓"}

    def _agree(self) -> None:
        """Apply the changes, unless a run is in progress."""
        terminal = self.person.terminal
        terminal.type("\x1b")
        terminal.rest(1.0)
        terminal.type("a")
        terminal.wait(lambda: self._asked() or self._is_running(), 120)
        match self._asked():
            case "Install now?":
                terminal.type("y")
            case "Nothing to do":
                terminal.type("\x1b")
            case _:
                assert self._is_running(), "\n".join(terminal.lines)

    def _asked(self) -> str:
        shown = "\n".join(self.person.terminal.lines)
        return next((words for words in ("Install now?", "Nothing to do") if words in shown), "")

    def _is_running(self) -> bool:
        """Return whether a run is shown, or the address has changed.

        After a change this terminal shows nothing more.
        """
        moved = self.pi.address != NEW and self._answers(NEW)
        return moved or self._on_trial() or "●" in self.person.marks()

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
        """Watch until the last page. Log in again if the address changes."""
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
            assert "✗" not in self.person.marks(), shown

    def _where(self) -> str:
        """Return the address at which the Pi answers."""
        found = next((one for one in (self.pi.address, NEW) if self._answers(one)), "")
        assert found, "it does not answer"
        return found

    def _answers(self, address: str) -> bool:
        return http_client.listening(self.lab.network.laptop.path, address, 22)


def kept(pi: Pi) -> dict[str, Any]:
    """Return all answers on the Pi's disk, with keys as "table.key"."""
    path = pi.files / ANSWERS_FILE
    found = tomllib.loads(path.read_text()) if path.exists() else {}
    return {f"{table}.{key}": value for table, values in found.items() for key, value in values.items()}


def secrets(pi: Pi) -> str:
    """Return the secrets, which only root can read."""
    path = pi.files / SECRETS_FILE
    return path.read_text() if path.exists() else ""


def lost_answers(pi: Pi, saved: Mapping[str, Answer]) -> list[str]:
    """Return answers that the screens reported as saved but that are not."""
    there, hidden, lost = kept(pi), secrets(pi), []
    for label, given in saved.items():
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
    """Assert that every step is done."""
    found = {one["step"]: one["state"] for one in quickstart.said(pi.run(("piwizard", "status", "--json")))["steps"]}
    assert set(found.values()) == {"done"}, found
