"""The socket and the service that run a site's app under gunicorn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """What a site's units are made from. Every path is absolute."""

    site: str
    user: str
    #: The checkout: the working directory.
    code: str
    venv: str
    #: "module:name", as gunicorn takes it.
    entry: str
    workers: int
    threads: int
    memory_high_mib: int
    memory_max_mib: int
    #: The version of gunicorn in the environment, such as (23, 0, 0).
    gunicorn: tuple[int, ...]
    environment_file: str | None = None
    #: What the app may write to; each must exist when the service starts.
    writable: tuple[str, ...] = ()
    pythonpath: str | None = None


def socket_path(site: str) -> str:
    """Where nginx finds gunicorn."""
    return f"/run/piwizard-{site}.sock"


def state_directory(site: str) -> str:
    """The app's HOME, which systemd makes, owned by the app's user."""
    return f"/var/lib/piwizard-{site}"


def render_socket(unit: Unit) -> str:
    """The text of SITE.socket."""
    raise NotImplementedError


def render_service(unit: Unit) -> str:
    """The text of SITE.service."""
    raise NotImplementedError
