"""Test findings about an address on trial, certificates that are due, and masked units."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from piwizard.changes.systemd_unit import RunningUnit
from piwizard.diagnosis import pending_address
from piwizard.network.address_trial import AddressTrial
from piwizard.system.certificates import X509Info
from piwizard.system.systemd import UnitState

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TRIED = AddressTrial("ab12", "eth0", "192.168.1.230/24", "192.168.1.4", 180, 0.0)


@pytest.mark.parametrize(
    ("tried", "ticking", "detail", "fix"),
    [
        (TRIED, True, "192.168.1.230 waits to be confirmed: 0 s left", "`piwizard confirm` to keep it. Wait"),
        (
            TRIED,
            False,
            "192.168.1.230 waits to be confirmed, without a time limit",
            "`piwizard undo static-ip` to restore",
        ),
        (None, False, "the old address is being restored", "`piwizard undo static-ip` to restore"),
    ],
)
def test_address_on_trial_is_reported(tried, ticking, detail, fix):
    finding = pending_address.judge_trial(tried, ticking=ticking)
    assert (finding.ok, finding.detail) == (False, detail)
    assert fix in finding.advice


@pytest.mark.parametrize(
    ("lasts", "left", "due"),
    [(90, 21, False), (90, 19, True), (90, -1, True), (45, 11, False), (45, 9, True), (6, 3, False), (6, 1, True)],
)
def test_certificate_is_due_in_its_last_days(lasts, left, due):
    ends = NOW + timedelta(days=left)
    assert X509Info(frozenset(), ends, "", ends - timedelta(days=lasts)).due(NOW) is due


class OneUnit:
    """A machine with one unit."""

    def __init__(self, state: UnitState) -> None:
        self.state = state

    def unit(self, name: str) -> UnitState:
        return self.state


def test_masked_unit_is_unmasked():
    masked = UnitState(exists=True, file="masked", active="inactive", stale=False)
    preview = RunningUnit("nginx.service").probe(OneUnit(masked), None)
    assert [argv[1] for argv in preview.argv] == ["unmask", "enable", "start"]
