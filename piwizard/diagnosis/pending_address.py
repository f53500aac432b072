"""Report a new local IP that is not confirmed yet."""

from __future__ import annotations

from piwizard.diagnosis.findings import Finding
from piwizard.network import address_rollback, address_trial
from piwizard.network.address_trial import AddressTrial
from piwizard.system import systemd
from piwizard.system.remedies import Fix, RunCommand, WaitUntil

TIMER = f"{address_rollback.UNIT}.timer"


def check_pending_address() -> list[Finding]:
    """Return a finding if a new address waits to be confirmed."""
    if not address_trial.is_pending():
        return []
    return [judge_trial(address_trial.current_trial(), ticking=systemd.read_states([TIMER])[TIMER].running)]


def judge_trial(tried: AddressTrial | None, *, ticking: bool) -> Finding:
    """Return the finding for the trial of an address.

    It waits, its timer was stopped, or the old address is being restored.
    """

    def finding(detail: str, cause: str, fix: Fix) -> Finding:
        return Finding("new-address-confirmed", "New local IP confirmed", False, detail, cause, fix, step="static-ip")

    if tried and ticking:
        return finding(
            f"{tried.host} waits to be confirmed: {tried.left} s left",
            "The address is new, and you have not confirmed yet that this Pi is reachable there.",
            (
                RunCommand("piwizard confirm", "to keep it"),
                WaitUntil("for the old address to be restored, if you do not want it"),
            ),
        )
    if tried:
        return finding(
            f"{tried.host} waits to be confirmed, without a time limit",
            "The timer that ends the trial was stopped.",
            (
                RunCommand("piwizard confirm", "to keep the address"),
                RunCommand("piwizard undo static-ip", "to restore the old one, as a reboot does"),
            ),
        )
    return finding(
        "the old address is being restored",
        "The trial is over, but the old settings are not completely restored.",
        (RunCommand("piwizard undo static-ip", "to restore them, as a reboot does"),),
    )
