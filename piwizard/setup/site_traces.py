"""Find what piwizard set up of each site on the machine.

This works even if answers, state and journals are lost.
"""

from __future__ import annotations

import pwd
import re
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from piwizard.apps.layout import SiteLayout
from piwizard.engine.backups import Backups, journaled
from piwizard.engine.state import State
from piwizard.engine.undo_journal import Journal
from piwizard.steps import blocks
from piwizard.steps.registry import DATA_STEP
from piwizard.system import egress_filter, paths
from piwizard.system.lazy_dataclass import dataclass
from piwizard.tls import lineage

UNITS = Path("/etc/systemd/system")
LINE_BYTES = 200
"""Bytes of a file that are searched for the line that names its site."""
FIRST_LINE = re.compile(rb"^# .*\bsite ([a-z0-9][a-z0-9-]*), made by piwizard\b")
"""The first line of a unit or server block of a site."""
UNIT_KINDS = frozenset({".service", ".socket", ".timer"})


@dataclass
class SiteTraces:
    """The paths of one site on the machine, by the step that made them."""

    paths: dict[str, list[Path]] = field(default_factory=dict)

    def add(self, step: str, path: Path) -> None:
        """Add a path of a step."""
        found = self.paths.setdefault(step, [])
        found += [path] if path not in found else []

    @property
    def steps(self) -> frozenset[str]:
        """Return the steps that have left something."""
        return frozenset(self.paths)


def recorded_sites() -> frozenset[str]:
    """Return the sites of journals and state."""
    known = journaled(_backups()) | State(paths.state_dir()).steps()
    return frozenset(site for _, site in known if site is not None)


def find_traces() -> dict[str, SiteTraces]:
    """Return what is on the machine, by site: releases, units and server blocks."""
    found: dict[str, SiteTraces] = {}
    for site, step, path in (*_releases(), *_units(), *_blocks()):
        found.setdefault(site, SiteTraces()).add(step, path)
    return found


def record_traces(site: str) -> None:
    """Record what no journal has of a site, so that undo removes it.

    Nothing of the site existed before piwizard. The backups keep the content of the files: without the journal nobody
    knows which of them were edited by hand.
    """
    traces, known = find_traces().get(site, SiteTraces()), Backups(_backups())
    there = {step: [path for path in found if not known.owns(path)] for step, found in traces.paths.items()}
    app, where = Journal(_backups(), DATA_STEP, site), SiteLayout(site, "")
    lost, units = bool(there.get(DATA_STEP)) and not app.records(), there.get("gunicorn", [])
    if lost:
        _record_app(app, where)
    if lost or units:
        _record_service(Journal(_backups(), "gunicorn", site), where, units)
    if there.get("site"):
        _record_block(Journal(_backups(), "site", site), site)


def _record_app(journal: Journal, where: SiteLayout) -> None:
    """Record user and folders in the order in which the step creates them."""
    if any(one.pw_name == where.site and one.pw_dir == str(where.folder) for one in pwd.getpwall()):
        journal.remember("user", where.site, {"home": str(where.folder)})
    for folder, whole in ((where.folder, False), (where.folder / "releases", True), (where.data, False)):
        if folder.is_dir():
            journal.remember("folder", str(folder), {"existed": False, "whole": whole, "mode": None})


def _record_service(journal: Journal, where: SiteLayout, units: list[Path]) -> None:
    own = (
        where.environment_file,
        where.gunicorn_config,
        *where.gunicorn_parts,
        egress_filter.SITES_FOLDER / where.site,
    )
    for path in (*own, *units):
        journal.record_found(path)
    journal.remember("link", str(where.current), {"target": None})
    for unit in units:  # last, so that undo stops them first
        journal.remember("unit", unit.name, {"existed": False, "enabled": False, "running": False, "masked": False})


def _record_block(journal: Journal, site: str) -> None:
    name = lineage.name_for(site)
    journal.remember("certificate", name, {"root": str(lineage.LETSENCRYPT)})
    journal.remember("link", str(lineage.in_use_folder() / site), {"target": None})
    reload = [list(one.argv) for one in blocks.RELOAD_NGINX]
    journal.remember("group", f"{site}-site", {"guard": list(blocks.NGINX_TEST), "then": reload})
    journal.record_found(blocks.AVAILABLE / site)
    journal.remember("link", str(blocks.ENABLED / site), {"target": None})


def _releases() -> Iterator[tuple[str, str, Path]]:
    for path in sorted(paths.sites_dir().glob("*/releases/*/release.json")):
        folder = path.parents[2]
        if not folder.is_symlink() and re.fullmatch(r"[a-z0-9][a-z0-9-]*", folder.name):
            yield folder.name, DATA_STEP, folder


def _units() -> Iterator[tuple[str, str, Path]]:
    for path in sorted(UNITS.glob("*")):
        site = _site_of(path) if path.suffix in UNIT_KINDS else None
        if site and (path.stem == site or path.stem.startswith(f"{site}-")):
            yield site, "gunicorn", path


def _blocks() -> Iterator[tuple[str, str, Path]]:
    for path in sorted(blocks.AVAILABLE.glob("*")):
        if _site_of(path) == path.name:
            yield path.name, "site", path


def _site_of(path: Path) -> str | None:
    """Return the site that the first line of a file names; None if piwizard did not make the file."""
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        found = FIRST_LINE.match(file.read(LINE_BYTES))
    return found[1].decode() if found else None


def _backups() -> Path:
    return paths.state_dir() / "backups"
