"""Put an overview of the sites and of this Pi into words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from piwizard.screens.home.site_list import SiteRow
from piwizard.setup.site_overview import HostOverview

if TYPE_CHECKING:
    from piwizard.setup.site_overview import HomeOverview, SiteOverview

STATES = {
    "online": ("✓", "green", "online"),
    "running": ("●", "bold cyan", "installing"),
    "waiting": ("!", "yellow", "waiting"),
    "failed": ("✗", "bold red", "failed"),
    "problem": ("✗", "bold red", "problem"),
    "new": ("○", "", "not set up"),
}
"""Symbol, style and word of each state of a site."""
WAYS_IN = {
    True: ("✓", "green", ""),
    False: ("!", "yellow", "the names do not point to this Pi: choose Check"),
    None: ("○", "dim", "not checked"),
}
"""Symbol, style and remark by what the last check found of the way in."""
SPARKS = "▁▂▃▄▅▆▇"
HALF = 41
"""Columns of the left half of the details."""
HOT_DEGREES = 80.0
HEALTH_INDENT = 14
MIB_PER_GB = 1024


def site_row(site: SiteOverview, now: datetime) -> SiteRow:
    """Return the line of a site in the list."""
    symbol, style, word = STATES.get(site.state, STATES["new"])
    address = (*site.addresses, *site.home_addresses, "")[0].rstrip("/")
    if site.state == "waiting" and site.missing:
        address = f"needs {setting(site.missing[0])}"
    past = age(site.deployed_at, now)
    version = f"{site.version} {'now' if past == '0 min' else past}".strip() if site.version else ""
    https = "" if site.state in ("new", "waiting") else "off" if not site.https else days(site.certificate_days)
    return SiteRow(site.name, symbol, style, word, address, version, https)


def setting(key: str) -> str:
    """Return the name of an answer as people know it."""
    return key.removeprefix("app.env.")


def days(count: int | None) -> str:
    """Return how long a certificate is valid."""
    return "on" if count is None else f"{count} day{'' if count == 1 else 's'}"


def age(at: str, now: datetime) -> str:
    """Return how long ago a moment was: "5 min", "3 h", "2 d" or "3 w"."""
    moment = parsed(at)
    if moment is None:
        return ""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    for size, unit in ((60 * 24 * 14, "w"), (60 * 24, "d"), (60, "h")):
        if minutes >= size:
            return f"{minutes // (60 * 24 * 7 if unit == 'w' else size)} {unit}"
    return f"{minutes} min"


def parsed(at: str) -> datetime | None:
    """Return a recorded moment, None if there is none."""
    try:
        moment = datetime.fromisoformat(at.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def moment(at: str, now: datetime) -> str:
    """Return a moment in local time: "today, 15:12" or "2 Dec 2026, 03:12"."""
    found = parsed(at)
    if found is None:
        return at
    local, today = found.astimezone(), now.astimezone().date()
    days_off = (local.date() - today).days
    day = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days_off, f"{local.day} {local:%b %Y}")
    return f"{day}, {local:%H:%M}"


def commit(version: str, subject: str) -> str:
    """Return a commit with its subject, if that is known."""
    return f"{version} “{subject}”" if subject else version


def checked(at: str, now: datetime) -> str:
    """Return when the last check was."""
    if not at:
        return "not checked yet"
    past = age(at, now)
    return "checked just now" if past == "0 min" else f"checked {past} ago"


def sparkline(counts: Sequence[int]) -> str:
    """Return one block for each number, as high as its share of the highest."""
    most = max(counts, default=0)
    top = len(SPARKS) - 1
    return "".join(SPARKS[-(-count * top // most)] if most else SPARKS[0] for count in counts)


def site_detail(site: SiteOverview, checked_at: str, now: datetime, width: int) -> Text:
    """Return what is known of the chosen site."""
    wide = width >= HALF + 30
    text = Text(f" {site.name}", "bold", no_wrap=True, overflow="ellipsis")
    right = checked(checked_at, now)
    if wide and (also := second_address(site)):
        text.append(f"   {also}", "not bold")
    text.append(f"{'':<{max(2, width - len(text.plain) - len(right) - 1)}}{right}\n" if wide else "\n", "not bold dim")
    if not wide and (known := (*site.addresses, *site.home_addresses)):
        also = second_address(site)
        text.append(f" {known[0].rstrip('/')}{f', {also}' if also else ''}\n", "not bold")
    left = [*_page(site), *_errors(site, now)]
    counts = site.requests_per_hour
    beside = [f"Requests, last 24 hours {sum(counts):>7,}", sparkline(counts)] if wide and counts else []
    for number, (symbol, style, words) in enumerate(left):
        text.append(f" {symbol} ", f"not bold {style}").append(words, "not bold")
        if number < len(beside):
            text.append(f"{'':<{max(1, HALF - 3 - len(words))}}{beside[number]}", "not bold")
        text.append("\n")
    if site.new_commit:
        newest = commit(site.new_commit, site.new_commit_subject)
        text.append(" ↑ ", "not bold cyan").append(f"New commit: {newest}\n", "not bold")
    return text


def second_address(site: SiteOverview) -> str:
    """Return the URL for the home network, if it is not the first; else ""."""
    also = "".join(site.main_addresses[1:]).rstrip("/")
    return f"at home {also}" if also and site.addresses else also


def site_summary(site: SiteOverview, now: datetime) -> Text:
    """Return the state of a site, its address, and its versions, for its own page."""
    symbol, style, word = STATES.get(site.state, STATES["new"])
    text = Text(no_wrap=True, overflow="ellipsis").append(f"{symbol} ", style).append(word)
    for address in (*site.addresses, *site.home_addresses)[:1]:
        text.append(f"   {address.rstrip('/')}")
    if also := second_address(site):
        text.append(f"   {also}")
    if site.version:
        past = age(site.deployed_at, now)
        live = commit(site.version, site.commit_subject)
        text.append(f"\n  Version {live}{f', deployed {past} ago' if past else ''}")
    if site.new_commit:
        text.append("\n↑ ", "cyan").append(f"New commit: {commit(site.new_commit, site.new_commit_subject)}")
    return text.append("\n")


def _page(site: SiteOverview) -> list[tuple[str, str, str]]:
    if site.state == "waiting":
        names = ", ".join(map(setting, site.missing))
        return [("!", "yellow", f"Needs {names}. It is not installed yet.")]
    if site.state == "new":
        return [("○", "dim", "Not installed yet.")]
    if site.state == "running":
        return [("●", "bold cyan", "An installation is in progress.")]
    if site.problem:
        return [("✗", "bold red", site.problem)]
    if site.state == "failed":
        return [("✗", "bold red", "The last installation failed.")]
    if site.page_ms is None:
        return [("○", "dim", "Page not measured yet")]
    status = "" if site.page_status in (None, 200) else f" with {site.page_status}"
    return [("✓", "green", f"Page answers in {site.page_ms} ms{status}")]


def _errors(site: SiteOverview, now: datetime) -> list[tuple[str, str, str]]:
    if site.state not in ("online", "problem"):
        return []
    if site.last_error:
        past = age(site.last_error_at, now)
        return [("!", "yellow", f"Error{f' {past} ago' if past else ''}: {site.last_error}")]
    return [("✓", "green", "No errors in the app's log")]


def host_detail(host: HostOverview, width: int) -> Text:
    """Return what is known of this Pi."""
    if width < HALF + 30:
        return _short_host(host)
    text = Text("\n This Pi\n", "bold", no_wrap=True, overflow="ellipsis")
    if host == HostOverview():
        return text.append(" Checking…\n", "not bold dim")
    if host.way_in:
        symbol, style, remark = WAYS_IN[host.way_in_ok]
        text.append(f" {symbol} ", f"not bold {style}").append(f"{'Way in':<11}{' → '.join(host.way_in)}", "not bold")
        text.append(f"  {remark}\n" if remark else "\n", "not bold dim")
    symbol, style = ("!", "yellow") if _ailing(host) else ("✓", "green")
    if parts := _health(host):
        lines = _joined(parts, width - HEALTH_INDENT - 1)
        shown = f"\n{'':<{HEALTH_INDENT}}".join(lines)
        text.append(f" {symbol} ", f"not bold {style}").append(f"{'Health':<11}{shown}\n", "not bold")
    if host.next_renewal:
        at = moment(host.next_renewal, datetime.now(UTC))
        text.append(" ✓ ", "not bold green")
        text.append(f"{'Renewal':<11}next certificate check {at}\n", "not bold")
    return text


def _short_host(host: HostOverview) -> Text:
    text = Text("\n This Pi ", "bold", no_wrap=True, overflow="ellipsis")
    symbol, style = ("!", "yellow") if _ailing(host) else ("✓", "green")
    for known, mark, shade, words in (
        (host.way_in, *WAYS_IN[host.way_in_ok][:2], "way in"),
        (_health(host), symbol, style, "health"),
        (host.next_renewal, "✓", "green", "renewal"),
    ):
        if known:
            text.append(f"  {mark} ", f"not bold {shade}").append(words, "not bold")
    return text.append("\n")


def _ailing(host: HostOverview) -> bool:
    return bool(
        host.undervoltage
        or host.clock_correct is False
        or (host.temperature is not None and host.temperature >= HOT_DEGREES)
    )


def _health(host: HostOverview) -> list[str]:
    parts = []
    if host.temperature is not None:
        parts.append(f"{host.temperature:.0f} °C")
    if host.memory_used is not None and host.memory_total:
        parts.append(f"memory {_gb(host.memory_used)} of {_gb(host.memory_total)} GB")
    if host.disk_free is not None and host.disk_total:
        parts.append(f"disk {_gb(host.disk_total - host.disk_free)} of {_gb(host.disk_total)} GB")
    if host.clock_correct is not None:
        parts.append("clock correct" if host.clock_correct else "clock not synchronized")
    if host.undervoltage:
        parts.append("power supply too weak")
    return parts


def _joined(parts: Sequence[str], columns: int) -> list[str]:
    """Return lines that hold these parts, each part whole."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 3 <= columns:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


def _gb(mib: int) -> str:
    size = mib / MIB_PER_GB
    return f"{size:.1f}" if size < 10 and round(size, 1) != round(size) else f"{size:.0f}"


def needs_you(overview: HomeOverview) -> str:
    """Return the heading over what needs the user."""
    count = len(overview.attention)
    return f"{count} thing{'' if count == 1 else 's'} need{'s' if count == 1 else ''} you"
