"""Cut a virtual machine's power, and check that no promised data is lost."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.lab import quickstart, sample_app, virtual
from tests.lab.first_setup import FirstSetup
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.virtual import VirtualPi

pytestmark = pytest.mark.skipif(bool(virtual.missing()), reason=f"not installed: {virtual.missing()}")
EACH = 4
"""Each attempt loses power at this one of its changes; those before it are complete."""
MAX_POWER_CUTS = 40
"""Maximum attempts for one setup."""
DAYS = 3
KEPT = "/etc/xdg/piwizard/answers.toml"


@pytest.fixture
def board(lab: Lab, release: str) -> Iterator[VirtualPi]:
    made = VirtualPi(lab, release)
    yield made
    made.discard()


def test_power_cut_loses_the_page_cache(board: VirtualPi) -> None:
    """Check that data in the page cache is lost, on which the other tests rely."""
    board.boot()
    board.run(("sh", "-c", "echo > /root/synced; sync; echo > /root/not-synced"))
    board.power_cut()
    board.boot()
    assert board.run(("ls", "/root")).output == "synced\n"


def test_setup_completes_despite_repeated_power_cuts(lab: Lab, board: VirtualPi) -> None:
    lab.git.commit("powerless", sample_app.FILES)
    board.boot()
    board.write(quickstart.ANSWERS, sample_app.answers(lab.git.url("powerless")))
    command: tuple[str, ...] = ("piwizard", "apply", "--answers", quickstart.ANSWERS)
    given: dict[str, Any] = {}
    cuts = 0
    while _loses_power(board, command):
        cuts += 1
        board.boot()
        kept = tomllib.loads(board.run(("cat", KEPT)).output)
        assert kept == (given or kept), "an answer was lost"
        given, command = kept, ("piwizard", "apply")
        assert json.loads(board.run(("piwizard", "status", "--json")).output)["steps"]
        assert cuts < MAX_POWER_CUTS
    assert cuts > 5
    assert set(quickstart.states(board).values()) == {"done"}
    quickstart.serves(board)
    print(f"{cuts} power cuts")


def _loses_power(board: VirtualPi, command: tuple[str, ...]) -> bool:
    """Cut the power during a command. Return False if the command had ended before."""
    seen = 0

    def cut_after_some_events(_: str, line: str) -> None:
        nonlocal seen
        seen += line.startswith("-- ")
        if seen == EACH:
            board.power_cut()

    result = board.start(command, on_line=cut_after_some_events).wait()
    assert result.ok or seen >= EACH, result.last_lines
    return seen >= EACH


def test_setup_completes_after_the_clock_went_back(board: VirtualPi) -> None:
    """Set the clock back: a Pi without a network continues from its last known time."""
    board.boot()
    board.run(("piwizard", "apply", "nginx"))
    board.power_cut()
    board.boot(clock=datetime.now(UTC) - timedelta(days=DAYS))
    board.run(("sed", "-i", "s/server_tokens off/server_tokens on/", "/etc/nginx/nginx.conf"))
    board.run(("piwizard", "apply", "nginx", "--yes"))
    events = [json.loads(line) for line in board.run(("piwizard", "logs", "--json")).output.splitlines()]
    at = datetime.fromisoformat(events[0]["at"])
    assert at < datetime.now(UTC) - timedelta(days=DAYS - 1), "another run than the last is shown"
    assert events[-1]["result"] == "done"
    assert quickstart.states(board)["nginx"] == "done"


def test_saved_answer_survives_a_power_cut(lab: Lab, board: VirtualPi) -> None:
    lab.git.commit("powerless", sample_app.FILES)
    url = lab.git.url("powerless")
    board.boot()
    person = Person(board)
    person.log_in(timeout=300)
    FirstSetup(person).app(url)
    board.power_cut()
    person.leave()
    board.boot()
    assert tomllib.loads(board.run(("cat", KEPT)).output)["app"]["repo"] == url
