"""Which messages a sequence of checks causes, by simulated time."""

from __future__ import annotations

from piwizard.alerts.event import Event
from piwizard.alerts.problem_log import FLAP_SECONDS, Message, Observation, ProblemLog, advance

DOWN = Observation("site-answers/blog", "Site blog answers", "no answer")
FULL = Observation("disk-space", "Free disk space", "3 MiB free")
STEP = 300.0
DAY = 86400.0


class Simulation:
    """Checks every 5 minutes from a start time on; collects the messages."""

    def __init__(self) -> None:
        self.log, self.now = ProblemLog(), 1_800_000_000.0
        self.told: list[Message] = []
        self.changed = 0

    def check(self, *observed: Observation, events: tuple[Event, ...] = (), quiet: bool = False) -> list[str]:
        """Run one check; return the kinds of its messages."""
        before = self.log
        self.log, messages = advance(self.log, observed, events, self.now, quiet=quiet)
        self.changed += self.log != before
        self.told += messages
        self.now += STEP
        return [one.kind for one in messages]

    def wait(self, seconds: float, *observed: Observation) -> list[str]:
        """Check for a while with the same result; return the kinds of all messages."""
        return [kind for _ in range(int(seconds / STEP)) for kind in self.check(*observed)]


def test_month_without_problems_sends_nothing_and_changes_nothing():
    simulation = Simulation()
    assert simulation.wait(30 * DAY) == []
    assert simulation.changed == 0


def test_problem_causes_one_message_and_its_end_another():
    simulation = Simulation()
    assert simulation.check(DOWN) == ["failed"]
    assert simulation.wait(3 * DAY, DOWN) == []
    assert simulation.check() == ["recovered"]
    assert simulation.wait(DAY) == []
    assert not simulation.log.problems
    assert [one.label for one in simulation.told] == ["Site blog answers"] * 2


def test_lasting_problem_changes_the_log_once():
    simulation = Simulation()
    simulation.wait(DAY, DOWN)
    assert simulation.changed == 1


def test_two_problems_cause_a_message_each():
    simulation = Simulation()
    assert simulation.check(DOWN, FULL) == ["failed", "failed"]
    assert simulation.check(FULL) == ["recovered"]


def test_flapping_causes_one_message_until_it_ends():
    simulation = Simulation()
    kinds = [kind for _ in range(200) for kind in (*simulation.check(DOWN), *simulation.check())]
    assert kinds == ["failed", "recovered", "failed", "recovered", "flapping"]
    assert simulation.wait(FLAP_SECONDS + 2 * STEP) == ["recovered"]
    assert simulation.check(DOWN) == ["failed"]


def test_flapping_that_ends_in_failure_causes_a_message():
    simulation = Simulation()
    for _ in range(10):
        simulation.check(DOWN)
        simulation.check()
    assert simulation.wait(FLAP_SECONDS + 2 * STEP, DOWN) == ["failed"]
    assert simulation.check() == ["recovered"]


def test_problem_of_each_day_causes_messages_each_day():
    simulation = Simulation()
    for _ in range(5):
        assert simulation.check(DOWN) == ["failed"]
        assert simulation.check() == ["recovered"]
        assert simulation.wait(DAY) == []


def test_quiet_hours_hold_messages_back():
    simulation = Simulation()
    assert simulation.check(DOWN, quiet=True) == []
    assert simulation.check(DOWN, quiet=True) == []
    assert simulation.check(DOWN) == ["failed"]
    assert simulation.check(quiet=True) == []
    assert simulation.check() == ["recovered"]


def test_problem_within_quiet_hours_causes_no_message():
    simulation = Simulation()
    simulation.check(DOWN, quiet=True)
    simulation.check(quiet=True)
    assert simulation.wait(DAY) == []


def test_notice_of_quiet_hours_is_sent_in_the_morning():
    simulation = Simulation()
    notice = Event("power-lost", "notice", "The Pi lost power")
    assert simulation.check(events=(notice,), quiet=True) == []
    assert simulation.check(quiet=True) == []
    assert simulation.check() == ["notice"]
    assert simulation.check() == []


def test_reported_problem_ends_with_its_report():
    simulation = Simulation()
    failed = Event("deploy-failed", "failed", "Deploy of blog failed", subject="blog")
    other = Event("deploy-failed", "ok", "Deploy of shop", subject="shop")
    assert simulation.check(events=(failed,)) == ["failed"]
    assert simulation.check(events=(failed,)) == []
    assert simulation.check(events=(other,)) == []
    assert simulation.wait(DAY) == []
    ended = Event("deploy-failed", "ok", "Deploy of blog", subject="blog")
    assert simulation.check(events=(ended,)) == ["recovered"]


def test_failure_and_success_reported_together_cause_no_message():
    failed = Event("deploy-failed", "failed", "Deploy of blog failed", subject="blog")
    ended = Event("deploy-failed", "ok", "Deploy of blog", subject="blog")
    assert Simulation().check(events=(failed, ended)) == []


def test_clock_that_jumps_repeats_nothing():
    simulation = Simulation()
    simulation.check(DOWN)
    simulation.now -= 400 * DAY
    assert simulation.wait(DAY, DOWN) == []
    simulation.now += 4000 * DAY
    assert simulation.wait(DAY, DOWN) == []
    assert simulation.check() == ["recovered"]
