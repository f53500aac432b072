"""nginx and what it stands on: versions from dpkg's own files, and its configuration judged by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from piwizard.system.dpkg import upstream
from piwizard.system.facts.source import NOT_FOUND, FactSource

PACKAGES = ("nginx", "nginx-core", "nginx-light", "nginx-full", "nginx-extras")
LIBRARIES = ("libssl3t64", "libssl3", "libssl1.1", "openssl")
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Soundness:
    """Whether nginx accepts its configuration, and its `words`. `sound` None: it could not be asked, and why."""

    sound: bool | None
    words: str


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


def soundness(source: FactSource) -> Soundness:
    """Runs `nginx -t`, which needs root to read the keys; takes up to a second, so nothing calls it unasked."""
    if not source.root():
        return Soundness(None, "only root can ask nginx about its configuration")
    code, output = source.run(["nginx", "-t"])
    if code == NOT_FOUND:
        return Soundness(None, "nginx is not installed")
    return Soundness(code == 0, output.strip())


def _first(packages: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((upstream(packages[name]) for name in names if name in packages), None)
