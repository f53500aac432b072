"""Print the releases of each site."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard.cli import output
from piwizard.cli.overview_lines import describe_age
from piwizard.setup import workspace
from piwizard.setup.site_releases import SHORT_COMMIT, SiteRelease, list_releases
from piwizard.system import console, printable

GAP = "   "


def show_releases(site: str | None, *, as_json: bool) -> int:
    """Print the releases of one site, or of all."""
    planner = workspace.planner(None)
    if site:
        planner.answers.of(site)
    sites = [site] if site else list(planner.answers.sites)
    found = {name: list_releases(name) for name in sites}
    if as_json:
        output.dump({"sites": {name: [one.as_json() for one in releases] for name, releases in found.items()}})
        return 0
    for name, releases in found.items():
        console.say(((printable.value(name), "heading"),))
        if not releases:
            console.say("  No release yet. `piwizard apply` sets up the site.")
        _show_rows(releases)
    if not sites:
        console.say("No site is set up yet. Run `piwizard` to set up the first one.")
    return 0


def release_columns(one: SiteRelease) -> tuple[str, str, str, str, str]:
    """Return commit, first line, author, time and size of a release as text."""
    record = one.record
    age = describe_age(record.deployed_at)
    when = f"{age} ago" if age and age != "just now" else age
    deployed = " ".join(part for part in (when, f"by {record.deployed_by}" if record.deployed_by else "") if part)
    return (
        record.commit[:SHORT_COMMIT],
        printable.value(record.subject) or one.name,
        printable.value(record.author),
        printable.value(deployed),
        f"{record.size / 1_000_000:.0f} MB",
    )


def _show_rows(releases: Sequence[SiteRelease]) -> None:
    rows = [release_columns(one) for one in releases]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for one, row in zip(releases, rows, strict=True):
        mark = "in use" if one.in_use else "" if one.served else "failed"
        text = GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.say(((f"  {text}{GAP}", ""), (mark, "ok" if one.in_use else "problem")), hang=4)
