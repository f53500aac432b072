"""Apps for real GPIO, I2C and video devices, from repository and name alone, on an emulated Raspberry Pi 3 (ARM64)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.lab import emulated, emulated_image
from tests.lab.emulated import EmulatedPi

LAMP_PIN = 17
BOARD = {
    "app.py": f"""\
import gpiod
from flask import Flask
from gpiod.line import Direction, Value
from smbus2 import SMBus

PIN = {LAMP_PIN}
lamp = gpiod.request_lines(
    "/dev/gpiochip0", consumer="lamp", config={{PIN: gpiod.LineSettings(direction=Direction.OUTPUT)}}
)
bus = SMBus(1)
app = Flask(__name__)


@app.get("/")
def home():
    return "on" if lamp.get_value(PIN) == Value.ACTIVE else "off"


@app.post("/lamp/<state>")
def switch(state):
    lamp.set_value(PIN, Value.ACTIVE if state == "on" else Value.INACTIVE)
    return home()


@app.get("/temperature")
def temperature():
    high, low = bus.read_i2c_block_data(0x48, 0, 2)
    return str(high + low / 256)
""",
    "requirements.txt": "flask\ngpiod\nsmbus2\n",
}
CAMERA = {
    "app.py": """\
from flask import Flask, Response
from linuxpy.video.device import Device

app = Flask(__name__)


@app.get("/")
def home():
    return "<img src=/picture>"


@app.get("/picture")
def picture():
    with Device("/dev/video0") as camera:
        for frame in camera:
            return Response(bytes(frame), mimetype="application/octet-stream")
""",
    "requirements.txt": "flask\nlinuxpy\n",
}
ANSWERS = """
[sites.{name}.site]
domains = ["{name}.example.org"]

[sites.{name}.app]
repo = "/srv/git/{name}"
"""


@pytest.fixture(scope="module")
def pi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedPi]:
    """A Pi with piwizard installed, both repositories, and a camera."""
    if absent := emulated_image.missing():
        pytest.skip(f"the emulated Pi needs packages that are not installed: {absent}")
    folder = tmp_path_factory.mktemp("pi")
    with emulated.booted(folder) as pi:
        pi.run(("modprobe", "vivid"))
        pi.install()
        for name, files in (("board", BOARD), ("camera", CAMERA)):
            commit(pi, name, files)
        pi.write("/root/answers.toml", "".join(ANSWERS.format(name=name) for name in ("board", "camera")))
        pi.run(("piwizard", "apply", "--yes", "--answers", "/root/answers.toml"), timeout=5400)
        yield pi
    shutil.rmtree(folder)


def commit(pi: EmulatedPi, name: str, files: dict[str, str]) -> None:
    repository = f"/srv/git/{name}"
    pi.push(files, repository)
    author = ("-c", "user.name=Alex", "-c", "user.email=alex@example.org")
    pi.run(("git", "init", "--quiet", "--initial-branch=main", repository))
    pi.run(("git", "-C", repository, "add", "--all"))
    pi.run(("git", "-C", repository, *author, "commit", "--quiet", "--message=A version"))


def test_request_through_nginx_switches_a_gpio_line(pi: EmulatedPi) -> None:
    host = "board.example.org"
    assert pi.http("/", host=host).text == "off"
    for state, level in (("on", "hi"), ("off", "lo")):
        assert pi.http(f"/lamp/{state}", host=host, method="POST").text == state
        shown = pi.run(("cat", "/sys/kernel/debug/gpio")).output.splitlines()  # the kernel reads the chip
        line = next(one for one in shown if f"(GPIO{LAMP_PIN} " in one)
        assert "|lamp " in line
        assert f"out {level}" in line


def test_i2c_sensor_is_read(pi: EmulatedPi) -> None:
    for celsius in (21.5, 30.0):
        pi.set_temperature(celsius)
        assert pi.http("/temperature", host="board.example.org").text == str(celsius)


def test_camera_takes_a_picture(pi: EmulatedPi) -> None:
    picture = pi.http("/picture", host="camera.example.org")
    assert picture.status == 200
    assert len(picture.body) > 10_000
    assert len(set(picture.body)) > 10  # vivid's test pattern


def test_apps_have_only_the_devices_that_they_use(pi: EmulatedPi) -> None:
    def groups(site: str) -> set[str]:
        shown = pi.run(("systemctl", "show", "--value", "--property=SupplementaryGroups", f"{site}.service")).output
        return set(shown.split())

    assert {"gpio", "i2c"} <= groups("board")
    assert "video" not in groups("board")
    assert "video" in groups("camera")
    assert not {"gpio", "i2c"} & groups("camera")


def test_second_plan_is_empty(pi: EmulatedPi) -> None:
    assert pi.run(("piwizard", "plan", "--answers", "/root/answers.toml"), check=False).exit == 0
