"""Test that a restart that the setup waits for is named."""

from __future__ import annotations

import pytest

from piwizard.changes import interface
from piwizard.changes.base import RestartNeeded
from piwizard.changes.interface import InterfacesStarted, restart_marker
from piwizard.setup.pending_restart import pending_restart, restart_notice
from piwizard.setup.site_overview import SiteOverview, attention_of
from piwizard.system import boot_config


@pytest.fixture
def turned_on(own_places, monkeypatch):
    """Return a function that turns on interfaces, which then need a restart."""
    monkeypatch.setattr(boot_config, "is_present", lambda name: False)

    def turn_on(*names):
        for name in names:
            restart_marker(name).parent.mkdir(parents=True, exist_ok=True)
            restart_marker(name).touch()

    return turn_on


def test_nothing_waits_for_a_restart(turned_on):
    assert pending_restart() == ""


def test_waiting_interfaces_are_named_with_what_to_do(turned_on):
    turned_on("i2c", "camera")
    assert pending_restart() == (
        "I2C and the camera connector were turned on and work from the next restart of the Pi. Restart the Pi with "
        "`sudo reboot`, then run `piwizard apply`: it continues here."
    )


def test_overview_names_the_restart_instead_of_a_failure():
    blog, lamp = SiteOverview("blog", "failed"), SiteOverview("lamp", "failed", stopped=True)
    found = attention_of((blog, lamp), "I2C works from the next restart.")
    assert [(one.action, one.site) for one in found] == [("restart", None), ("failure", "blog")]
    assert [one.text for one in attention_of((lamp,))] == ["lamp: the installation is not finished."]


def test_restart_is_noticed_until_the_next_run(turned_on, tmp_path, monkeypatch):
    boot = tmp_path / "boot_id"
    monkeypatch.setattr(interface, "BOOT_ID", boot)
    boot.write_text("first")
    turned_on("i2c")
    with pytest.raises(RestartNeeded):
        InterfacesStarted(("i2c",)).apply(None)
    assert restart_notice() == pending_restart()
    restart_marker("i2c").unlink()  # as a restart does
    assert restart_notice() == ""  # the same boot: another run has removed the marker
    boot.write_text("second")
    assert restart_notice() == "The Pi was restarted. Run `piwizard apply` to continue the setup."
    interface.forget_restart()
    assert restart_notice() == ""


def test_overview_offers_to_continue_after_the_restart():
    (found,) = attention_of((SiteOverview("lamp", "failed", stopped=True),), restarted=True)
    assert (found.action, found.site) == ("resume", "lamp")
    assert found.text == "lamp: the Pi was restarted. The installation can continue."
