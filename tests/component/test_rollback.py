"""Go back to an earlier release of an app without a failed request, and close it for maintenance."""

from __future__ import annotations

import json

from tests.lab import layers, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.live_release import MIGRATION, page, releases, rollback
from tests.lab.load import load, verdict
from tests.lab.pi import Pi

SECOND = sample_app.APP.replace('return "It works. "', 'return "Second. "')


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
    back, _ = rollback(pi, "--yes")
    answered, failed = verdict(visitors)
    assert back.exit == 0
    assert (answered > 20, failed, page(pi)) == (True, "", "It works")
    assert [one["in_use"] for one in releases(pi)] == [True, False]

    # It stays there: apply does nothing, and the repository's newest commit is not deployed by itself.
    assert "Nothing to do" in pi.run(("piwizard", "apply")).output
    pi.run(("piwizard", "autodeploy", "myflask"))
    assert page(pi) == "It works"

    # A closed site stays closed while its release is switched.
    pi.write("/srv/myflask/pages/maintenance.html", "<p>Back soon.")
    pi.run(("piwizard", "maintenance", "on"))
    pi.run(("piwizard", "undo", "rollback", "--yes"))
    closed = pi.http("/", host=quickstart.HOST)
    assert (closed.status, closed.text) == (503, "<p>Back soon.")
    assert closed.headers["retry-after"] == "300"
    assert json.loads(pi.run(("piwizard", "status", "--json")).output)["sites"][0]["maintenance"] is True
    assert "myflask is closed for maintenance" in pi.run(("piwizard", "status")).output
    pi.run(("piwizard", "maintenance", "off"))
    assert page(pi) == "Second"
    assert set(quickstart.states(pi).values()) == {"done"}
