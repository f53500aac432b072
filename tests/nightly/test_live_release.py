"""Test rollback, maintenance and automatic deploys through power cuts, and an app that only one process may serve."""

from __future__ import annotations

import json
import os

import pytest

from tests.lab import layers, online, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.faults.run import next_run, rest
from tests.lab.lab import Lab
from tests.lab.live_release import MIGRATION, page, releases, rollback
from tests.lab.load import load, verdict
from tests.lab.pi import Pi

MOST_SECONDS = 5
"""It takes longer in proportion, if other tests run beside this one."""
ANSWERS = "/etc/xdg/piwizard/answers.toml"
POINTS = (2, 5, 8, 11)
"""Events of a run at which the power fails: around the switch from one release to the other."""
EXCLUSIVE = """
import socket

listener = socket.socket()
listener.bind(("127.0.0.1", 9000))
"""
STARTS_ONLY_ONCE = EXCLUSIVE + "raise OSError('the port answers, but the sensor does not')\n"


def sample(text: str, more: str = "") -> str:
    """Return the sample app with another first page, and with more code."""
    return sample_app.APP.replace('return "It works. "', f'return "{text}. "') + more


def in_use(pi: Pi) -> str:
    """Return the name of the release in use."""
    return next(str(one["release"]) for one in releases(pi) if one["in_use"])


def answer(pi: Pi, line: str) -> None:
    """Add a line to the table of the app in the answers."""
    pi.write(ANSWERS, pi.read(ANSWERS).replace("[app]\n", f"[app]\n{line}\n", 1))


def test_rollback_takes_seconds_and_survives_a_restart(lab: Lab, served_pi: Pi) -> None:
    pi = served_pi
    (first,) = releases(pi)
    lab.git.commit(layers.REPOSITORY, {"app.py": sample("Second"), "migrations/one.py": MIGRATION})
    pi.run(("piwizard", "deploy", "--yes"))
    visitors = load(lab, pi)
    back, seconds = rollback(pi, "--yes")
    answered, failed = verdict(visitors)
    assert back.exit == 0
    assert (answered > 20, failed, page(pi)) == (True, "", "It works")
    others = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert 0 < seconds <= MOST_SECONDS * others, f"{seconds} seconds until the earlier release is served"
    pi.reboot()
    assert eventually(lambda: page(pi), 60) == "It works"
    pi.run(("piwizard", "undo", "rollback", "--yes"))
    assert page(pi) == "Second"
    assert "Nothing to do" in pi.run(("piwizard", "apply")).output
    assert rollback(pi, str(first["release"]), "--yes")[0].exit == 0
    assert page(pi) == "It works"
    pi.run(("piwizard", "deploy", "--yes"))
    assert page(pi) == "Second"
    assert set(quickstart.states(pi).values()) == {"done"}


def test_exclusive_app_rolls_back_and_stays_if_the_earlier_release_fails(lab: Lab, served_pi: Pi) -> None:
    """Stop an app that holds a port, start the other release, and return if that does not answer."""
    pi = served_pi
    lab.git.commit(layers.REPOSITORY, {"app.py": sample("First", EXCLUSIVE)})
    pi.run(("piwizard", "deploy", "--yes"))
    lab.git.commit(layers.REPOSITORY, {"app.py": sample("Second", EXCLUSIVE)})
    pi.run(("piwizard", "deploy", "--yes"))
    assert page(pi) == "Second"
    visitors = load(lab, pi)
    back, _ = rollback(pi, "--yes")
    answered, failed = verdict(visitors)
    assert back.exit == 0, back.output
    assert (answered > 20, failed, page(pi)) == (True, "", "First")
    pi.run(("piwizard", "undo", "rollback", "--yes"))
    assert page(pi) == "Second"

    earlier = next(one for one in releases(pi) if not one["in_use"])
    code = f"/srv/myflask/releases/{earlier['release']}/app/app.py"
    pi.write(code, sample("First", STARTS_ONLY_ONCE))
    failed_back, _ = rollback(pi, "--yes")
    assert failed_back.exit == 1
    assert page(pi) == "Second"
    assert quickstart.states(pi)["app"] in ("done", "failed")
    pi.run(("systemctl", "restart", "myflask.service"))
    assert eventually(lambda: page(pi), 60) == "Second"


def test_maintenance_survives_everything_but_off(lab: Lab, release: str) -> None:
    pi = layers.https_pi(lab, release)
    try:
        with online.at_home(lab, pi):
            _maintain(lab, pi)
    finally:
        pi.discard()


def _maintain(lab: Lab, pi: Pi) -> None:
    def seen() -> tuple[int, str]:
        answered = lab.internet.visitor.http(quickstart.HOST, scheme="https")
        return answered.status, answered.text

    answer(pi, 'pages = "pages"')
    lab.git.commit(
        layers.REPOSITORY,
        {"pages/maintenance.html": "<p>From the repository.", "pages/502.html": "<p>Away."},
        links={"pages/503.html": "/etc/shadow"},
    )
    pi.run(("piwizard", "deploy", "--yes"))
    pi.run(("piwizard", "maintenance", "on"))
    assert eventually(seen, 60) == (503, "<p>From the repository.")
    lab.git.commit(layers.REPOSITORY, {"app.py": sample("Second")})
    pi.run(("piwizard", "deploy", "--yes"))
    pi.run(("piwizard", "apply", "--yes"))
    assert seen() == (503, "<p>From the repository.")
    pi.run(("certbot", "renew", "--dry-run", "--cert-name", "piwizard-myflask", "--no-random-sleep-on-renew"))
    pi.reboot()
    online.connect(lab, pi)
    assert eventually(seen, 60) == (503, "<p>From the repository.")
    pi.write("/srv/myflask/pages/maintenance.html", "<p>From a person.")
    assert seen() == (503, "<p>From a person.")
    pi.run(("ln", "-sf", "/etc/shadow", "/srv/myflask/pages/maintenance.html"))
    status, text = seen()
    assert (status, "root:" in text) == (503, False)
    pi.run(("piwizard", "undo", "maintenance", "--yes"))
    assert eventually(seen, 60)[1].startswith("Second.")
    pi.run(("systemctl", "stop", "myflask.socket", "myflask.service"))
    assert seen() == (502, "<p>Away.")


@pytest.mark.parametrize("point", POINTS)
def test_power_cut_during_rollback_leaves_one_of_the_two(lab: Lab, served_pi: Pi, point: int) -> None:
    pi = served_pi
    lab.git.commit(layers.REPOSITORY, {"app.py": sample("Second")})
    pi.run(("piwizard", "deploy", "--yes"))
    texts = dict(zip((str(one["release"]) for one in releases(pi)), ("Second", "It works"), strict=True))
    _cut(pi, ("piwizard", "rollback", "--yes"), point)
    served = eventually(lambda: page(pi), 120)
    assert served == texts[in_use(pi)]
    pi.run(("piwizard", "apply", "--yes"))
    assert page(pi) == served
    assert set(quickstart.states(pi).values()) == {"done"}
    back = {"Second": ("rollback",), "It works": ("undo", "rollback")}[served]
    pi.run(("piwizard", *back, "--yes"))
    assert page(pi) == ({"Second", "It works"} - {served}).pop()


@pytest.mark.parametrize("point", [8, 24, 40])
def test_power_cut_during_an_automatic_deploy_leaves_one_of_the_two(lab: Lab, served_pi: Pi, point: int) -> None:
    pi = served_pi
    answer(pi, 'deploy = "poll"')
    pi.run(("piwizard", "apply", "deploys", "--yes"))
    (first,) = releases(pi)
    lab.git.commit(layers.REPOSITORY, {"app.py": sample("Second")})
    _cut(pi, ("systemctl", "start", "--no-block", "piwizard-deploy-myflask.service"), point)
    served = eventually(lambda: page(pi), 120)
    assert served == ("It works" if in_use(pi) == first["release"] else "Second")
    pi.run(("systemctl", "start", "piwizard-deploy-myflask.service"), timeout=600)
    rest(pi)
    assert page(pi) == "Second"
    assert set(quickstart.states(pi).values()) == {"done"}
    # Who deployed it is unknown if the power failed between the switch and its record.
    assert releases(pi)[0]["deployed_by"] in ("poll", None)
    said = json.loads(pi.run(("piwizard", "status", "--json")).output)["sites"][0]
    assert said["deploys"]["ways"] == ["poll"]


def _cut(pi: Pi, argv: tuple[str, ...], point: int) -> None:
    """Cut the power when the run that a command starts has written this many events, and boot."""
    with next_run(pi) as started:
        process = pi.start(argv)
        run = started()
    run.until(point)
    pi.power_cut()
    process.wait()
    pi.boot()
    rest(pi)
