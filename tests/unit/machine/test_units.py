"""What systemd says of units, as it was recorded."""

from __future__ import annotations

import pytest

from piwizard.machine import units
from piwizard.machine.units import NOT_THERE, UnitState


def block(**fields):
    known = {"LoadState": "loaded", "UnitFileState": "enabled", "ActiveState": "active", "NeedDaemonReload": "no"}
    return "".join(f"{name}={value}\n" for name, value in (known | fields).items())


def test_one_block_a_unit():
    text = "\n".join([block(Id="a.service"), block(Id="b.socket", ActiveState="failed", NeedDaemonReload="yes")])
    found = units.parse(text, ["a.service", "b.socket"])
    assert found["a.service"] == UnitState(exists=True, file="enabled", active="active", stale=False)
    assert found["b.socket"] == UnitState(exists=True, file="enabled", active="failed", stale=True)


def test_a_unit_that_is_not_there():
    text = block(Id="x.service", LoadState="not-found", UnitFileState="", ActiveState="inactive")
    assert units.parse(text, ["x.service"])["x.service"] == NOT_THERE


@pytest.mark.parametrize("text", ["", "\n\n", "Failed to connect to bus"])
def test_where_systemd_says_nothing(text):
    assert not units.parse(text, ["a.service"])["a.service"].exists


@pytest.mark.parametrize(
    ("active", "running"),
    [("active", True), ("activating", True), ("reloading", True), ("failed", False), ("inactive", False),
     ("deactivating", False)],
)  # fmt: skip
def test_running(active, running):
    assert UnitState(exists=True, file="enabled", active=active, stale=False).running == running


@pytest.mark.parametrize(
    ("file", "enabled"),
    [
        ("enabled", True),
        ("static", True),
        ("disabled", False),
        ("masked", False),
        ("enabled-runtime", False),
        ("", False),
    ],
)
def test_enabled(file, enabled):
    assert UnitState(exists=True, file=file, active="active", stale=False).enabled == enabled


def test_nothing_asked():
    assert units.ask([]) == {}
