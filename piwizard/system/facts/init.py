"""Read which program is process 1, and whether this is a container."""

from __future__ import annotations

import re

from piwizard.system.facts.machine_facts import Init
from piwizard.system.facts.source import FactSource


def read_init(source: FactSource) -> Init:
    """Read the init system.

    systemd must be process 1, because many containers have its folder, too.
    """
    name = (source.read("/proc/1/comm") or "").strip() or "unknown"
    booted = source.exists("/run/systemd/system")
    return Init(name=name, systemd=booted and name in {"systemd", "init", "unknown"}, container=_container(source))


def _container(source: FactSource) -> str | None:
    said = (source.read("/run/systemd/container") or "").strip()
    if said:
        return said
    found = re.search(r"(?:^|\0)container=([^\0]+)", source.read("/proc/1/environ") or "")
    if found:
        return found[1]
    if source.exists("/.dockerenv"):
        return "docker"
    return "podman" if source.exists("/run/.containerenv") else None
