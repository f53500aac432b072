"""Test that a setup continues after the restart that an interface needs."""

from __future__ import annotations

import pytest

from tests.lab import hardware, quickstart
from tests.lab.lab import Lab
from tests.lab.pi import Pi

HOST = "sensor.example.org"
APP = """
import os

from flask import Flask
from smbus2 import SMBus

app = Flask(__name__)


@app.route("/")
def home():
    os.close(os.open("/dev/i2c-1", os.O_RDWR))
    return "the bus is open"
"""
FILES = {"app.py": APP, "smbus2.py": "class SMBus: pass\n", "requirements.txt": "flask\n"}
ANSWERS = f'[sites.sensor.site]\ndomains = ["{HOST}"]\n\n[sites.sensor.app]\nrepo = "{{repo}}"\nhardware = ["i2c"]\n'
CONFIG = "/boot/firmware/config.txt"
SHIPPED = "# hardware\n#dtparam=i2c_arm=on\n\n[all]\n"
NODES = "/etc/tmpfiles.d/hardware.conf"
RESTARTED = "sensor: the Pi was restarted. The installation can continue. Run `piwizard apply`."


@pytest.fixture
def pi(lab: Lab) -> Pi:
    """Return a Pi whose I2C bus is off: the kernel makes its node when config.txt turns it on."""
    made = lab.pi("trixie", layer=hardware.attached(lab, "trixie"))
    made.write(NODES, made.read(NODES).replace("c /dev/i2c-1", "#c /dev/i2c-1"))
    made.run(("rm", "-f", "/dev/i2c-1"))
    made.run(("mkdir", "-p", "/boot/firmware"))
    made.write(CONFIG, SHIPPED)
    return made


def restart(pi: Pi) -> None:
    """Restart the Pi; its kernel reads config.txt then."""
    if "\ndtparam=i2c_arm=on\n" in pi.read(CONFIG):
        pi.write(NODES, pi.read(NODES).replace("#c /dev/i2c-1", "c /dev/i2c-1"))
    pi.reboot()


def test_setup_continues_after_the_restart_for_an_interface(lab: Lab, pi: Pi) -> None:
    lab.git.start_over("sensor", FILES)
    pi.write(quickstart.ANSWERS, ANSWERS.format(repo=lab.git.url("sensor")))
    first = quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS, check=False)
    assert "Not finished: I2C was turned on and works from the next restart of the Pi." in first.output + first.errors
    assert "from the next restart of the Pi" in pi.run(("piwizard", "status"), check=False).output

    restart(pi)
    assert RESTARTED in pi.run(("piwizard", "status"), check=False).output

    quickstart.apply(pi, "--yes")
    page = pi.http("/", host=HOST)
    assert (page.status, page.text) == (200, "the bus is open")
    assert RESTARTED not in pi.run(("piwizard", "status"), check=False).output
