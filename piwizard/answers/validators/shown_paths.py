"""Validate where an app sees its data and its code besides their own folders."""

from __future__ import annotations

import re
from typing import Any

from piwizard.answers.validators.basic import Invalid

SHOWN = re.compile(r"/(?:root|home/[A-Za-z0-9._-]+|(?:mnt|media)/[A-Za-z0-9._-]+)(?:/[A-Za-z0-9._@+-]+)*", re.ASCII)
DISK = re.compile(r"/(?:mnt|media)/")
MAX_PATHS = 20


def shown_paths(value: Any) -> dict[str, str]:
    """Accept a table from full paths to "data", "code" or, for a disk, itself."""
    if not isinstance(value, dict) or len(value) > MAX_PATHS:
        raise Invalid('must be a table such as { "/home/pi/sensor" = "data" }')
    found: dict[str, str] = {}
    for name, target in value.items():
        path = name.rstrip("/")
        if not SHOWN.fullmatch(path) or {".", ".."} & set(path.split("/")) or len(path) > 200:
            raise Invalid(f"has the path {name[:200]!r}, which must be below /home, /root, /mnt or /media")
        kept = target.rstrip("/") if isinstance(target, str) else target
        if kept not in ("data", "code") and not (kept == path and DISK.match(path)):
            raise Invalid(
                f'must say "data" or "code" for {path}' + (", or the path itself" if DISK.match(path) else "")
            )
        found[path] = kept
    for one in found:
        if inside := next((other for other in found if other.startswith(f"{one}/")), None):
            raise Invalid(f"must not have {inside} inside {one}")
    return found
