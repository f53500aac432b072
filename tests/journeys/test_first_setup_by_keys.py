"""Run the whole setup in the screens over SSH, up to a page over HTTPS."""

from __future__ import annotations

import json
import random

import pytest

from tests.lab import cuts, full_setup, home, secret_scan
from tests.lab.full_setup import APP_SECRET, FullSetup
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.pi import Pi
from tests.lab.secret_scan import Leak, Watch

VAULT, SETTINGS, CLIENT = "/var/lib/piwizard/secrets.json", "/srv/myflask/app.env", "/etc/ddclient.conf"


@pytest.mark.parametrize("variant", ["trixie", pytest.param("bookworm", marks=pytest.mark.nightly)])
def test_full_setup_by_keys_leaks_no_secret(lab: Lab, variant: str) -> None:
    """Bring an app online through the screens, and search for its secrets everywhere."""
    pi = full_setup.at_home(lab, variant)
    watch, person = Watch(pi), Person(pi)
    one = FullSetup(lab, person)
    try:
        one.resume()
    finally:
        watch.end()
    assert one.finished
    person.terminal.see(f"https://{home.DUCK}/")
    assert one.kept_address, "the address was not confirmed"
    full_setup.served(lab)
    full_setup.all_done(pi)
    person.leave()
    _no_secret_is_seen(pi, watch, person)
    pi.discard()


def _no_secret_is_seen(pi: Pi, watch: Watch, person: Person) -> None:
    """Assert that only piwizard, the DDNS client and the app can see the secrets."""
    (made_up,) = set(_leaves(json.loads(pi.read(VAULT)))) - {home.TOKEN, APP_SECRET}
    secrets = {"token": home.TOKEN, "given to the app": APP_SECRET, "made up": made_up}
    app = int(pi.run(("id", "-u", "myflask")).output)
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
