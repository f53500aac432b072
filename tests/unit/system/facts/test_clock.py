import pytest

from piwizard.system.facts import Clock, LiveSource
from piwizard.system.facts.clock import read_clock_state


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("pi4-trixie", Clock(True, "systemd-timesyncd")),
        ("zero-w-bookworm", Clock(False, "systemd-timesyncd")),
        ("vm-bookworm-apache", Clock(True, "chrony")),
        ("docker-bookworm", Clock(None, None)),
    ],
)
def test_clock_state_comes_from_its_service(sample, name, found):
    assert read_clock_state(sample(name)) == found


def test_kernel_reports_the_clock_error():
    error = LiveSource().clock_error()
    assert error is None or 0 <= error <= 16_000_000
