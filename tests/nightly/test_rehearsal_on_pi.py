"""Rehearse on a Pi itself, where systemd is PID 1 and owns the control groups."""

from __future__ import annotations

import json

from tests.lab.eventually import eventually
from tests.lab.pi import Pi
from tests.lab.product import PUSHED

COMMANDS = (
    ("dpkg", "-l"),
    ("find", "/etc", "-printf", "%p %y %m %U:%G %s %T@ %l\n"),
    ("find", "/run", "-name", "*piwizard*", "-o", "-path", "/run/netns*", "-o", "-path", "/run/systemd/nspawn*"),
    ("cat", "/proc/self/mounts"),
    ("ip", "-o", "link", "show"),
    ("systemctl", "list-units", "--all", "--plain", "--no-legend", "*rehears*"),
    ("find", "/sys/fs/cgroup", "-name", "*rehears*"),
    ("find", "/var/cache", "/opt", "/srv", "-maxdepth", "1"),
)


def test_rehearsal_on_a_pi_leaves_nothing_behind(ready_pi: Pi) -> None:
    # The packages of a rehearsal; install.sh names them all before it installs one.
    ready_pi.run([f"{PUSHED}/install.sh", "rehearse", "--help"])
    before = [ready_pi.run(argv).output for argv in COMMANDS]
    result = ready_pi.run(["piwizard", "rehearse", "--json"], check=False)
    assert result.ok, f"{result.output[-3000:]}{result.errors}"
    finished = json.loads(result.output.splitlines()[-2])
    assert finished["ok"]
    assert {check["step"] for check in finished["checks"]} >= {"system", "nginx", "app", "gunicorn", "site"}
    after = [ready_pi.run(argv).output for argv in COMMANDS]
    assert after == before
    # The next one removes what was killed, even if systemd owns its groups.
    killed = ready_pi.start(["piwizard", "rehearse", "--json"])
    eventually(lambda: ready_pi.run(["systemctl", "is-active", "piwizard-rehearsal-*"]), timeout=60)
    ready_pi.run(["pkill", "-KILL", "-f", "piwizard rehearse"])
    killed.wait()
    eventually(lambda: _same(ready_pi.run(["systemctl", "is-active", "piwizard-rehearsal-*"], check=False).ok, False))
    interrupted = ready_pi.run(
        ["timeout", "--preserve-status", "--signal=INT", "5", "piwizard", "rehearse", "--json"], check=False
    )
    assert interrupted.exit == 130
    assert [ready_pi.run(argv).output for argv in COMMANDS] == before


def _same(one: object, other: object) -> None:
    assert one == other
