"""A fixed IPv4 address: set on trial, and kept only if somebody confirms it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from piwizard.changes import keepers
from piwizard.changes.base import HOLDS, Before, ChangeFailed, Memory, Preview, Record, Work
from piwizard.changes.keepers import Keeper
from piwizard.machine.snapshot import Machine
from piwizard.network import neighbours, sessions, trial
from piwizard.network.settings import Settings
from piwizard.network.trial import Trial

SAID_AT = (3600, 1800, 900, 600, 300, 240, 180, 120, 60, 30, 15, 5)
OVERDUE = 60
PATIENCE = 15
"""Seconds until the address is there, and then until the router answers it."""


@dataclass(frozen=True)
class FixedAddress:
    """The settings are in force and kept for the next start. Unconfirmed after `seconds`, the old ones come back."""

    kind: ClassVar[str] = "address"
    settings: Settings
    seconds: int

    @cached_property
    def _keeper(self) -> Keeper:
        return keepers.of(self.settings)

    def describe(self) -> str:
        return f"Address {self.settings.address} on {self.settings.interface}"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        if self.holds():
            return HOLDS
        here = trial.live(self.settings.interface)
        now = f"{self.settings.interface} has {', '.join(here) or 'no address'}"
        warnings = tuple(self._warnings(here))
        diff = "\n".join([*(f"# {one}" for one in warnings), self._keeper.diff()])
        edited = keepers.edited(self._keeper, memory) is not None
        return Preview(holds=False, diff=diff, argv=self._keeper.argv(), now=now, warnings=warnings, edited=edited)

    def holds(self) -> bool:
        """Whether all of it is so, and confirmed."""
        return not trial.pending() and self.settings.host in trial.live(self.settings.interface) and self.kept()

    def kept(self) -> bool:
        """Whether the network manager will set it again at the next start."""
        return self._keeper.kept()

    def apply(self, work: Work) -> None:
        if (edited := keepers.edited(self._keeper, work)) and not work.overwrite:
            raise ChangeFailed(
                f"{edited} was edited by hand since piwizard wrote it, so it was left as it is.",
                hint="`piwizard plan` shows the difference; `piwizard apply --yes` replaces it and keeps your version.",
            )
        if trial.pending():
            work.say("An address is on trial still, from a run that was cut off: it is taken back first.")
            trial.take_back(work.command)
        chosen, here = self.settings, trial.live(self.settings.interface)
        before: Before = {"interface": chosen.interface, "connection": chosen.connection, **self._keeper.before()}
        work.remember("address", chosen.connection or chosen.interface, before)
        for line in self._warnings(here):
            work.say(line)
        now = Trial(
            name=secrets.token_hex(4),
            interface=chosen.interface,
            address=chosen.address,
            before=here[0] if here else None,
            seconds=self.seconds,
            until=time.monotonic() + self.seconds,
        )
        try:
            trial.arm(now, self._keeper.manager, self._keeper.paths(), work.command)
            work.note(trial.folder() / "trial.json", f"{now.host} is on trial")
            self._keeper.set(work)
            self._look()
            trial.let_confirm(now)
            self._wait(now, work)
        except BaseException:  # a stop as well: nobody is left with an address that nobody confirmed
            if trial.pending():
                trial.take_back(work.command)
            raise
        finally:
            if not trial.pending():
                trial.forget()

    def _look(self) -> None:
        """What is plainly wrong goes back at once."""
        chosen, until = self.settings, time.monotonic() + PATIENCE
        while chosen.host not in trial.live(chosen.interface):
            if time.monotonic() > until:
                raise ChangeFailed(f"{chosen.interface} did not take {chosen.host}, so the old address is back.")
            time.sleep(0.1)
        if not neighbours.answers(chosen.gateway, chosen.interface, PATIENCE):
            raise ChangeFailed(
                f"The router {chosen.gateway} did not answer at the new address, so the old one is back.",
                hint=trial.AGAIN,
            )

    def _wait(self, now: Trial, work: Work) -> None:
        """Until somebody has confirmed, or the time is over."""
        said = now.seconds + 1
        while (how := trial.outcome(now)) in ("on", "taking-back"):
            mark = min((at for at in SAID_AT if at >= now.left), default=said)
            if how == "on" and mark < said:
                said = mark
                work.say(now.words)
            if time.monotonic() > now.until + OVERDUE:
                raise ChangeFailed(f"{now.host} was not confirmed, and systemd's timer failed: it was taken back.")
            time.sleep(0.1)
        if how != "kept":
            raise ChangeFailed(f"Not confirmed within {now.seconds} s, so the old address is back.", hint=trial.AGAIN)
        trial.tidied(lambda argv: work.command(argv, allow=range(256)))
        work.say(f"Confirmed: {now.host} stays, also after a restart.")

    def _warnings(self, here: list[str]) -> list[str]:
        host = self.settings.host
        lines = [f"On trial for {self.seconds} s: `piwizard confirm` keeps it, else the old address comes back."]
        if sessions.over(here):
            where = "goes on" if host in here else "stops answering"
            lines.append(f"You are logged in by SSH over {self.settings.interface}: that connection {where}.")
            lines.append(f"Then log in anew, `{sessions.login_at(host)}`, and type `piwizard confirm`.")
        return lines


def undo(record: Record, work: Work) -> str | None:
    """Back to the settings before. Not on trial: they are those that the router knows, or a person's own."""
    before = record["before"]
    if trial.pending():
        trial.take_back(work.command)
    left = keepers.put_back(before, before["interface"], before["connection"], work)
    here = trial.live(before["interface"])
    work.say(f"{before['interface']} has {', '.join(here) or 'no address'} now.")
    return left
