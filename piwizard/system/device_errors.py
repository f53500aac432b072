"""Recognize devices by their paths, and by what libraries say of them."""

from __future__ import annotations

import re
from pathlib import Path

DEVICES = Path("/dev")
DEVICE_PATHS = (
    (re.compile(r"/dev/gpio(?:chip|mem)\d*|/sys/class/(?:gpio|pwm)\b"), "gpio"),
    (re.compile(r"/dev/i2c-\d*"), "i2c"),
    (re.compile(r"/dev/spidev[\d.]*"), "spi"),
    (re.compile(r"/sys/bus/w1\b|\bw1_(?:slave|bus_master)\w*"), "1-wire"),
    (re.compile(r"/dev/(?:tty(?:AMA|S|ACM|USB)\d*|serial(?:\d|/by-(?:id|path)))"), "serial"),
    (re.compile(r"/dev/(?:video|media|v4l|v4l-subdev|dma_heap|vchiq|vcsm)[\w/-]*"), "camera"),
    (re.compile(r"/dev/snd\b|/dev/dsp\b"), "audio"),
    (re.compile(r"/dev/input\b[\w/-]*"), "input"),
    (re.compile(r"/dev/bus/usb\b|/dev/hidraw\d*|/dev/usb/\w+"), "usb"),
    (re.compile(r"/dev/fb\d|/dev/dri\b"), "display"),
    (re.compile(r"/dev/rfcomm\d*|\borg\.bluez\b"), "bluetooth"),
    (re.compile(r"/dev/vcio\b"), "firmware"),
)
"""The device class of each path."""
MESSAGES = (
    (re.compile(r"No access to /dev/(?:gpio)?mem|can not open gpiochip|Unable to load any default pin factory"
                r"|Cannot determine SOC peripheral base address|Failed to add edge detection"), "gpio"),
    (re.compile(r"Camera __init__ sequence did not complete|No cameras? available|Camera\(s\) not found"
                r"|Camera is not (?:enabled|detected)|Failed to open camera"), "camera"),
    (re.compile(r"No Hardware I2C on"), "i2c"),
    (re.compile(r"\borg\.bluez\b|\bBleak\w*Error\b|No Bluetooth adapters? (?:was |were )?found"), "bluetooth"),
)  # fmt: skip
"""What libraries say where they cannot open a device, without its path."""
DEVICE = re.compile(r"/dev/[\w/.-]*\w")
NODES = {"gpio": "gpiochip*", "i2c": "i2c-*"}
"""What a machine has in /dev if it has such devices at all. A Pi without a camera has video nodes, too."""


def kind_of_error(text: str) -> str | None:
    """Return the device class that an error message is about."""
    found = DEVICE.search(text)
    for pattern, kind in DEVICE_PATHS:
        if found and pattern.match(found[0]):
            return kind
    return next((kind for pattern, kind in MESSAGES if pattern.search(text)), None)


def missing_device(text: str) -> str | None:
    """Return the device of an error message if this machine lacks it.

    It is a path, such as "/dev/i2c-1", or a pattern, such as "/dev/gpiochip*". None: it exists, or is not known.
    """
    if found := DEVICE.search(text):
        return None if Path(found[0]).exists() else found[0]
    nodes = NODES.get(kind_of_error(text) or "")
    return f"{DEVICES}/{nodes}" if nodes and not any(DEVICES.glob(nodes)) else None
