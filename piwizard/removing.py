"""What is no longer wanted: a site, of which everything goes and nothing of another, or all that piwizard did."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from piwizard import session
from piwizard.answering import Answering
from piwizard.applying import agreed, confirm, watch
from piwizard.changes import brought
from piwizard.changes.base import Record
from piwizard.engine import launch
from piwizard.engine.journal import Journal, journaled
from piwizard.machine import deploy_key, places
from piwizard.steps import STEPS


def remove(site: str, *, keep_data: bool, yes: bool, as_json: bool) -> int:
    """Undoes every step of a site, last first, then forgets its answers and secrets. Returns the exit code.

    `keep_data` leaves what the app has written in /srv/SITE/data, and the user that owns it.
    """
    launch.require_systemd()
    session.wizard(None).answers.of(site)
    data = places.sites_dir() / site / "data"
    if not yes and sys.stdin.isatty() and not as_json:
        goes = "its code, service and server block" if keep_data else f"its code, service, server block and {data}"
        confirm(f"Remove the site {site}: {goes}?")
    steps = tuple((step.name, site) for step in reversed(STEPS) if step.scope == "site")
    code = watch(launch.start(launch.Request("undo", steps, wipe=not keep_data)), as_json=as_json)
    if code == 0:
        _forget_downloads(site)
        shutil.rmtree(deploy_key.folder(site), ignore_errors=True)
        Answering().remove_site(site)
    return code


def undo_all(*, packages: bool, data: bool, yes: bool, as_json: bool) -> int:
    """Takes back every step of every site, last first, from the journals alone. Returns the exit code.

    The answers stay, and so do `packages` that were brought and `data` of the apps, unless somebody says otherwise.
    """
    launch.require_systemd()
    for lane in launch.LANES:
        launch.require_free(lane)
    backups = session.backups_dir()
    known = journaled(backups) | session.state().steps()
    sites = sorted({site for _, site in known if site is not None})
    there = brought.still_there(_noted(backups))
    written = [str(folder) for site in sites if (folder := places.sites_dir() / site / "data").is_dir()]
    steps: list[tuple[str, str | None]] = [
        (step.name, site) for site in sites for step in reversed(STEPS) if (step.name, site) in known
    ]
    steps += [(step.name, None) for step in reversed(STEPS) if step.scope == "machine" and (step.name, None) in known]
    if not steps and not (packages and there):
        print("piwizard has altered nothing, so there is nothing to undo.", file=sys.stderr)
        return 0
    if not yes and sys.stdin.isatty() and not as_json:
        confirm(f"Take back {', '.join(f'{step} of {site}' if site else step for step, site in steps) or 'the rest'}?")
        data = data or bool(written and agreed(f"Delete also what the apps have written ({', '.join(written)})?"))
        question = f"Remove also the Debian packages that piwizard has brought ({', '.join(there)})?"
        # Which of them somebody else needs can be told only when what piwizard made of them is gone.
        packages = packages or bool(there and agreed(question))
    if packages and ("system", None) not in steps:
        steps.append(("system", None))
    code = watch(launch.start(launch.Request("undo", tuple(steps), wipe=data, packages=packages)), as_json=as_json)
    if code == 0:
        for site in sites:
            _forget_downloads(site)
    return code


def _noted(backups: Path) -> list[Record]:
    """What all journals say of packages."""
    records = [record for step, site in journaled(backups) for record in Journal(backups, step, site).records()]
    return [record for record in records if record["kind"] == "package"]


def _forget_downloads(site: str) -> None:
    for kind in ("sources", "analyses", "build", "hosts"):
        shutil.rmtree(places.cache_dir() / kind / site, ignore_errors=True)
