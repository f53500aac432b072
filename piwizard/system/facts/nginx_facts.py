"""Read the versions of nginx, OpenSSL, Python and systemd from dpkg's packages."""

from __future__ import annotations

import re
from collections.abc import Mapping

from piwizard.system.dpkg import upstream_version
from piwizard.system.facts.source import FactSource

PACKAGES = ("nginx", "nginx-core", "nginx-light", "nginx-full", "nginx-extras")
LIBRARIES = ("libssl3t64", "libssl3", "libssl1.1", "openssl")
PYTHON = "/usr/bin/python3"


def nginx_version(packages: Mapping[str, str]) -> str | None:
    """Return upstream's version of the packaged nginx, such as "1.22.1"."""
    return _first(packages, PACKAGES)


def openssl_version(packages: Mapping[str, str]) -> str | None:
    """Return upstream's version of the newest OpenSSL library, such as "3.0.15"."""
    return _first(packages, LIBRARIES)


def systemd_version(packages: Mapping[str, str]) -> str | None:
    """Return upstream's version of systemd, such as "252.31"."""
    return _first(packages, ("systemd",))


def python_version(source: FactSource, packages: Mapping[str, str]) -> str | None:
    """Return the version of the system's python3: "3.11.2", or only "3.11"."""
    name = (source.link(PYTHON) or "").rsplit("/", 1)[-1]
    if not re.fullmatch(r"python3\.\d+", name):
        return _first(packages, ("python3",))
    return _first(packages, (f"{name}-minimal", name)) or name.removeprefix("python")


def _first(packages: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((upstream_version(packages[name]) for name in names if name in packages), None)
