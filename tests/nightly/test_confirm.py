"""Kill a confirmation or rollback at any line: one address remains."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from piwizard.sandbox import cgroups
from tests.lab import addresses, quickstart
from tests.lab.addresses import GRACE, NEW, VARIANTS, Street
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

SCRIPT = "/var/lib/piwizard/network/take-back"
FEW = 2
"""Points in the everyday tests; each one costs a trial of its own."""
SAMPLED = [
    pytest.param("trixie", FEW, id="trixie"),
    *(pytest.param(variant, 1000, id=f"{variant}-all") for variant in VARIANTS),
]
AT_LINE = """
import os, signal, sys
from piwizard.system import commands, files
from piwizard.network import address_rollback, address_trial

ours, left = {module.__file__ for module in (address_rollback, address_trial, files)}, int(sys.argv[1])

def line(frame, what, _):
    global left
    if frame.f_code.co_filename not in ours:
        return None
    left -= what == "line"
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return line

sys.settrace(line)
address_rollback.confirm_trial()
"""
ONCE = "[ -e /run/killed ] || { : > /run/killed; kill -9 $$; }"


@pytest.fixture
def street(lab: Lab, variant: str) -> Iterator[Street]:
    pi = addresses.ready_pi(lab, variant)
    yield Street(pi, lab.network.laptop.path)
    pi.discard()


@pytest.mark.parametrize(("variant", "most"), SAMPLED)
def test_confirm_killed_at_every_line_keeps_one_address(street: Street, most: int) -> None:
    """Expect one rename to decide whether the address stays.

    The trial continues before it, and ends with it.
    """
    pi, point, stayed = street.pi, 0, 0
    _begin(street)
    while stayed < most:
        point += 1
        killed = pi.run(("/opt/piwizard/venv/bin/python", "-c", AT_LINE, str(point)), check=False)
        assert killed.ok or killed.exit in (-9, 137), killed.errors
        assert street.addresses() == [NEW]
        if street.trial() is not None:
            assert not killed.ok
            continue
        stayed += 1
        _stays(street)
        if killed.ok:
            break
        pi.run(("piwizard", "undo", "static-ip", "--yes"))
        assert street.addresses() == [street.old]
        _begin(street)
    assert point > stayed, "it was never killed before the decision"


@pytest.mark.parametrize(("variant", "most"), SAMPLED)
def test_run_killed_at_every_event_keeps_the_confirmed_address(street: Street, most: int) -> None:
    pi = street.pi
    for point in range(most):
        _begin(street)
        (record,) = pi.files.glob(f"var/log/piwizard/{_run(pi)}/events.jsonl")
        before = _lines(record.read_bytes())
        unit = _unit(pi)
        if point == 0:  # the confirmation is not shown
            (unit / "cgroup.kill").write_text("1")
        pi.run(("piwizard", "confirm"))
        until = time.monotonic() + 60
        while unit.exists() and _lines(record.read_bytes()) < before + point:
            assert time.monotonic() < until
            time.sleep(0.001)
        came_so_far = unit.exists() or point == 0
        if unit.exists():
            (unit / "cgroup.kill").write_text("1")
        eventually(street.ended)
        assert street.addresses() == [NEW]
        assert street.trial() is None
        street.try_out(detach=False)
        _stays(street)
        if not came_so_far:
            break
        pi.run(("piwizard", "undo", "static-ip", "--yes"))
        assert street.addresses() == [street.old]


@pytest.mark.parametrize(
    ("variant", "every_line"),
    [
        pytest.param("trixie", False, id="trixie"),
        *(pytest.param(variant, True, id=f"{variant}-all") for variant in VARIANTS),
    ],
)
def test_rollback_script_killed_at_every_line_restores_the_address(street: Street, every_line: bool) -> None:
    """Expect systemd to run it again, so that the network always comes back."""
    pi, before, point = street.pi, street.settings(), 0
    while True:
        _begin(street)
        lines = pi.read(SCRIPT).splitlines()
        places = _places(lines) if every_line else [_after(lines, 'systemctl stop "$service"')]
        if point == len(places):
            break
        lines.insert(places[point], ONCE)
        pi.run(("rm", "-f", "/run/killed"))
        pi.write(SCRIPT, "\n".join([*lines, ""]))
        since = time.monotonic()
        pi.run(("systemctl", "start", "--no-block", "piwizard-network-take-back.service"))
        eventually(lambda: _killed_or_over(street), 60)  # some lines are for other network managers
        street.until_back(since, 2 * GRACE)
        pi.run(("systemctl", "stop", "piwizard-network-take-back.timer"))  # the timer did not start it
        _as_before(street, before)
        point += 1
    pi.run(("piwizard", "stop"))
    _as_before(street, before)


@pytest.mark.parametrize("variant", VARIANTS)
def test_rollback_script_killed_at_boot_restores_the_address(street: Street) -> None:
    before = street.settings()
    _begin(street)
    lines = street.pi.read(SCRIPT).splitlines()
    lines.insert(_after(lines, 'if [ -n "$connection" ]; then remove_new_files; fi'), ONCE)
    street.pi.write(SCRIPT, "\n".join([*lines, ""]))
    street.pi.power_cut()
    since = time.monotonic()
    street.pi.boot()
    street.until_back(since, 2 * GRACE)
    _as_before(street, before)


def _begin(street: Street) -> None:
    """Begin a trial that waits to be confirmed."""
    eventually(lambda: street.try_out(revert_after=3600))
    street.on_trial()


def _stays(street: Street) -> None:
    eventually(street.ended, 60)
    assert quickstart.states(street.pi)["static-ip"] == "done"
    assert street.addresses() == [NEW]
    again = street.pi.run(("piwizard", "confirm"), check=False)
    assert again.ok or "No address is on trial" in again.errors
    street.clean()
    street.reaches_the_world()


def _as_before(street: Street, settings: str) -> None:
    eventually(street.ended, 60)
    assert street.addresses() == [street.old]
    assert street.settings() == settings
    assert street.trial() is None
    street.clean()


def _killed_or_over(street: Street) -> None:
    killed = street.pi.run(("test", "-e", "/run/killed"), check=False).ok
    assert killed or street.trial() is None


def _places(lines: list[str]) -> list[int]:
    """Pause before each command, once the script runs alone."""
    first = _after(lines, "flock --timeout 60 9 || exit 1")
    inside = [number for number, line in enumerate(lines) if line.startswith("    ")]
    return sorted({*inside, *range(first, len(lines))})


def _after(lines: list[str], words: str) -> int:
    (at,) = [number for number, line in enumerate(lines) if line.strip() == words]
    return at + 1


def _run(pi: Pi) -> str:
    return _unit(pi).name.removeprefix("piwizard-run-").removesuffix(".service")


def _unit(pi: Pi) -> Path:
    """Return the control group of the run on this machine."""
    (init,) = [group for group in cgroups.process_groups(pi.container.leader) if (group / "cgroup.kill").exists()]
    (found,) = init.parent.glob("system.slice/piwizard-run-*")
    return found


def _lines(record: bytes) -> int:
    return record.count(b"\n")
