"""The plug is pulled in a virtual machine: what was not written out is lost, and nothing of what was promised."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import road, tame, virtual
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.virtual import VirtualPi

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(virtual.missing()), reason=f"not installed: {virtual.missing()}"),
]
CHANGE = ("-- ", "   already so: ")
"""How a line begins that is said of a change."""
FURTHER = 3
"""By how many changes each attempt gets further than the one before, until it is cut off too."""
KEPT = "/etc/xdg/piwizard/answers.toml"


@pytest.fixture
def board(lab: Lab, release: str) -> Iterator[VirtualPi]:
    made = VirtualPi(lab, release)
    yield made
    made.discard()


def test_the_page_cache_is_lost(board: VirtualPi) -> None:
    """Else nothing here would be worth anything."""
    board.boot()
    board.run(("sh", "-c", "echo > /root/synced; sync; echo > /root/not-synced"))
    board.power_cut()
    board.boot()
    assert board.run(("ls", "/root")).output == "synced\n"


def test_a_set_up_that_loses_power_again_and_again(lab: Lab, board: VirtualPi) -> None:
    lab.git.commit("powerless", tame.FILES)
    board.boot()
    board.write(road.ANSWERS, tame.answers(lab.git.url("powerless")))
    command: tuple[str, ...] = ("piwizard", "apply", "--answers", road.ANSWERS)
    given: dict[str, Any] = {}
    cuts = 0
    while _cut(board, command, 1 + FURTHER * cuts):
        cuts += 1
        board.boot()
        kept = tomllib.loads(board.run(("cat", KEPT)).output)
        assert kept == (given or kept), "an answer was lost"
        given, command = kept, ("piwizard", "apply")
        assert json.loads(board.run(("piwizard", "status", "--json")).output)["steps"]
    assert cuts > 5
    assert set(road.states(board).values()) == {"done"}
    road.serves(board)
    print(f"{cuts} power cuts")


def _cut(board: VirtualPi, command: tuple[str, ...], change: int) -> bool:
    """Pulls the plug when the command is at its change of that number. False where it came to its end before."""
    seen = 0

    def look(_: str, line: str) -> None:
        nonlocal seen
        seen += line.startswith(CHANGE)
        if seen == change:
            board.power_cut()

    result = board.start(command, on_line=look).wait()
    assert result.ok or seen >= change, result.last_words
    return seen >= change


def test_an_answer_that_is_said_to_be_kept(lab: Lab, board: VirtualPi) -> None:
    lab.git.commit("powerless", tame.FILES)
    url = lab.git.url("powerless")
    board.boot()
    person = Person(board)
    person.log_in(timeout=300)
    person.go_on()
    person.answer("App", {"Name of the site": "myflask", "Git repository": url})
    board.power_cut()
    person.leave()
    board.boot()
    assert tomllib.loads(board.run(("cat", KEPT)).output)["app"]["repo"] == url
