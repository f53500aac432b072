"""Test turning on an interface of the Pi, and off again.

The file or raspi-config does it.
"""

from __future__ import annotations

import pytest

from piwizard.changes import interface
from piwizard.changes.base import RestartNeeded
from piwizard.changes.interface import InterfacesStarted, PiInterface, restart_marker
from piwizard.engine.undo_journal import Journal
from piwizard.system import boot_config, commands

SHIPPED = "# hardware\n#dtparam=i2c_arm=on\n[all]\n"


@pytest.fixture(autouse=True)
def pi(own_places, tmp_path, monkeypatch):
    """Hide the program and the node, in case this machine has them."""
    monkeypatch.setattr(commands, "which", lambda program: None)
    monkeypatch.setattr(boot_config, "is_present", lambda name: False)
    monkeypatch.setattr(interface, "MODULES", tmp_path / "modules-load.d")
    (tmp_path / "modules-load.d").mkdir()
    (tmp_path / "config.txt").write_text(SHIPPED)


def undone(working, backups):
    journal = Journal(backups, "app", "lamp").shared()
    work = working("app", "lamp")
    from piwizard.changes import UNDO

    for record in reversed([one for one in journal.records() if one["kind"] in UNDO]):
        UNDO[record["kind"]](record, work)


def test_line_is_written_and_undo_restores_the_file(working, backups, tmp_path):
    config = tmp_path / "config.txt"
    work = working("app", "lamp")
    assert work.make(PiInterface("i2c", config))
    assert "\ndtparam=i2c_arm=on\n" in config.read_text()
    assert (tmp_path / "modules-load.d" / "piwizard-i2c-dev.conf").read_text() == "i2c-dev\n"
    assert not work.make(PiInterface("i2c", config))
    undone(working, backups)
    assert config.read_text() == SHIPPED
    assert not (tmp_path / "modules-load.d" / "piwizard-i2c-dev.conf").exists()


def test_restart_is_requested_until_the_interface_works(working, tmp_path, monkeypatch):
    work = working("app", "lamp")
    assert not work.make(InterfacesStarted(("i2c",)))
    work.make(PiInterface("i2c", tmp_path / "config.txt"))
    with pytest.raises(RestartNeeded, match="I2C was turned on and works from the next restart") as raised:
        work.make(InterfacesStarted(("i2c", "spi")))
    assert "sudo reboot" in raised.value.hint
    restart_marker("i2c").unlink()  # as a restart does
    assert not work.make(InterfacesStarted(("i2c", "spi")))
    restart_marker("i2c").touch()
    monkeypatch.setattr(boot_config, "is_present", lambda name: True)
    assert not work.make(InterfacesStarted(("i2c", "spi")))


def test_raspi_config_turns_on_and_off(working, backups, tmp_path, monkeypatch):
    called, config = tmp_path / "called", tmp_path / "config.txt"
    program = tmp_path / "raspi-config"
    program.write_text(f'#!/bin/sh\necho "$@" >> {called}\n[ $3 = 1 ] || echo dtparam=spi=on >> {config}\n')
    program.chmod(0o755)
    monkeypatch.setattr(interface, "RASPI_CONFIG", str(program))
    monkeypatch.setattr(commands, "which", lambda name: name)
    work = working("app", "lamp")
    assert work.make(PiInterface("spi", config))
    assert not work.make(PiInterface("spi", config))
    undone(working, backups)
    assert called.read_text() == "nonint do_spi 0\nnonint do_spi 1\n"


def test_login_on_the_serial_port_is_named(tmp_path, working):
    (tmp_path / "cmdline.txt").write_text("console=serial0,115200 console=tty1 root=PARTUUID=1\n")
    work = working("app", "lamp")
    preview = PiInterface("serial", tmp_path / "config.txt").probe(work.machine, work)
    assert [one for one in preview.warnings if "do_serial_cons 1" in one]
