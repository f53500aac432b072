"""Decide what pip installs into an app's environment."""

from __future__ import annotations

from piwizard.apps.old_flask import old_flask_limits
from piwizard.apps.process_model import ASGI, EVENTLET, GEVENT, GEVENT_WEBSOCKET, GTHREAD
from piwizard.apps.requirements import OLDEST_GUNICORN, Requirements
from piwizard.apps.version_specs import distribution_of
from piwizard.changes.pip_install import PipInstall

DEFAULT_GUNICORN, DEFAULT_FLASK = "gunicorn>=23,<28", "flask>=1,<4"
"""Installed if the app does not require them: releases that are known to work."""
NEWER_GUNICORN = f"gunicorn>={OLDEST_GUNICORN[0]}"
"""Replaces an older one that the app requires."""
GUNICORN_WITH_WORKER = {EVENTLET: "gunicorn>=25,<26", ASGI: "gunicorn>=26.2,<28"}
"""The releases that have the worker class, and that end it well.

26 dropped eventlet. With ASGI, those before 26.2 wait for open WebSockets when they stop, and 25.3 fails the requests
that are under way.
"""
GEVENT_WORKER_NEEDS = "packaging"


def pip_install(wanted: Requirements | None, imported: tuple[str, ...], worker_class: str = GTHREAD) -> PipInstall:
    """Return what pip installs: the app's requirements, then gunicorn and Flask."""
    special = GUNICORN_WITH_WORKER.get(worker_class, "")
    worker = (GEVENT_WORKER_NEEDS,) if worker_class in (GEVENT, GEVENT_WEBSOCKET) else ()
    if wanted is None:
        return PipInstall(imported, added=(special or DEFAULT_GUNICORN, *worker, DEFAULT_FLASK))
    server = DEFAULT_GUNICORN if "gunicorn" not in wanted.names else NEWER_GUNICORN if wanted.old_gunicorn else ""
    server = special or server
    flask = "" if wanted.flask else DEFAULT_FLASK
    pins = (*wanted.pins, *wanted.constraints) if flask else ()
    return PipInstall(
        wanted.arguments,
        wanted.lines,
        (*wanted.constraints, *old_flask_limits(wanted)),
        wanted.apart,
        tuple(one for one in (server, *worker, flask) if one),
        tuple(pin for pin in dict.fromkeys(pins) if distribution_of(pin) != "gunicorn"),
        (wanted.file,),
    )
