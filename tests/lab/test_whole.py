"""The whole wizard from the screens by keys over SSH: every step, to a page that a visitor gets over HTTPS."""

from __future__ import annotations

import random

from tests.lab import cuts, whole
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.whole import Whole


def test_every_step_by_keys_to_the_last_page(lab: Lab, release: str) -> None:
    pi = whole.at_home(lab, release)
    person = Person(pi)
    one = Whole(lab, person)
    one.go_on()
    assert one.finished
    person.glass.see("https://songuuli2020.duckdns.org/")
    assert one.kept_address, "nobody was asked whether the address shall stay"
    whole.served(lab)
    whole.all_done(pi)
    person.leave()
    pi.discard()


def test_some_cuts_on_the_way(lab: Lab) -> None:
    """A sample of `python -m tests.lab.cuts`."""
    count = cuts.Count()
    cuts.set_up(lab, "trixie", random.Random(5), 5, count)
    assert count.cuts == 5
    assert not count.lost
