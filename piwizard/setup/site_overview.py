"""Show each site and this machine at a glance, as they were checked last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any, Literal, TypeVar

from piwizard.apps.layout import SiteLayout
from piwizard.apps.rollback_pin import read_pin
from piwizard.changes.interface import was_restarted
from piwizard.engine.state import State
from piwizard.nginx.maintenance import in_maintenance
from piwizard.setup import deploy_status, site_urls
from piwizard.setup.backup_status import backup_status
from piwizard.setup.pending_restart import pending_restart
from piwizard.setup.planner import Planner
from piwizard.setup.status import Status, remembered
from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass

VERSION = 1
"""The version of overview.json."""
HOURS = 24
SiteState = Literal["online", "running", "waiting", "failed", "problem", "new"]
"""waiting: answers are missing. problem: it is set up, but the last check failed. new: nothing has run yet."""
AttentionAction = Literal["answer", "continue", "failure", "check", "restart", "resume", "backup", "sheet"]


@dataclass(frozen=True)
class SiteOverview:
    """A site at a glance. None and "" are what is not known.

    `addresses` are for visitors, the main one first; `home_addresses` work at home only, that by local IP last.
    `missing` are the keys of the answers without which it cannot be set up. `requests_per_hour`: the oldest hour first.
    """

    name: str
    state: SiteState
    addresses: tuple[str, ...] = ()
    home_addresses: tuple[str, ...] = ()
    version: str = ""
    commit_subject: str = ""
    deployed_at: str = ""
    https: bool = False
    certificate_days: int | None = None
    page_ms: int | None = None
    page_status: int | None = None
    last_error: str = ""
    last_error_at: str = ""
    requests_per_hour: tuple[int, ...] = ()
    new_commit: str = ""
    new_commit_subject: str = ""
    missing: tuple[str, ...] = ()
    problem: str = ""
    deploy_problem: str = ""
    """Why a version that should have been deployed by itself is not online."""
    maintenance: bool = False
    """Whether it is closed for maintenance."""
    rolled_back_from: str = ""
    """The commit that was in use before a rollback."""
    stopped: bool = False
    """Whether its last run was stopped and can continue."""

    @property
    def main_addresses(self) -> tuple[str, ...]:
        """Return the first address, and the last one for the home network."""
        first = (*self.addresses, *self.home_addresses)[:1]
        return tuple(dict.fromkeys((*first, *self.home_addresses[-1:])))

    def as_json(self) -> dict[str, Any]:
        """Return what `piwizard status --json` prints of a site, as of the last check."""
        return {
            "site": self.name,
            "state": self.state,
            "addresses": list(self.addresses or self.home_addresses),
            "version": self.version or None,
            "deployed_at": self.deployed_at or None,
            "rolled_back_from": self.rolled_back_from or None,
            "new_commit": self.new_commit or None,
            "maintenance": self.maintenance,
            "problem": self.problem or self.deploy_problem or None,
        }


@dataclass(frozen=True)
class HostOverview:
    """This machine at a glance. Sizes are in MiB; None is what is not known.

    `way_in` are the places that a visitor passes, the name first; `way_in_ok` is None if it was not checked.
    `next_renewal` is a moment in ISO 8601.
    """

    way_in: tuple[str, ...] = ()
    way_in_ok: bool | None = None
    temperature: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    disk_free: int | None = None
    disk_total: int | None = None
    clock_correct: bool | None = None
    undervoltage: bool | None = None
    next_renewal: str = ""
    local_ip: str = ""
    """The local IPv4 that the sites answer."""


@dataclass(frozen=True)
class Attention:
    """Something that needs the user.

    `action` is what helps, `key` the answer that is missing.
    """

    text: str
    action: AttentionAction
    site: str | None
    key: str = ""


@dataclass(frozen=True)
class HomeOverview:
    """All sites and this machine.

    `checked_at` is the time of the last check, "" before the first.
    """

    sites: tuple[SiteOverview, ...]
    host: HostOverview
    attention: tuple[Attention, ...]
    checked_at: str = ""

    def site(self, name: str) -> SiteOverview | None:
        """Return the overview of a site."""
        return next((one for one in self.sites if one.name == name), None)


Shown = TypeVar("Shown", SiteOverview, HostOverview)
CHECKED = (
    *("commit_subject", "certificate_days", "page_ms", "page_status", "last_error", "last_error_at"),
    *("requests_per_hour", "new_commit", "new_commit_subject", "missing", "problem"),
)
"""The fields of a site that only a check knows; all others come from answers and state."""


def saved(planner: Planner, state: State, local_ip: str | None = None) -> HomeOverview:
    """Return what is recorded. Quick: reads files, and neither code nor network.

    `local_ip`: that of this machine, if it is known; else as of the last check.
    """
    kept = _load()
    statuses = remembered(planner, state)
    of_sites = kept.get("sites", {})
    host = _known(HostOverview(), kept.get("host", {}))
    address = host.local_ip if local_ip is None else local_ip
    served = site_urls.served_sites(state, planner.answers.sites)
    shown = {name for name in served if site_urls.shown_at_local_ip(name, planner.answers.sites, served)}
    sites = tuple(
        _site(planner, state, name, statuses, of_sites.get(name, {}), address if name in shown else "")
        for name in planner.answers.sites
    )
    attention = (*attention_of(sites, pending_restart(), restarted=was_restarted()), *attention_for_backups())
    return HomeOverview(sites, host, attention, kept.get("checked_at", ""))


def save(overview: HomeOverview) -> None:
    """Keep what a check found, for `saved`."""
    folder = paths.state_dir()
    files.make_folders(folder)
    sites = {
        one.name: {name: value for name, value in asdict(one).items() if name in CHECKED} for one in overview.sites
    }
    whole = {"version": VERSION, "checked_at": overview.checked_at, "host": asdict(overview.host), "sites": sites}
    files.replace(folder / "overview.json", json.dumps(whole).encode(), mode=0o600)


def with_state(overview: SiteOverview) -> SiteOverview:
    """Return a site with the state that follows from what a check found."""
    if overview.state == "new" and overview.missing:
        return replace(overview, state="waiting")
    if overview.state in ("online", "problem"):
        return replace(overview, state="problem" if overview.problem else "online")
    return overview


def attention_of(
    sites: tuple[SiteOverview, ...], restart: str = "", *, restarted: bool = False
) -> tuple[Attention, ...]:
    """Return what needs the user, the most urgent first.

    `restart` is what waits for a restart of the Pi; `restarted`: a run stopped for one that is done.
    """
    found = [Attention(restart, "restart", None)] if restart else []
    for one in sites:
        if one.stopped and restart:
            continue  # it continues after the restart
        if one.stopped and restarted:
            text = f"{one.name}: the Pi was restarted. The installation can continue."
            found.append(Attention(text, "resume", one.name))
        elif one.stopped:
            found.append(Attention(f"{one.name}: the installation is not finished.", "failure", one.name))
        elif one.state == "failed":
            found.append(Attention(f"{one.name}: the installation failed.", "failure", one.name))
        elif one.state == "problem":
            found.append(Attention(f"{one.name}: {one.problem}", "check", one.name))
        elif one.state == "waiting":
            name = one.missing[0].removeprefix("app.env.")
            found.append(Attention(f"{one.name} cannot start without {name}.", "answer", one.name, one.missing[0]))
        elif one.state == "new":
            found.append(Attention(f"{one.name} is not installed yet.", "continue", one.name))
        if one.maintenance:
            text = f"{one.name} is closed for maintenance. `piwizard maintenance off {one.name}` opens it."
            found.append(Attention(text, "check", one.name))
        if one.deploy_problem and one.state != "failed":
            found.append(Attention(f"{one.name}: {one.deploy_problem}", "check", one.name))
    return tuple(found)


def attention_for_backups() -> tuple[Attention, ...]:
    """Return what the backups need from the user. Quick."""
    found = backup_status()
    if found is None:
        return ()
    problem = (Attention(f"Backups: {found.problem}", "backup", None),) if found.problem else ()
    sheet = (Attention("The recovery sheet of the backups is not saved yet.", "sheet", None),) if found.unsaved else ()
    return (*problem, *sheet)


def _site(
    planner: Planner, state: State, name: str, statuses: list[Status], kept: Mapping[str, Any], address: str
) -> SiteOverview:
    answers = planner.answers.of(name)
    own = [one for one in statuses if one.instance.site == name]
    served = next((one for one in own if one.instance.step.serves_site), None)
    release = _release(name)
    entry = state.entry("gunicorn", name)
    missing = tuple(key for one in own if one.instance.step.serves_site for key in planner.missing(one.instance))
    found = SiteOverview(
        name,
        _state(own, served),
        site_urls.internet_urls(answers),
        site_urls.home_urls(answers, address),
        version=str(release.get("commit", ""))[:7],
        deployed_at=entry.at if entry and entry.result == "done" else "",
        https=bool(answers.get("tls.https")),
        stopped=any(one.state == "interrupted" for one in own) and not any(one.state == "failed" for one in own),
        maintenance=in_maintenance(name),
        rolled_back_from=pin.left[-1].commit[:7] if (pin := read_pin(name)) else "",
        deploy_problem=deploy_status.status_of(answers).problem,
    )
    known = _known(found, {key: value for key, value in kept.items() if key in CHECKED})
    lacks = tuple(key for key in known.missing if not _given(key, answers.values))
    return with_state(replace(known, missing=tuple(dict.fromkeys((*missing, *lacks)))))


def _given(key: str, values: Mapping[str, Any]) -> bool:
    """Return whether an answer was given since the check that missed it."""
    table, _, name = key.rpartition(".")
    return key in values or (table == "app.env" and name in values.get("app.env", {}))


def _state(own: list[Status], served: Status | None) -> SiteState:
    states = [one.state for one in own]
    if "running" in states:
        return "running"
    if "failed" in states or "interrupted" in states:
        return "failed"
    return "online" if served and served.state == "done" else "new"


def _release(site: str) -> dict[str, Any]:
    try:
        found = json.loads(files.read(SiteLayout(site, "").current.resolve() / "release.json") or b"{}")
    except (ValueError, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def _load() -> dict[str, Any]:
    path = paths.state_dir() / "overview.json"
    try:
        kept = json.loads(files.read(path) or b"{}")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) and kept.get("version") == VERSION else {}


def _known(overview: Shown, kept: Mapping[str, Any]) -> Shown:
    """Return an overview with the saved fields that this version knows."""
    names = {field.name for field in fields(overview)}
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in kept.items() if key in names
    }
    return replace(overview, **values)
