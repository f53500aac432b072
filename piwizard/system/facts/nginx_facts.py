"""nginx and what it stands on: versions from dpkg's own files, and its configuration judged by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

from piwizard.system.dpkg import upstream_version
from piwizard.system.facts.source import FactSource

PACKAGES = ("nginx", "nginx-core", "nginx-light", "nginx-full", "nginx-extras")
LIBRARIES = ("libssl3t64", "libssl3", "libssl1.1", "openssl")
PYTHON = "/usr/bin/python3"


def nginx_version(packages: Mapping[str, str]) -> str | None:
    """Upstream's version of the packaged nginx, "1.22.1". One that somebody compiled isn't seen."""
    return _first(packages, PACKAGES)


def openssl_version(packages: Mapping[str, str]) -> str | None:
    """Upstream's version of the newest OpenSSL library, which nginx uses, "3.0.15"."""
    return _first(packages, LIBRARIES)


def systemd_version(packages: Mapping[str, str]) -> str | None:
    """Upstream's version of systemd, "252.31"."""
    return _first(packages, ("systemd",))


def python_version(source: FactSource, packages: Mapping[str, str]) -> str | None:
    """The version of the system's python3: "3.11.2", or "3.11" where no package tells more."""
    name = (source.link(PYTHON) or "").rsplit("/", 1)[-1]
    if not re.fullmatch(r"python3\.\d+", name):
        return _first(packages, ("python3",))
    return _first(packages, (f"{name}-minimal", name)) or name.removeprefix("python")


def _first(packages: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((upstream_version(packages[name]) for name in names if name in packages), None)
