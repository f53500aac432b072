"""Render the systemd socket and service that run a site's app under gunicorn."""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.apps import network_access
from piwizard.apps.layout import SiteLayout
from piwizard.apps.process_model import GTHREAD
from piwizard.apps.smoke_test import MAX_START_SECONDS
from piwizard.errors import PiwizardError
from piwizard.system.app_sandbox import egress_values, has_homes
from piwizard.system.devices import NOTIFICATION_FOLDER, device_values, uses_bus
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.quoting import unit_argument, unit_word
from piwizard.templates.render import render

SERVICE_OOM_SCORE = 500
"""If memory runs out, the kernel kills a site before sshd. Builds and smoke tests go first."""


@dataclass(frozen=True)
class AppUnit:
    """The values for a site's units. All paths are absolute."""

    site: str
    user: str
    #: The checkout: the working directory.
    code: str
    venv: str
    #: "module:name", as gunicorn takes it.
    entry: str
    workers: int
    threads: int
    #: The version of gunicorn in the environment, such as (23, 0, 0).
    gunicorn: tuple[int, ...]
    #: The app's HOME.
    home: str
    environment_file: str | None = None
    #: Paths that the app may write; each must exist when the service starts.
    writable: tuple[str, ...] = ()
    pythonpath: str | None = None
    #: What the app may reach: "internet", or "home" for the home network too.
    network: str = network_access.INTERNET
    #: gunicorn's worker class: threads, or what the app asks for.
    worker_class: str = GTHREAD
    #: Whether it may talk to other programs over D-Bus.
    dbus: bool = False
    #: The device classes that it may use.
    hardware: tuple[str, ...] = ()
    #: The command line of the app.
    arguments: tuple[str, ...] = ()
    #: Pairs of a folder and the path where the app sees it.
    binds: tuple[tuple[str, str], ...] = ()


def socket_path(site: str) -> str:
    """Return the path of the socket that nginx connects to."""
    return f"/run/piwizard-{site}.sock"


def render_socket(unit: AppUnit) -> str:
    """Return the text of SITE.socket."""
    _check(unit)
    return render("systemd/app.socket.j2", site=unit.site, socket=socket_path(unit.site))


def render_service(unit: AppUnit) -> str:
    """Return the text of SITE.service."""
    command = " ".join([unit_word(f"{unit.venv}/bin/gunicorn"), *map(unit_argument, _arguments(unit))])
    return render("systemd/app.service.j2", command=command, **service_values(unit))


def service_values(unit: AppUnit) -> dict[str, object]:
    """Return what the templates of all services of an app need.

    These are environment, sandbox, hardware and network access.
    """
    _check(unit)
    return {
        "site": unit.site,
        "user": unit.user,
        "code": unit.code,
        "venv": unit.venv,
        "home": unit.home,
        "environment_file": unit.environment_file,
        "writable": (*unit.writable, *(target for _, target in unit.binds)),
        "binds": unit.binds,
        "homes": has_homes(Path(target) for _, target in unit.binds),
        "oom_score": SERVICE_OOM_SCORE,
        "pythonpath": unit.pythonpath,
        "guard": network_access.SERVICE if unit.network == network_access.INTERNET else None,
        "notifications": NOTIFICATION_FOLDER if "gpio" in unit.hardware else None,
        **egress_values(unit.network, dbus=unit.dbus or uses_bus(unit.hardware)),
        **device_values(unit.hardware),
    }


def _arguments(unit: AppUnit) -> list[str]:
    options = {
        "config": str(SiteLayout(unit.site, "").gunicorn_config),
        "worker-class": unit.worker_class,
        "workers": unit.workers,
        **({"threads": unit.threads} if unit.worker_class == GTHREAD else {}),
        "keep-alive": 75,
        # Also applies while a worker loads the app: with less than the smoke test allows, it would restart forever.
        "timeout": MAX_START_SECONDS,
        "graceful-timeout": 30,
        "worker-tmp-dir": "/dev/shm",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    if unit.gunicorn >= (25, 1):  # opens one by default; older versions do not know the option
        arguments.append("--no-control-socket")
    return [*arguments, *(("--", unit.entry, *unit.arguments) if unit.arguments else (unit.entry,))]


def _check(unit: AppUnit) -> None:
    """Refuse values that would be a security hole; answers were validated before."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", unit.site):
        raise PiwizardError(f"{unit.site!r} is not a valid site name: use a-z, 0-9 and hyphens.", key="site.name")
    if not re.fullmatch(r"[a-z_][a-z0-9_-]*", unit.user):
        raise PiwizardError(f"{unit.user!r} is not a valid name of a system user.")
    if not unit.entry or unit.entry.startswith("-"):
        raise PiwizardError(f"{unit.entry!r} is not a valid entry: use the form module:name.", key="app.entry")
    for path in (unit.code, unit.venv, unit.home, *unit.writable, unit.environment_file, unit.pythonpath):
        if path is not None and not path.startswith("/"):
            raise PiwizardError(f"{path!r} must be an absolute path.")
    if set(unit.venv) & set("'\"\\"):  # systemd starts no program with these in its path, quoted or not
        raise PiwizardError(f"{unit.venv!r} cannot be used by systemd: it contains a quote or a backslash.")
    if min(unit.workers, unit.threads) < 1:
        raise PiwizardError("Workers and threads must be at least 1.")
