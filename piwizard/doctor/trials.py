"""An address that was set on trial and that nobody has confirmed yet."""

from __future__ import annotations

from piwizard.doctor.finding import Finding
from piwizard.network import address_trial
from piwizard.network.address_trial import Trial
from piwizard.system import systemd

TIMER = f"{address_trial.UNIT}.timer"


def look() -> list[Finding]:
    """Nothing where no address is on trial."""
    if not address_trial.pending():
        return []
    return [judge(address_trial.current(), ticking=systemd.ask([TIMER])[TIMER].running)]


def judge(tried: Trial | None, *, ticking: bool) -> Finding:
    """What a trial means: it waits for a person, is being taken back, or was left over without what ends it."""
    name, step = "address on trial", "static-ip"
    if tried and ticking:
        cause = "The address is new, and nobody has said yet that it can be reached there."
        mend = "`piwizard confirm` keeps it; otherwise the old address comes back by itself."
        return Finding(name, step, None, False, f"{tried.host} is on trial: {tried.left} s left", cause, mend)
    if tried:
        cause = "The timer that ends the trial is gone: somebody stopped it."
        mend = (
            "`piwizard confirm` keeps the address; `piwizard undo static-ip` brings the old one back, as a reboot does."
        )
        return Finding(name, step, None, False, f"{tried.host} is on trial, and nothing ends it", cause, mend)
    cause = "The trial is over, and the old settings were not wholly put back."
    mend = "`piwizard undo static-ip` puts them back, as a reboot does."
    return Finding(name, step, None, False, "the old address is coming back", cause, mend)
