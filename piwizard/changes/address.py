"""A fixed IPv4 address: set on trial, and kept only if somebody confirms it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import HOLDS, ChangeFailed, Memory, Preview, Record, Work
from piwizard.errors import PiwizardError
from piwizard.machine import files
from piwizard.machine.snapshot import Machine
from piwizard.network import dhcpcd, neighbours, networkmanager, sessions, trial
from piwizard.network.settings import Settings
from piwizard.network.trial import Manager, Trial

SAID_AT = (3600, 1800, 900, 600, 300, 240, 180, 120, 60, 30, 15, 5)
OVERDUE = 60
SECONDS_TO_REACH_THE_ROUTER = 15


@dataclass(frozen=True)
class FixedAddress:
    """The settings are in force and kept for the next start. Unconfirmed after `seconds`, the old ones come back."""

    kind: ClassVar[str] = "address"
    settings: Settings
    seconds: int

    def describe(self) -> str:
        return f"Address {self.settings.address} on {self.settings.interface}"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        if self.holds():
            return HOLDS
        here = trial.live(self.settings.interface)
        now = f"{self.settings.interface} has {', '.join(here) or 'no address'}"
        return Preview(holds=False, diff="\n".join([*self._warnings(here), *self._diff()]), argv=self._argv(), now=now)

    def holds(self) -> bool:
        """Whether all of it is so, and confirmed."""
        if trial.pending() or self.settings.host not in trial.live(self.settings.interface):
            return False
        return self.kept()

    def kept(self) -> bool:
        """Whether the network manager will set it again at the next start."""
        chosen = self.settings
        if chosen.connection:
            return networkmanager.read(chosen.connection) == networkmanager.wanted(chosen)
        text = _text(dhcpcd.CONFIG)
        return text == dhcpcd.with_block(text, chosen)

    def apply(self, work: Work) -> None:
        if trial.pending():
            work.say("An address is on trial still, from a run that was cut off: it is taken back first.")
            trial.take_back(work.command)
        here = trial.live(self.settings.interface)
        self._remember(work)
        now = Trial(
            name=secrets.token_hex(4),
            interface=self.settings.interface,
            address=self.settings.address,
            before=here[0] if here else None,
            seconds=self.seconds,
            until=time.monotonic() + self.seconds,
        )
        for line in self._warnings(here):
            work.say(line.removeprefix("# "))
        try:
            trial.arm(now, self._manager(), self._kept_in(), work.command)
            work.note(trial.folder() / "trial.json", f"{now.host} is on trial")
            self._set(work)
            self._look(work)
            self._wait(now, work)
        except BaseException:  # a stop as well: nobody is left with an address that nobody confirmed
            if trial.pending():
                trial.take_back(work.command)
            raise
        finally:
            if trial.outcome(now) != "on":
                trial.forget()

    def _manager(self) -> Manager:
        service = networkmanager.SERVICE if self.settings.connection else dhcpcd.SERVICE
        return Manager(service, self.settings.connection)

    def _kept_in(self) -> list[Path]:
        return networkmanager.kept_in(self.settings.connection) if self.settings.connection else [dhcpcd.CONFIG]

    def _remember(self, work: Work) -> None:
        chosen = self.settings
        before: Record = {"interface": chosen.interface, "connection": chosen.connection}
        if chosen.connection:
            before["ipv4"] = networkmanager.read(chosen.connection)
        work.remember("address", chosen.connection or chosen.interface, before)

    def _set(self, work: Work) -> None:
        chosen = self.settings
        if chosen.connection:
            work.command(networkmanager.modify(chosen.connection, networkmanager.wanted(chosen)))
            work.command(networkmanager.up(chosen.connection, chosen.interface))
            return
        mode, uid, gid = files.mode_and_owner(dhcpcd.CONFIG)
        work.write(dhcpcd.CONFIG, dhcpcd.with_block(_text(dhcpcd.CONFIG), chosen).encode(), mode, (uid, gid))
        work.command(dhcpcd.restart(chosen.interface))

    def _look(self, work: Work) -> None:
        """What is plainly wrong goes back at once."""
        chosen = self.settings
        until = time.monotonic() + SECONDS_TO_REACH_THE_ROUTER
        while chosen.host not in trial.live(chosen.interface):
            if time.monotonic() > until:
                raise ChangeFailed(f"{chosen.interface} did not take {chosen.host}: the old address is back.")
            time.sleep(0.1)
        if not neighbours.answers(chosen.gateway, chosen.interface, SECONDS_TO_REACH_THE_ROUTER):
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
                raise ChangeFailed(
                    f"{now.host} was not confirmed, and systemd's timer failed: the old address is back."
                )
            time.sleep(0.1)
        if how != "kept":
            raise ChangeFailed(f"Not confirmed within {now.seconds} s, so the old address is back.", hint=trial.AGAIN)
        work.say(f"Confirmed: {now.host} stays, also after a restart.")

    def _warnings(self, here: list[str]) -> list[str]:
        host = self.settings.host
        lines = [f"# On trial for {self.seconds} s: `piwizard confirm` keeps it, else the old address comes back."]
        if sessions.over(here):
            where = "goes on" if host in here else "stops answering"
            lines.append(f"# You are logged in by SSH over {self.settings.interface}: that connection {where}.")
            lines.append(f"# Then log in anew, `{sessions.login_at(host)}`, and type `piwizard confirm`.")
        return lines

    def _argv(self) -> tuple[tuple[str, ...], ...]:
        chosen = self.settings
        if not chosen.connection:
            return (dhcpcd.restart(chosen.interface),)
        wanted = networkmanager.wanted(chosen)
        return (
            networkmanager.modify(chosen.connection, wanted),
            networkmanager.up(chosen.connection, chosen.interface),
        )

    def _diff(self) -> list[str]:
        chosen = self.settings
        if not chosen.connection:
            before = _text(dhcpcd.CONFIG)
            after = dhcpcd.with_block(before, chosen)
            return files.diff(before.encode(), after.encode(), dhcpcd.CONFIG).splitlines()
        now, wanted = networkmanager.read(chosen.connection) or {}, networkmanager.wanted(chosen)
        changed = [name for name, value in wanted.items() if now.get(name) != value]
        return [
            f"{sign}{name} {at.get(name, '')}".rstrip() for name in changed for sign, at in (("-", now), ("+", wanted))
        ]


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "surrogateescape")


def undo(record: Record, work: Work) -> str | None:
    """Back to the settings before. Not on trial: they are those that the router knows, or a person's own."""
    before = record["before"]
    if trial.pending():
        trial.take_back(work.command)
    left = _undo_networkmanager(before, work) if before["connection"] else _undo_dhcpcd(before["interface"], work)
    here = trial.live(before["interface"])
    work.say(f"{before['interface']} has {', '.join(here) or 'no address'} now.")
    return left


def _undo_networkmanager(before: Record, work: Work) -> str | None:
    connection, interface = before["connection"], before["interface"]
    now = networkmanager.read(connection)
    if now is None:
        return f"The connection {connection} is no longer there, so nothing of it was altered."
    if now != before["ipv4"]:
        work.command(networkmanager.modify(connection, before["ipv4"]))
    came_up = work.command(networkmanager.up(connection, interface), allow=range(256))
    if not came_up.ok:
        work.command(networkmanager.modify(connection, now))
        work.command(networkmanager.up(connection, interface), allow=range(256))
        raise PiwizardError(
            f"{interface} got no address with its former settings, so the fixed address stays.",
            hint="Look whether the router lends addresses (DHCP), then undo again.",
        )
    return None


def _undo_dhcpcd(interface: str, work: Work) -> str | None:
    text = _text(dhcpcd.CONFIG)
    without = dhcpcd.without_block(text)
    if without != text:
        mode, uid, gid = files.mode_and_owner(dhcpcd.CONFIG)
        work.write(dhcpcd.CONFIG, without.encode("utf-8", "surrogateescape"), mode, (uid, gid))
    work.command(dhcpcd.restart(interface))
    return None
