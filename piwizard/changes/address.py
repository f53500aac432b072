"""Set a fixed IPv4 address on trial, and keep it if the user confirms it."""

from __future__ import annotations

import secrets
import time
from functools import cached_property
from typing import ClassVar

from piwizard.changes import network_backends
from piwizard.changes.base import IN_SYNC, ApplyContext, Before, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.changes.network_backends import NetworkBackend
from piwizard.network import address_rollback, address_trial, neighbors, ssh_sessions
from piwizard.network.address_settings import AddressSettings
from piwizard.network.address_trial import AddressTrial
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

REMIND_AT = (3600, 1800, 900, 600, 300, 240, 180, 120, 60, 30, 15, 5)
OVERDUE = 60
PATIENCE = 15
"""Seconds to wait for the address, and then for an answer of the router."""


@dataclass(frozen=True)
class FixedAddress:
    """The settings are active and stored.

    If not confirmed within `seconds`, the old ones are restored.
    """

    kind: ClassVar[str] = "address"
    settings: AddressSettings
    seconds: int

    @cached_property
    def _keeper(self) -> NetworkBackend:
        return network_backends.of(self.settings)

    def describe(self) -> str:
        return f"Address {self.settings.address} on {self.settings.interface}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if self.in_sync():
            return IN_SYNC
        here = address_trial.live_addresses(self.settings.interface)
        now = f"{self.settings.interface} has {', '.join(here) or 'no address'}"
        warnings = tuple(self._warnings(here))
        diff = "\n".join([*(f"# {one}" for one in warnings), self._keeper.diff()])
        edited = network_backends.edited(self._keeper, memory) is not None
        return Preview(in_sync=False, diff=diff, argv=self._keeper.argv(), now=now, warnings=warnings, edited=edited)

    def in_sync(self) -> bool:
        """Check whether the address is set, stored and confirmed."""
        return (
            not address_trial.is_pending()
            and self.settings.host in address_trial.live_addresses(self.settings.interface)
            and self.kept()
        )

    def kept(self) -> bool:
        """Check whether the network manager will set the address again at the next start."""
        return self._keeper.kept()

    def apply(self, work: ApplyContext) -> None:
        if (edited := network_backends.edited(self._keeper, work)) and not work.overwrite:
            raise ChangeFailed(
                f"{edited} was edited by hand since piwizard wrote it, so it was not changed.",
                hint="`piwizard plan` shows the difference; `piwizard apply --yes` replaces it and keeps your version.",
            )
        if address_trial.is_pending():
            work.say("An address is still on trial from a run that was interrupted: it is rolled back first.")
            address_rollback.roll_back(work.command)
        chosen, here = self.settings, address_trial.live_addresses(self.settings.interface)
        before: Before = {"interface": chosen.interface, "connection": chosen.connection, **self._keeper.before()}
        work.remember("address", chosen.connection or chosen.interface, before)
        for line in self._warnings(here):
            work.say(line)
        now = AddressTrial(
            name=secrets.token_hex(4),
            interface=chosen.interface,
            address=chosen.address,
            before=here[0] if here else None,
            seconds=self.seconds,
            until=time.monotonic() + self.seconds,
        )
        try:
            address_rollback.arm_rollback(now, self._keeper.manager, self._keeper.paths(), work.command)
            work.note(address_trial.trial_folder() / "trial.json", f"{now.host} is on trial")
            self._keeper.set(work)
            self._require_working()
            address_trial.allow_confirmation(now)
            self._wait(now, work)
        except BaseException:  # also a stop: an address is never kept unconfirmed
            if address_trial.is_pending():
                address_rollback.roll_back(work.command)
            raise
        finally:
            if not address_trial.is_pending():
                address_trial.forget_outcomes()

    def _require_working(self) -> None:
        """Require the address to be set, and the router to answer.

        Raise ChangeFailed otherwise.
        """
        chosen, until = self.settings, time.monotonic() + PATIENCE
        while chosen.host not in address_trial.live_addresses(chosen.interface):
            if time.monotonic() > until:
                raise ChangeFailed(f"{chosen.interface} did not accept {chosen.host}, so the old address was restored.")
            time.sleep(0.1)
        if not neighbors.wait_for_answer(chosen.gateway, chosen.interface, PATIENCE):
            raise ChangeFailed(
                f"The router {chosen.gateway} did not answer at the new address, so the old one was restored.",
                hint=address_rollback.RETRY_HINT,
            )

    def _wait(self, now: AddressTrial, work: ApplyContext) -> None:
        """Wait until the user confirms the address, or the time is over."""
        said = now.seconds + 1
        while (how := address_trial.trial_outcome(now)) in ("on", "taking-back"):
            mark = min((at for at in REMIND_AT if at >= now.left), default=said)
            if how == "on" and mark < said:
                said = mark
                work.say(now.words)
            if time.monotonic() > now.until + OVERDUE:
                raise ChangeFailed(f"{now.host} was not confirmed, and the systemd timer failed: it was rolled back.")
            time.sleep(0.1)
        if how != "kept":
            raise ChangeFailed(
                f"Not confirmed within {now.seconds} s, so the old address was restored.",
                hint=address_rollback.RETRY_HINT,
            )
        address_rollback.wait_for_cleanup(lambda argv: work.command(argv, allow=range(256)))
        work.say(f"Confirmed: {now.host} is kept, also after a restart.")

    def _warnings(self, here: list[str]) -> list[str]:
        host = self.settings.host
        lines = [f"On trial for {self.seconds} s: `piwizard confirm` keeps it, otherwise the old address is restored."]
        if ssh_sessions.has_session_on(here):
            where = "continues" if host in here else "stops answering"
            lines.append(f"You are logged in by SSH over {self.settings.interface}: that connection {where}.")
            lines.append(f"Then log in again, `{ssh_sessions.login_command(host)}`, and type `piwizard confirm`.")
        return lines


def undo(record: Record, work: ApplyContext) -> str | None:
    """Restore the former settings, without a trial: they worked before."""
    before = record["before"]
    if address_trial.is_pending():
        address_rollback.roll_back(work.command)
    left = network_backends.put_back(before, before["interface"], before["connection"], work)
    here = address_trial.live_addresses(before["interface"])
    work.say(f"{before['interface']} has {', '.join(here) or 'no address'} now.")
    return left
