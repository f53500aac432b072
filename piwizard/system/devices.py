"""Define the device classes of a Raspberry Pi: their nodes and groups."""

from __future__ import annotations

import grp
from collections.abc import Iterable

from piwizard.system.lazy_dataclass import dataclass

NOTIFICATION_FOLDER = "/dev/shm"
"""Where lgpio creates its pipes (LG_WD): in memory, and each unit has its own."""


@dataclass(frozen=True)
class DeviceClass:
    """One kind of hardware.

    `nodes` are in the notation of DeviceAllow=: a path, or a class of /proc/devices. `groups` are those of Raspberry
    Pi OS whose members may open the nodes. `files` are below /sys and writable for these groups; everything else there
    stays read-only.
    """

    label: str
    nodes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    """Address families of its sockets."""
    bus: bool = False
    """Programs reach it over D-Bus."""


DEVICE_CLASSES = {
    "gpio": DeviceClass(
        "GPIO pins",
        ("char-gpiochip", "char-*gpiomem*", *(f"/dev/gpiomem{number}" for number in ("", 0, 1, 2, 3, 4))),
        ("gpio",),
        ("/sys/class/gpio", "/sys/class/pwm", "/sys/devices"),
    ),
    "i2c": DeviceClass("the I2C bus", ("char-i2c",), ("i2c",)),
    "spi": DeviceClass("the SPI bus", ("char-spi",), ("spi",)),
    "1-wire": DeviceClass("1-Wire sensors"),
    "serial": DeviceClass(
        "serial ports",
        ("char-ttyAMA", "char-ttyUSB", "char-ttyACM", "/dev/ttyS0", "/dev/ttyS1", "/dev/serial0", "/dev/serial1"),
        ("dialout",),
    ),
    "camera": DeviceClass(
        "the camera",
        ("char-video4linux", "char-media", "char-dma_heap", "/dev/vchiq", "/dev/vcio", "/dev/vcsm-cma"),
        ("video", "render"),
    ),
    "audio": DeviceClass("sound", ("char-alsa",), ("audio",)),
    "input": DeviceClass("input devices", ("char-input",), ("input",)),
    "usb": DeviceClass("USB devices", ("char-usb_device", "char-hidraw"), ("plugdev",)),
    "display": DeviceClass("the display", ("char-fb", "char-drm"), ("video", "render")),
    "bluetooth": DeviceClass("Bluetooth", ("char-rfcomm",), ("bluetooth",), families=("AF_BLUETOOTH",), bus=True),
    "firmware": DeviceClass("the Pi's firmware (vcgencmd)", ("/dev/vcio", "/dev/vchiq"), ("video",)),
}
"""By the names that app.hardware has for them. 1-Wire sensors are files below /sys that everybody may read.

/dev/ttyS* are named one by one: their class in /proc/devices includes the consoles."""


def device_values(kinds: Iterable[str]) -> dict[str, object]:
    """Return the values that the template systemd/devices.j2 needs."""
    classes = [DEVICE_CLASSES[kind] for kind in sorted(kinds)]
    named = dict.fromkeys(group for one in classes for group in one.groups)
    return {
        "hardware": any(one.nodes for one in classes),
        "nodes": tuple(dict.fromkeys(node for one in classes for node in one.nodes)),
        "groups": tuple(name for name in named if group_exists(name)),
        "device_files": tuple(dict.fromkeys(path for one in classes for path in one.files)),
        "families": tuple(dict.fromkeys(name for one in classes for name in one.families)),
    }


def uses_bus(kinds: Iterable[str]) -> bool:
    """Return whether one of the device classes is used over D-Bus."""
    return any(DEVICE_CLASSES[kind].bus for kind in kinds)


def group_exists(name: str) -> bool:
    """Return whether this machine has a group."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
