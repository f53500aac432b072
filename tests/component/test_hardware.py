"""Set up an app that uses hardware, with stand-in devices.

The answers are only its repository and name.
"""

from __future__ import annotations

import pytest

from tests.lab import layers, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi

HOST = "lamp.example.org"
STAND_IN = """
import os

BCM, OUT = 11, 0


def setmode(mode):
    pass


def setup(pin, direction):
    try:
        os.close(os.open("/dev/gpiomem", os.O_RDWR))
    except OSError:
        raise RuntimeError("No access to /dev/mem.  Try running as root!") from None
"""
APP = """
import os

import lgpio
import RPi.GPIO as GPIO
from flask import Flask

GPIO.setmode(GPIO.BCM)
GPIO.setup(17, GPIO.OUT)
app = Flask(__name__)


def opens(name):
    try:
        os.close(os.open("/dev/" + name, os.O_RDWR))
    except OSError as error:
        return error.strerror
    return "opened"


@app.route("/")
def home():
    pipes = [name for name in os.listdir("/dev/shm") if name.startswith(".lgd-nfy")]
    return f"{opens('gpiomem')}, {opens('i2c-1')}, in {os.path.basename(os.getcwd())}, {len(pipes)} pipes"


@app.post("/restart")
def restart():
    os.system("systemctl reboot")
    return ""
"""
FILES = {"app.py": APP, "RPi/__init__.py": "", "RPi/GPIO.py": STAND_IN, "requirements.txt": "flask\nlgpio\n"}
SECOND = f"""
[sites.lamp.site]
domains = ["{HOST}"]

[sites.lamp.app]
repo = "{{repo}}"
"""
CONFIG = "/boot/firmware/config.txt"
SHIPPED = "# hardware\n#dtparam=i2c_arm=on\n\n[all]\n"
CAN_REBOOT = (
    *("busctl", "call", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"),
    "CanReboot",
)


@pytest.fixture
def pi(lab: Lab, served_pi: Pi) -> Pi:
    """Return a Pi with two devices and their groups."""
    for node, group in (("gpiomem", "gpio"), ("i2c-1", "i2c")):
        served_pi.run(("groupadd", "--force", group))
        served_pi.run(("mknod", f"/dev/{node}", "c", "1", "3"))
        served_pi.run(("chgrp", group, f"/dev/{node}"))
        served_pi.run(("chmod", "660", f"/dev/{node}"))
    return served_pi


def set_up(lab: Lab, pi: Pi, more: str = "", *, check: bool = True) -> str:
    answers = sample_app.answers(lab.git.url(layers.REPOSITORY), more=SECOND.format(repo=lab.git.url("lamp")) + more)
    pi.write(quickstart.ANSWERS, answers)
    result = quickstart.apply(pi, "--answers", quickstart.ANSWERS, check=check)
    return result.output + result.errors


def test_hardware_app_gets_only_its_devices(lab: Lab, pi: Pi) -> None:
    lab.git.start_over("lamp", FILES)
    output = set_up(lab, pi)
    assert "The app may use GPIO pins: it imports lgpio (app.py:4)" in output
    page = pi.http("/", host=HOST)
    assert (page.status, page.text) == (200, "opened, Permission denied, in app, 1 pipes")
    assert pi.run(("systemctl", "show", "lamp", "-p", "SupplementaryGroups", "--value")).output.strip() == "gpio"

    # An interface that is off: the run says that the Pi must be restarted, and continues after that.
    pi.run(("rm", "/dev/i2c-1"))
    pi.run(("mkdir", "-p", "/boot/firmware"))
    pi.write(CONFIG, SHIPPED)
    more = 'hardware = ["gpio", "i2c"]\nmay = ["reboot"]\n'
    output = set_up(lab, pi, more, check=False)
    assert "Not finished: I2C was turned on and works from the next restart of the Pi." in output
    assert "from the next restart of the Pi" in pi.run(("piwizard", "status")).output
    assert "\ndtparam=i2c_arm=on\n" in pi.read(CONFIG)
    assert pi.http("/", host=HOST).status == 200, "the earlier version does not continue to run"
    pi.run(("mknod", "/dev/i2c-1", "c", "1", "3"))
    pi.run(("chgrp", "i2c", "/dev/i2c-1"))
    pi.run(("chmod", "660", "/dev/i2c-1"))
    quickstart.apply(pi)
    assert pi.http("/", host=HOST).text == "opened, opened, in app, 1 pipes"

    # A restart button: for this user only.
    asked = {user: pi.run(("runuser", "-u", user, "--", *CAN_REBOOT)).output.strip() for user in ("lamp", "myflask")}
    assert asked["lamp"] == 's "yes"'
    assert asked["myflask"] != 's "yes"'

    pi.run(("piwizard", "remove", "lamp", "--yes"))
    assert not (pi.files / "etc/polkit-1/rules.d/50-piwizard-lamp.rules").exists()
