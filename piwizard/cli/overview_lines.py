"""Print one line for each site and one for this Pi: `piwizard status`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from piwizard.cli import output
from piwizard.setup import kept_answers, site_overview, workspace
from piwizard.setup.backup_status import BackupStatus, backup_status
from piwizard.setup.planner import Planner
from piwizard.setup.site_overview import HomeOverview, HostOverview, SiteOverview
from piwizard.setup.state_symbols import state_symbol
from piwizard.setup.status import without_answers
from piwizard.system import console
from piwizard.system.styled import Span, Style

STATES: dict[str, tuple[str, Style]] = {
    "online": ("done", "ok"),
    "running": ("running", ""),
    "waiting": ("interrupted", "attention"),
    "failed": ("failed", "problem"),
    "problem": ("interrupted", "attention"),
    "new": ("todo", "secondary"),
}
"""The symbol and the style of each state of a site."""
GAP = "   "


def show_overview(answers: Path | None, *, check: bool) -> int:
    """Print the saved overview; with `check`, check first."""
    from piwizard.network import address_trial

    planner, state = workspace.planner(answers), workspace.state()
    for warning in (state.trouble, *kept_answers.remarks(answers, planner.answers)):
        output.warn(warning)
    overview = _checked(planner) if check else site_overview.saved(planner, state)
    rows = [_columns(one) for one in overview.sites]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for one, row in zip(overview.sites, rows, strict=True):
        _show_site(one, row, widths)
    if not overview.sites:
        console.say("No site is set up yet. Run `piwizard` to set up the first one.")
    output.show_status(without_answers(planner, state, workspace.backups()))
    for found in overview.attention:
        more = " Run `piwizard apply`." if found.action == "resume" else ""
        console.say((("! ", "attention"), (f"{found.text}{more}", "")))
    console.say("", (("This Pi", "heading"), (f"{GAP}{describe_host(overview.host)}", "")), hang=10)
    if backups := backup_status():
        console.say((("Backups", "heading"), (f"{GAP}{describe_backups(backups)}", "")), hang=10)
    console.say(_when(overview))
    trial = address_trial.current_trial()
    output.warn(trial.words if trial else "")
    return 0


def _checked(planner: Planner) -> HomeOverview:
    from piwizard.diagnosis import overview_refresh

    return overview_refresh.refresh(planner, workspace.state())


def _columns(one: SiteOverview) -> tuple[str, str, str, str, str]:
    address = next(iter((*one.addresses, *one.home_addresses)), "")
    version = ", ".join(filter(None, (one.version, describe_age(one.deployed_at))))
    days = one.certificate_days
    https = "off" if not one.https else "on" if days is None else f"{days} days"
    state = "closed" if one.maintenance and one.state in ("online", "problem") else str(one.state)
    state = "stopped" if one.stopped and state == "failed" else state
    if one.rolled_back_from:
        version += f", rolled back from {one.rolled_back_from}"
    return one.name, state, address, version, f"HTTPS {https}"


def _show_site(one: SiteOverview, row: Sequence[str], widths: Sequence[int]) -> None:
    symbol, style = STATES["waiting" if one.stopped and one.state == "failed" else one.state]
    name, state, *rest = (text.ljust(width) for text, width in zip(row, widths, strict=True))
    parts: list[Span] = [(f"{name}{GAP}", "heading"), (f"{state_symbol(symbol)} {state}{GAP}", style)]
    console.say((*parts, (GAP.join(rest).rstrip(), "")), hang=len(name) + len(GAP) + 2)


def describe_host(host: HostOverview) -> str:
    """Return the way in, temperature, memory and disk, as far as they are known."""
    way_in = (" → " if console.supports_unicode() else " -> ").join(host.way_in)
    problem = "" if host.way_in_ok else " (not checked)" if host.way_in_ok is None else " (does not work)"
    parts = [f"{way_in}{problem}" if way_in else ""]
    if host.temperature is not None:
        parts.append(f"{host.temperature:.0f} °C")
    if host.memory_used is not None and host.memory_total:
        parts.append(f"memory {host.memory_used / 1024:.1f} of {host.memory_total / 1024:.1f} GB")
    if host.disk_free is not None and host.disk_total:
        parts.append(f"disk {(host.disk_total - host.disk_free) / 1024:.0f} of {host.disk_total / 1024:.0f} GB")
    if host.clock_correct is False:
        parts.append("the clock is not synchronized")
    if host.undervoltage:
        parts.append("the power supply is too weak")
    return GAP.join(filter(None, parts)) or "not checked yet"


def describe_backups(found: BackupStatus) -> str:
    """Return the ages of the last backup and its test, and what it lacks."""
    last, proven = describe_age(found.last_at), describe_age(found.proven_at)
    parts = [f"last {_ago(last)}" if last else "none yet", f"restored for a test {_ago(proven)}" if proven else ""]
    if found.lacking:
        more = f" and {len(found.lacking) - 1} more" if len(found.lacking) > 1 else ""
        parts.append(f"not saved whole: {found.lacking[0]}{more}")
    return ", ".join(filter(None, parts))


def _ago(age: str) -> str:
    return age if age == "just now" else f"{age} ago"


def describe_age(at: str) -> str:
    """Return how long ago a time was: "2 days"; "" if it is unknown."""
    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()
    except (TypeError, ValueError):
        return ""
    for unit, length in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length * (2 if unit == "week" else 1):
            number = int(seconds // length)
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return "just now"


def _when(overview: HomeOverview) -> str:
    age = describe_age(overview.checked_at)
    if not age:
        return "Nothing was checked yet: `piwizard status --check` checks now."
    return f"Checked {_ago(age)}. `piwizard status --check` checks again."
