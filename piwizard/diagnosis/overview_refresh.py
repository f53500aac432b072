"""Check every site and this machine for the overview, and keep the result."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from piwizard.apps.commit_subject import fetch_subject, fetched_subject
from piwizard.changes.interface import was_restarted
from piwizard.diagnosis import journald
from piwizard.diagnosis.app_errors import OTHER_EXCEPTIONS
from piwizard.diagnosis.tracebacks import find_failures
from piwizard.dns.host_names import check_names
from piwizard.engine.state import State
from piwizard.errors import PiwizardError
from piwizard.git.newest_commit import newest_commit
from piwizard.nginx import access_log
from piwizard.setup import reach, site_overview, site_urls
from piwizard.setup.pending_restart import pending_restart
from piwizard.setup.planner import Planner
from piwizard.setup.site_form import SiteForm
from piwizard.setup.site_overview import HomeOverview, HostOverview, SiteOverview
from piwizard.system import board_sensors, checks, commands, file_lock, paths, printable, systemd
from piwizard.system.facts import Facts
from piwizard.system.secret_filter import SecretFilter

NICE = 10
MAX_JOURNAL_LINES = 1000
MAX_TEXT = 200


def refresh(planner: Planner, state: State) -> HomeOverview:
    """Check everything, save it and return it. Slow.

    Only one process checks at a time; the others return what is saved by then.
    """
    folder = paths.state_dir() / "overview"
    try:
        with file_lock.exclusive(folder, seconds=0.0, temporary=True):
            with _low_priority():
                found = _checked(planner, state)
            site_overview.save(found)
            return found
    except PiwizardError:  # another process checks now
        return site_overview.saved(planner, state)


@contextmanager
def _low_priority() -> Iterator[None]:
    """Lower the priority of this thread for a while, to serve visitors first.

    Only root can raise it again.
    """
    if os.geteuid() != 0:
        yield
        return
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, max(before, NICE))
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


def _checked(planner: Planner, state: State) -> HomeOverview:
    before = site_overview.saved(planner, state, site_urls.local_ip(planner.context.facts.network))
    secrets = SecretFilter(planner.secrets())
    sites = tuple(_site(planner, one, secrets) for one in before.sites)
    host = _host(planner.context.facts, planner)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    of_sites = site_overview.attention_of(sites, pending_restart(), restarted=was_restarted())
    attention = (*of_sites, *site_overview.attention_for_backups())
    return HomeOverview(sites, host, attention, now)


def _site(planner: Planner, one: SiteOverview, secrets: SecretFilter) -> SiteOverview:
    answers = planner.answers.of(one.name)
    if one.state in ("new", "waiting"):
        missing = tuple(answer.key for answer in SiteForm(planner, one.name).missing())
        return site_overview.with_state(replace(one, state="new", missing=missing))
    one = replace(one, missing=(), problem="")
    if one.state not in ("online", "problem"):
        return one
    error_at, error = _last_error(one.name)
    host = (*answers.get("site.domains", ()), "")[0]
    status, spent = _page(host, f"{answers.get('site.path', '')}/", secure=one.https)
    problem = "" if status is not None and status < 500 else "the page does not open" if status is None else ""
    newest = _new_commit(planner, one)
    found = replace(
        one,
        page_status=status,
        page_ms=spent,
        certificate_days=_certificate_days(planner, one.name) if one.https else None,
        last_error=printable.line(secrets.text(error), MAX_TEXT),
        last_error_at=error_at,
        requests_per_hour=access_log.requests_per_hour(one.name, datetime.now(UTC)),
        commit_subject=fetched_subject(one.name, one.version) or one.commit_subject,
        new_commit=newest,
        new_commit_subject=_new_subject(planner, one, newest, secrets),
        problem=problem or (f"the page answers with {status}" if status and status >= 500 else ""),
    )
    return site_overview.with_state(found)


def _page(host: str, path: str, *, secure: bool) -> tuple[int | None, int | None]:
    """Request a page as a visitor does. Return its status and the milliseconds until it was there."""
    if not host:
        return None, None
    began = time.monotonic()
    answer = checks.get_page(path, host=host, secure=secure)
    return (answer.status, round((time.monotonic() - began) * 1000)) if answer else (None, None)


def _certificate_days(planner: Planner, site: str) -> int | None:
    with suppress(PiwizardError, OSError):
        certificates = planner.context.certificates
        folder = certificates.in_use.get(site)
        lineage = certificates.named(Path(folder).name) if folder else None
        return int(lineage.certificate.days_left()) if lineage else None
    return None


def _last_error(site: str) -> tuple[str, str]:
    """Return time and message of the last uncaught exception of an app since its last start."""
    result = commands.run(journald.argv(f"{site}.service", MAX_JOURNAL_LINES))
    if not result.ok:
        return "", ""
    lines = journald.last_start(journald.parse(result.output))
    found: list[tuple[datetime, str]] = []
    for own in journald.by_process(lines):
        failures = [one for one in find_failures([line.text for line in own]) if one.kind not in OTHER_EXCEPTIONS]
        if failures:
            last = failures[-1]
            at = next((line.at for line in reversed(own) if last.kind in line.text), own[-1].at)
            found.append((at, last.message))
    return (max(found)[0].isoformat(timespec="seconds"), max(found)[1]) if found else ("", "")


def _new_commit(planner: Planner, one: SiteOverview) -> str:
    """Return the newest commit of the branch if it is not the one in use; "" if unknown."""
    answers = planner.answers.of(one.name)
    if "app.repo" not in answers.values or not one.version:
        return ""
    with suppress(PiwizardError):
        newest = newest_commit(planner.context.access(one.name), answers.get("app.branch"))[: len(one.version)]
        return newest if newest != one.version else ""
    return ""


def _new_subject(planner: Planner, one: SiteOverview, newest: str, secrets: SecretFilter) -> str:
    """Return the subject of the newest commit, which is fetched once."""
    if not newest:
        return ""
    if newest == one.new_commit and one.new_commit_subject:
        return one.new_commit_subject
    if fetched := fetched_subject(one.name, newest):
        return secrets.text(fetched)
    with suppress(PiwizardError, OSError):
        answers = planner.answers.of(one.name)
        return secrets.text(fetch_subject(planner.context.access(one.name), answers.get("app.branch")))
    return ""


def _host(facts: Facts, planner: Planner) -> HostOverview:
    memory, disk = facts.memory, facts.disk
    return HostOverview(
        way_in=_way_in(planner, facts),
        way_in_ok=_way_in_ok(planner, facts),
        temperature=board_sensors.read_temperature(),
        memory_used=memory.total - memory.available,
        memory_total=memory.total,
        disk_free=disk.free,
        disk_total=disk.total,
        clock_correct=facts.clock.synchronised,
        undervoltage=board_sensors.read_undervoltage(),
        next_renewal=systemd.next_run("certbot.timer"),
        local_ip=site_urls.local_ip(facts.network),
    )


def _way_in(planner: Planner, facts: Facts) -> tuple[str, ...]:
    """Return the places that a visitor of the first public site passes."""
    public = next(filter(None, (reach.public_name(planner.answers.of(site)) for site in planner.answers.sites)), None)
    own = [facts.network.address.address] if facts.network.address else []
    if public is None:
        return tuple(own)
    gateway = [facts.network.gateway.address] if facts.network.gateway else []
    return (public, *gateway, *own)


def _way_in_ok(planner: Planner, facts: Facts) -> bool | None:
    """Return whether the public names point to this Pi; None if that is not known."""
    names = [name for site in planner.answers.sites for name in planner.answers.of(site).get("site.domains", ())]
    found = list(check_names(names, facts.network, local=True))
    return all(check.ok for check in found) if found else None
