"""Rebuild an environment as soon as a version in it is known to be vulnerable.

systemd starts it every day as `piwizard updates advisories`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from piwizard.alerts import event
from piwizard.alerts.event import Event
from piwizard.apps import advisories
from piwizard.apps.advisories import Advisory
from piwizard.apps.layout import SiteLayout
from piwizard.setup.environment_rebuild import rebuild_environment
from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass

EVENT = "vulnerable-packages"
MAX_NAMED = 5
Find = Callable[[list[advisories.Package]], list[Advisory]]


@dataclass(frozen=True)
class AdvisoryOutcome:
    """The known vulnerabilities of a site. `detail` is a sentence for people."""

    site: str
    left: tuple[Advisory, ...]
    rebuilt: bool
    detail: str


def check_advisories(site: str, find: Find = advisories.find_advisories) -> AdvisoryOutcome:
    """Look up known vulnerabilities of a site, and rebuild if that may help.

    What a rebuild has not fixed is reported once, and causes no further rebuild before the next month.
    """
    found = find(_installed(site))
    known = _read_known(site)
    new = [one for one in found if one.id not in known]
    rebuilt = False
    if any(one.fixed for one in new):
        rebuilt = rebuild_environment(site).rebuilt
        found = find(_installed(site))
    _write_known(site, found)
    left = [one for one in found if one.id not in known]
    if left:
        named = "; ".join(one.text for one in left[:MAX_NAMED])
        more = f"; and {len(left) - MAX_NAMED} more" if len(left) > MAX_NAMED else ""
        hint = "Allow the fixed versions in the requirements of the app, and deploy."
        title = f"Packages of {site} with known vulnerabilities"
        event.report(Event(EVENT, "notice", title, f"{named}{more}.", hint, subject=site))
    return AdvisoryOutcome(site, tuple(found), rebuilt, _sentence(site, found, rebuilt=rebuilt))


def _sentence(site: str, left: list[Advisory], *, rebuilt: bool) -> str:
    said = f"The environment of {site} was rebuilt. " if rebuilt else ""
    if not left:
        return f"{said}No vulnerability is known of the packages of {site}."
    return f"{said}Packages of {site} with known vulnerabilities: {'; '.join(one.text for one in left)}."


def _installed(site: str) -> list[advisories.Package]:
    return advisories.installed_packages(SiteLayout(site, "").current / "venv")


def _file(site: str) -> Path:
    return paths.state_dir() / "advisories" / f"{site}.json"


def _read_known(site: str) -> frozenset[str]:
    try:
        return frozenset(map(str, json.loads(files.read(_file(site)) or b"")["known"]))
    except (ValueError, TypeError, KeyError):
        return frozenset()


def _write_known(site: str, found: list[Advisory]) -> None:
    ids = sorted({one.id for one in found})
    if frozenset(ids) == _read_known(site):
        return
    files.make_folders(_file(site).parent, 0o700)
    files.replace(_file(site), json.dumps({"version": 1, "known": ids}).encode(), mode=0o600)
