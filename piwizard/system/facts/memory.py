"""Read the size of memory and swap."""

from __future__ import annotations

import re

from piwizard.system.facts.machine_facts import MemoryFacts
from piwizard.system.facts.source import FactSource

CGROUP_LIMIT = "/sys/fs/cgroup/memory.max"


def read_memory(source: FactSource) -> MemoryFacts:
    """Read /proc/meminfo, and the limit of a container."""
    found = parse_meminfo(source.read("/proc/meminfo") or "")
    limit = (source.read(CGROUP_LIMIT) or "").strip()
    if not limit.isdigit():
        return found
    most = int(limit) >> 20
    return MemoryFacts(min(found.total, most), min(found.available, most), found.swap)


def parse_meminfo(meminfo: str) -> MemoryFacts:
    """Parse /proc/meminfo; missing values are 0."""
    kib = {name: int(size) for name, size in re.findall(r"^(\w+):\s+(\d+) kB$", meminfo, re.M)}
    # MemAvailable is missing on kernels before 3.14.
    available = kib.get("MemAvailable", kib.get("MemFree", 0) + kib.get("Cached", 0))
    return MemoryFacts(kib.get("MemTotal", 0) >> 10, available >> 10, kib.get("SwapTotal", 0) >> 10)
