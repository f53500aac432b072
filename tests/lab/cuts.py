"""Cut SSH at random moments of whole setups; report what is lost.


    python -m tests.lab.cuts --cuts 100 --seed 1 [--release bookworm]

Runs as many setups as it needs. Prints each cut with what was lost; the last line is the total, and the exit code is 1
if anything was lost. A connection is cut in one of three ways: ssh is killed, sshd's process on the Pi is killed, or
the cable is unplugged while ssh ends, so that the Pi does not notice and the old screens stay open beside the new ones.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass, field

from tests.lab import full_setup, sample_app
from tests.lab.eventually import eventually
from tests.lab.full_setup import FullSetup, Records
from tests.lab.lab import Lab
from tests.lab.person import Person

KINDS = ("ssh killed", "ssh killed", "sshd killed", "cable out")
LONGEST = 24.0
"""Maximum seconds from a login to the cut."""
SHORT = 0.4
"""Seconds that the cable is unplugged: every download survives that long."""


class Scissors:
    """One cut of a person's connection after some seconds, unless it is cancelled."""

    def __init__(self, person: Person, kind: str, seconds: float) -> None:
        self._person, self._kind = person, kind
        self.words = f"{kind} after {seconds:.1f} s"
        self.cut = threading.Event()
        self._timer = threading.Timer(seconds, self._snap)
        self._timer.start()

    def put_away(self) -> None:
        """Cancel the cut."""
        self._timer.cancel()
        self._timer.join()

    def _snap(self) -> None:
        if not self._person.connected:  # the user is logging in
            return
        pi, terminal = self._person.pi, self._person.terminal
        self.cut.set()
        match self._kind:
            case "sshd killed":
                pi.run(("pkill", "-KILL", "-u", pi.user, "-f", "^sshd"), check=False)
                os.kill(terminal.pid, signal.SIGKILL)
            case "cable out":
                pi.cut_network()
                os.kill(terminal.pid, signal.SIGKILL)
                time.sleep(SHORT)
                pi.plug_network()
            case _:
                os.kill(terminal.pid, signal.SIGKILL)


@dataclass
class Count:
    """What was tried, and what was lost."""

    cuts: int = 0
    setups: int = 0
    answers: int = 0
    events: int = 0
    lines: int = 0
    lost: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts in {self.setups} set-ups; {self.answers} answers, {self.events} events and "
            f"{self.lines} log lines looked for; lost: {len(self.lost)}"
        )


def set_up(lab: Lab, release: str, chance: random.Random, cuts: int, count: Count) -> None:
    """Run one whole setup with cuts at random moments; count the losses."""
    pi = full_setup.at_home(lab, release)
    lab.git.commit("tame", {**sample_app.FILES, "app.py": full_setup.REQUIRING})
    wanted = full_setup.answers(lab.git.url("tame"))
    person, records = Person(pi), Records(pi)
    one, found = FullSetup(lab, person), set[str]()
    while True:
        scissors = Scissors(person, chance.choice(KINDS), chance.uniform(0.0, LONGEST)) if count.cuts < cuts else None
        failure: AssertionError | OSError | None = None
        try:
            one.resume()
        except (AssertionError, OSError) as error:
            failure = error
        if scissors is not None:
            scissors.put_away()
        person.leave()
        lost = [*full_setup.lost_answers(pi, wanted, one.saved), *records.lost()]
        if scissors is not None and scissors.cut.is_set():
            count.cuts += 1
            _tell(count, scissors, lost)
        found |= set(lost)
        if failure is None and one.finished:
            break
        if failure is not None and not (scissors and scissors.cut.is_set()):
            raise failure
    count.setups += 1
    found |= set(_at_the_end(lab, one, records, count))
    count.lost += sorted(found)
    pi.discard()


def _at_the_end(lab: Lab, one: FullSetup, records: Records, count: Count) -> list[str]:
    """Return what is lost when every old screen has noticed its disconnection."""
    pi = one.pi
    pi.run(("pkill", "-u", pi.user, "-f", "^sshd"), check=False)
    eventually(lambda: _no_screens_left(one))
    wanted = full_setup.answers(lab.git.url("tame"))
    lost = [*full_setup.lost_answers(pi, wanted, wanted), *records.lost()]
    for run, events in records.runs().items():
        lost += full_setup.incomplete(run, events)
        count.events += len(events)
    for step, lines in full_setup.printed(records.runs()).items():
        lost += full_setup.hidden(step, lines, pi.run(("piwizard", "logs", step)).output)
        count.lines += len(lines)
    count.answers += len(wanted)
    full_setup.served(lab)
    full_setup.all_done(pi)
    return lost


def _no_screens_left(one: FullSetup) -> None:
    assert not one.pi.run(("pgrep", "-u", one.pi.user, "-f", "piwizard"), check=False).ok


def _tell(count: Count, scissors: Scissors, lost: list[str]) -> None:
    print(f"cut {count.cuts}: {scissors.words}{'; LOST ' if lost else ''}{'; '.join(lost)}", flush=True)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--release", default="trixie")
    chosen = parser.parse_args()
    chance, count = random.Random(chosen.seed), Count()
    lab = Lab()
    try:
        while count.cuts < chosen.cuts:
            set_up(lab, chosen.release, chance, chosen.cuts, count)
            print(count, flush=True)
    finally:
        lab.close()
    for each in count.lost:
        print(f"LOST {each}")
    return 1 if count.lost else 0


if __name__ == "__main__":
    sys.exit(main())
