"""Decide what pip installs into an app's environment."""

from __future__ import annotations

from piwizard.apps.requirements import OLDEST_GUNICORN, Requirements
from piwizard.apps.version_specs import distribution_of
from piwizard.changes.pip_install import PipInstall

DEFAULT_GUNICORN, DEFAULT_FLASK = "gunicorn>=23,<28", "flask>=1,<4"
"""Installed if the app does not require them: releases that are known to work."""
NEWER_GUNICORN = f"gunicorn>={OLDEST_GUNICORN[0]}"
"""Replaces an older one that the app requires."""
EVENTLET_GUNICORN = "gunicorn>=25,<26"
"""The last releases with a worker for eventlet."""


def pip_install(wanted: Requirements | None, imported: tuple[str, ...], *, eventlet: bool = False) -> PipInstall:
    """Return what pip installs: the app's requirements, then gunicorn and Flask."""
    if wanted is None:
        return PipInstall(imported, added=(EVENTLET_GUNICORN if eventlet else DEFAULT_GUNICORN, DEFAULT_FLASK))
    server = DEFAULT_GUNICORN if "gunicorn" not in wanted.names else NEWER_GUNICORN if wanted.old_gunicorn else ""
    server = EVENTLET_GUNICORN if eventlet else server
    flask = "" if wanted.flask else DEFAULT_FLASK
    pins = (*wanted.pins, *wanted.constraints) if flask else ()
    return PipInstall(
        wanted.arguments,
        wanted.lines,
        wanted.constraints,
        wanted.apart,
        tuple(one for one in (server, flask) if one),
        tuple(pin for pin in dict.fromkeys(pins) if distribution_of(pin) != "gunicorn"),
        (wanted.file,),
    )
