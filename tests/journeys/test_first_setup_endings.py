"""Bring a first setup over SSH to each of its endings, and count the keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import forge as forges
from tests.lab import full_setup, home, sample_app
from tests.lab.eventually import eventually
from tests.lab.first_setup import ENTER, FirstSetup
from tests.lab.forge import Forge
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.pi import Pi

pytestmark = pytest.mark.nightly
FAILING = sample_app.FILES["app.py"].replace('return "It works. "', 'return str(1 / 0) + ""')
MAX_KEYS_TO_CONFIRM = 14


@pytest.fixture
def pi(lab: Lab) -> Iterator[Pi]:
    """Return a Pi with piwizard, in a home with the Internet."""
    made = full_setup.at_home(lab, "trixie")
    yield made
    made.discard()
    home.open_accounts(lab)


@pytest.fixture
def person(pi: Pi) -> Iterator[Person]:
    """Return a user who has logged in for the first time."""
    made = Person(pi)
    assert made.log_in() == "[ Start ]"
    yield made
    made.leave()


def nothing_is_installed(pi: Pi) -> bool:
    """Return whether no run has begun and no file of an app exists."""
    return not list(pi.files.glob("var/log/piwizard/*/events.jsonl")) and not (pi.files / "srv" / "tame").exists()


def test_router_by_hand_is_explained_and_its_first_visit_noticed(lab: Lab, pi: Pi, person: Person) -> None:
    lab.router.upnp(None)
    one = FirstSetup(person)
    one.app(lab.git.url("tame"))
    one.on_the_internet(home.DUCK, home.TOKEN)
    one.install()
    terminal = person.terminal
    terminal.see("One thing left: let visitors through your router", full_setup.RUN)
    assert one.keys <= MAX_KEYS_TO_CONFIRM
    terminal.see("Waiting for that visit", 60)
    shown = "\n".join(terminal.lines)
    for port in ("80", "443"):
        assert any(pi.address in line and line.split()[-1] == port for line in terminal.lines), shown
    for port in (80, 443):
        lab.router.forward(port, pi.address)
    assert lab.internet.visitor.http(home.DUCK).status == 200
    terminal.see("A visitor got in", 60)
    one.press(ENTER)
    terminal.see("Install now?", 90)
    one.press(ENTER)
    terminal.see("Your app is online", full_setup.RUN)
    full_setup.served(lab)


def test_failed_app_continues_with_a_fixed_commit(lab: Lab, pi: Pi, person: Person) -> None:
    lab.git.commit("tame", {**sample_app.FILES, "app.py": FAILING})
    one = FirstSetup(person)
    one.app(lab.git.url("tame"))
    one.at_home()
    one.install()
    terminal = person.terminal
    terminal.see("Your app stopped while starting", full_setup.RUN)
    shown = "\n".join(terminal.lines)
    assert "ZeroDivisionError: division by zero" in shown
    assert "app.py, line 11" in shown
    assert "return str(1 / 0)" in shown
    lab.git.commit("tame", sample_app.FILES)
    terminal.see("Enter try again")
    one.press(ENTER)
    terminal.see("Your app is running at home", full_setup.RUN)
    assert pi.http("/").text == "It works. "


def test_private_repository_is_read_with_a_deploy_key(lab: Lab, pi: Pi, person: Person) -> None:
    forge = Forge(lab, "trixie", "oauth2:nobody-types-this-token")
    try:
        lab.git.commit("tame", sample_app.FILES)
        forge.publish("tame")
        forge.introduce(pi)
        one = FirstSetup(person)
        one.private_app(f"https://{forges.NAME}:{forges.PORT}/tame.git", forge.fingerprint(), forge.allow)
        one.at_home()
        one.install()
        person.terminal.see("Your app is running at home", full_setup.RUN)
        assert pi.http("/").text == "It works. "
    finally:
        forge.pi.discard()


def test_missing_variable_is_asked_for_before_anything_runs(lab: Lab, pi: Pi, person: Person) -> None:
    lab.git.commit("tame", {**sample_app.FILES, "app.py": full_setup.REQUIRING})
    one = FirstSetup(person)
    one.app(lab.git.url("tame"))
    one.settings([])
    one.at_home()
    terminal = person.terminal
    terminal.see("1 answer is missing", 90)
    assert nothing_is_installed(pi)
    one.press(ENTER)
    terminal.see("Settings your app reads")
    one.type(full_setup.APP_SECRET)
    terminal.type("\x12")
    one.install()
    terminal.see("Your app is running at home", full_setup.RUN)
    eventually(lambda: pi.http("/").text == "It works. ")
