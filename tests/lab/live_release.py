"""Ask a Pi for its releases, and roll them back."""

from __future__ import annotations

import json
from datetime import datetime

from piwizard.system.commands import Result
from tests.lab import quickstart
from tests.lab.pi import Pi

MIGRATION = "def upgrade():\n    pass\n"


def page(pi: Pi) -> str:
    """Return the beginning of the site's first page."""
    return pi.http("/", host=quickstart.HOST).text.partition(".")[0]


def releases(pi: Pi) -> list[dict[str, object]]:
    """Return the releases of the site as `piwizard releases` lists them."""
    found = json.loads(pi.run(("piwizard", "releases", "--json")).output)
    return list(found["sites"]["myflask"])


def rollback(pi: Pi, *words: str) -> tuple[Result, float]:
    """Roll back, and return the result with the seconds from the start until the service has been restarted."""
    result = pi.run(("piwizard", "rollback", *words, "--json"), check=False)
    events = [json.loads(line) for line in result.output.splitlines()]
    restarts = [one["id"] for one in events if "try-restart" in one.get("argv", ())]
    ends = [one["at"] for one in events if one.get("event") == "command-finished" and one["id"] in restarts[:1]]
    if not ends:
        return result, 0.0
    began, served = (datetime.fromisoformat(at) for at in (events[0]["at"], ends[0]))
    return result, (served - began).total_seconds()
