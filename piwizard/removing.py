"""A site that is no longer wanted: everything of it goes, and nothing of another."""

from __future__ import annotations

import shutil
import sys

from piwizard import session
from piwizard.answering import Answering
from piwizard.applying import confirm, watch
from piwizard.engine import launch
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
        for kind in ("sources", "build", "hosts"):
            shutil.rmtree(places.cache_dir() / kind / site, ignore_errors=True)
        shutil.rmtree(deploy_key.folder(site), ignore_errors=True)
        Answering().remove_site(site)
    return code
