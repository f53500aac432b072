"""Test config.txt of a Raspberry Pi: which interfaces are on, and turning one on."""

from __future__ import annotations

import pytest

from piwizard.system.boot_config import INTERFACES, find_config, is_on, is_present, turn_on

SHIPPED = """\
# For more options and information see
# http://rptl.io/configtxt

# Uncomment some or all of these to enable the optional hardware interfaces
#dtparam=i2c_arm=on
#dtparam=i2s=on
#dtparam=spi=on

# Enable audio (loads snd_bcm2835)
dtparam=audio=on

# Automatically load overlays for detected cameras
camera_auto_detect=1

[cm4]
otg_mode=1

[all]
"""
ON = [
    ("i2c", "dtparam=i2c_arm=on"),
    ("i2c", "dtparam=audio=on,i2c_arm=on"),
    ("i2c", "dtparam=i2c_arm=on,i2c_arm_baudrate=400000"),
    ("i2c", "  dtparam=i2c1"),
    ("spi", "dtparam=spi=on"),
    ("spi", "dtparam=spi"),
    ("1-wire", "dtoverlay=w1-gpio,gpiopin=17"),
    ("serial", "enable_uart=1"),
    ("camera", "dtoverlay=imx708,cam0"),
    ("camera", "camera_auto_detect=1"),
]


@pytest.mark.parametrize(("name", "line"), ON)
def test_interface_is_on(name, line):
    assert is_on(name, f"[all]\n{line}\n")
    assert not is_on(name, f"#{line}\n")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("i2c", "dtparam=i2c_arm=off"),
        ("i2c", "dtparam=i2c_arm_baudrate=400000"),
        ("i2c", "dtparam=i2c_vc=on"),
        ("spi", "dtparam=i2c_arm=on"),
        ("1-wire", "dtoverlay=spi1-1cs"),
        ("serial", "enable_uart=0"),
        ("camera", "camera_auto_detect=0"),
    ],
)
def test_interface_is_off(name, line):
    assert not is_on(name, f"{line}\n")


def test_last_line_decides():
    assert not is_on("spi", "dtparam=spi=on\ndtparam=spi=off\n")
    assert is_on("spi", "dtparam=spi=off\n[all]\ndtparam=spi=on\n")


def test_comment_of_the_shipped_file_becomes_the_line():
    text = turn_on("i2c", SHIPPED)
    assert text == SHIPPED.replace("#dtparam=i2c_arm=on", "dtparam=i2c_arm=on")


def test_line_is_added_for_every_board():
    assert turn_on("1-wire", SHIPPED) == f"{SHIPPED}dtoverlay=w1-gpio\n"
    assert turn_on("serial", "[pi4]\narm_boost=1\n") == "[pi4]\narm_boost=1\n[all]\nenable_uart=1\n"


@pytest.mark.parametrize("section", ["[gpio4=1]", "[HDMI:0]", "[EDID=VSC-TD2220]", "[board-type=0x14]"])
def test_line_below_a_filter_is_for_such_boards_only(section):
    below = f"{section}\n#dtparam=spi=on\n"
    assert turn_on("spi", below) == f"{below}[all]\ndtparam=spi=on\n"


def test_line_that_turns_an_interface_off_is_replaced():
    assert turn_on("spi", "a=1\ndtparam=spi=off\n[pi4]\nb=1\n") == "a=1\ndtparam=spi=on\n[pi4]\nb=1\n"


@pytest.mark.parametrize("name", INTERFACES)
def test_turning_on_twice_is_turning_on_once(name):
    once = turn_on(name, SHIPPED)
    assert is_on(name, once)
    assert turn_on(name, once) == once


def test_interface_is_present_with_its_node(tmp_path):
    assert not is_present("i2c", tmp_path)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "i2c-20").touch()
    assert not is_present("i2c", tmp_path), "the bus of a display"
    (tmp_path / "dev" / "i2c-1").touch()
    assert is_present("i2c", tmp_path)


def test_config_of_the_firmware_folder_comes_first(tmp_path):
    new, old = tmp_path / "firmware.txt", tmp_path / "config.txt"
    assert find_config((new, old)) is None
    old.touch()
    assert find_config((new, old)) == old
    new.touch()
    assert find_config((new, old)) == new
