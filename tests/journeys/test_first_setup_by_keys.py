"""Set up an app on the pages of the screens over SSH: at home, and over HTTPS."""

from __future__ import annotations

import json
import random

import pytest

from tests.lab import cuts, full_setup, home, sample_app, secret_scan
from tests.lab.first_setup import FirstSetup
from tests.lab.full_setup import APP_SECRET
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.pi import Pi
from tests.lab.secret_scan import Leak, Watch

VAULT, SETTINGS, CLIENT = "/var/lib/piwizard/secrets.json", "/srv/tame/app.env", "/etc/ddclient.conf"
MAX_KEYS_AT_HOME, MAX_KEYS_ON_THE_INTERNET = 8, 14


@pytest.mark.nightly
def test_home_site_is_set_up_with_few_keys(lab: Lab) -> None:
    """Bring an app to its page at home; count the keys from Welcome to the installation."""
    pi = full_setup.at_home(lab, "trixie")
    person = Person(pi)
    assert person.log_in() == "[ Start ]"
    one = FirstSetup(person)
    one.app(lab.git.url("tame"))
    one.at_home()
    one.install()
    person.terminal.see("Your app is running at home", full_setup.RUN)
    assert one.keys <= MAX_KEYS_AT_HOME
    assert pi.http("/").text == "It works. "
    person.leave()
    pi.discard()


@pytest.mark.parametrize("variant", ["trixie", pytest.param("bookworm", marks=pytest.mark.nightly)])
def test_setup_on_the_internet_by_keys_leaks_no_secret(lab: Lab, variant: str) -> None:
    """Bring an app online over HTTPS through the screens, and search for its secrets everywhere."""
    pi = full_setup.at_home(lab, variant)
    lab.git.commit("tame", {**sample_app.FILES, "app.py": full_setup.REQUIRING})
    watch, person = Watch(pi), Person(pi)
    one = FirstSetup(person)
    try:
        assert person.log_in() == "[ Start ]"
        one.app(lab.git.url("tame"))
        one.settings([APP_SECRET])
        one.on_the_internet(home.DUCK, home.TOKEN)
        one.install()
        person.terminal.see("Your app is online", full_setup.RUN)
    finally:
        watch.end()
    assert one.keys <= MAX_KEYS_ON_THE_INTERNET
    person.terminal.see(f"https://{home.DUCK}")
    full_setup.served(lab)
    person.leave()
    _no_secret_is_seen(pi, watch, person)
    pi.discard()


def _no_secret_is_seen(pi: Pi, watch: Watch, person: Person) -> None:
    """Assert that only piwizard, the DDNS client and the app can see the secrets."""
    (made_up,) = set(_leaves(json.loads(pi.read(VAULT)))) - {home.TOKEN, APP_SECRET}
    secrets = {"token": home.TOKEN, "given to the app": APP_SECRET, "made up": made_up}
    app = int(pi.run(("id", "-u", "tame")).output)
    journal = pi.run(("journalctl", "--all", "--no-pager", "--output=export")).output.encode()
    found = {
        *secret_scan.of_files(pi, secrets),
        *secret_scan.of_processes(watch, secrets),
        *secret_scan.of_text("journal", journal, secrets),
        *secret_scan.of_text("terminal", person.shown, secrets),
    }
    names = ("given to the app", "made up")
    of_app = {Leak(name, place) for name in names for place in (VAULT, SETTINGS)}
    in_app = {leak for leak in found if leak.place.endswith(f" of user {app}")}
    assert {leak.secret for leak in in_app} == set(names)
    assert found - in_app == {Leak("token", VAULT), Leak("token", CLIENT)} | of_app
    assert len(watch.seen) > 200, "the kernel has reported too few programs"


def _leaves(tree: object) -> list[str]:
    """Return the texts of nested tables."""
    if isinstance(tree, dict):
        return [text for branch in tree.values() for text in _leaves(branch)]
    return [tree] if isinstance(tree, str) else []


@pytest.mark.nightly
def test_lost_connections_lose_no_answers(lab: Lab) -> None:
    """Try a sample of `python -m tests.lab.cuts`."""
    count = cuts.Count()
    cuts.set_up(lab, "trixie", random.Random(5), 5, count)
    assert count.cuts == 5
    assert not count.lost
