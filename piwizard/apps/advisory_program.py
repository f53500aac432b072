"""Ask PyPI for known vulnerabilities of packages. A program of its own.

systemd runs it with the system's Python, without rights and with limits, because it parses what a server sends. It
reads `{"index", "packages": [[name, version]]}` from stdin, and prints `{"advisories": […], "unknown": number}`.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.request import Request, urlopen

MAX_BYTES, MAX_SECONDS = 4 << 20, 10.0
"""For one package."""
AGENT = {"User-Agent": "piwizard"}


def look_up(index: str, name: str, version: str) -> list[dict[str, Any]]:
    """Return the advisories about one version of a package."""
    with urlopen(Request(f"{index}/pypi/{name}/{version}/json", headers=AGENT), timeout=MAX_SECONDS) as answer:
        whole = json.loads(answer.read(MAX_BYTES))
    valid = [one for one in whole["vulnerabilities"] if not one.get("withdrawn")]
    return [{"package": name, "version": version, "id": one["id"], "fixed": one["fixed_in"]} for one in valid]


def look_up_all(index: str, packages: list[list[str]]) -> dict[str, Any]:
    """Return the advisories about all packages, and how many could not be looked up."""
    found, unknown = [], 0
    for name, version in packages:
        try:
            found += look_up(index, name, version)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            unknown += 1
    return {"advisories": found, "unknown": unknown}


if __name__ == "__main__":
    print(json.dumps(look_up_all(**json.load(sys.stdin))))
