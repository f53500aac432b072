"""Go back to an earlier release of an app: in seconds, without a failed request."""

from __future__ import annotations

import json
from datetime import datetime

from piwizard.system.commands import Result
from tests.lab import layers, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.load import load, verdict
from tests.lab.pi import Pi

SECOND = sample_app.APP.replace('return "It works. "', 'return "Second. "')
MIGRATION = "def upgrade():\n    pass\n"
MOST_SECONDS = 60
"""It takes less than 5 beside nothing else; other tests run beside this one."""


def page(pi: Pi) -> str:
    return pi.http("/", host=quickstart.HOST).text.partition(".")[0]


def releases(pi: Pi) -> list[dict[str, object]]:
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


def test_rollback_fails_no_request_and_stays(lab: Lab, served_pi: Pi) -> None:
    pi = served_pi
    lab.git.commit(layers.REPOSITORY, {"app.py": SECOND, "migrations/one.py": MIGRATION})
    pi.run(("piwizard", "deploy", "--yes"), env={"SUDO_USER": "alex"})
    second, first = releases(pi)
    assert (second["deployed_by"], second["in_use"]) == ("alex", True)
    assert second["bytes"] > 1_000_000
    assert first["deployed_by"]

    asked, _ = rollback(pi)
    assert asked.exit == 1
    assert "migrations differ between the two (migrations/one.py)" in asked.output
    assert page(pi) == "Second"

    visitors = load(lab, pi)
    back, seconds = rollback(pi, "--yes")
    answered, failed = verdict(visitors)
    assert back.exit == 0
    assert (answered > 20, failed, page(pi)) == (True, "", "It works")
    assert 0 < seconds <= MOST_SECONDS, f"{seconds} seconds until the earlier release is served"
    assert [one["in_use"] for one in releases(pi)] == [True, False]

    # It stays there: apply does nothing, and the repository's newest commit is not deployed by itself.
    assert "Nothing to do" in pi.run(("piwizard", "apply")).output
    pi.run(("piwizard", "autodeploy", "myflask"))
    assert page(pi) == "It works"
    pi.reboot()
    assert eventually(lambda: page(pi)) == "It works"

    pi.run(("piwizard", "undo", "rollback", "--yes"))
    assert page(pi) == "Second"
    assert "Nothing to do" in pi.run(("piwizard", "apply")).output
    assert rollback(pi, first["release"], "--yes")[0].exit == 0
    assert page(pi) == "It works"
    pi.run(("piwizard", "deploy", "--yes"))
    assert page(pi) == "Second"
    assert set(quickstart.states(pi).values()) == {"done"}
