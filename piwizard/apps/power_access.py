"""Let an app restart or switch off the Pi, and say what it can do only as root."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.apps.privileged_use import (
    DAEMON,
    KERNEL_MODULE,
    LED_STRIP,
    MEMORY,
    POWEROFF,
    REBOOT,
    ROOT_LIBRARY,
    SUDO,
    PrivilegedUse,
)
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.command import Notice
from piwizard.changes.file import AbsentFile, File
from piwizard.templates.render import render

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

RULES = Path("/etc/polkit-1/rules.d")
LOGIN1 = "org.freedesktop.login1"
ACTIONS = {
    REBOOT: (f"{LOGIN1}.reboot", f"{LOGIN1}.reboot-multiple-sessions"),
    POWEROFF: (f"{LOGIN1}.power-off", f"{LOGIN1}.power-off-multiple-sessions"),
}
"""The actions of systemd-logind for each word of app.may."""
VERBS = {REBOOT: "restarts the Pi", POWEROFF: "switches the Pi off"}


def power_changes(app: AppConfig) -> Sequence[Change]:
    """Return the changes that let only the app's user do what app.may lists."""
    path = RULES / f"50-piwizard-{app.layout.site}.rules"
    if not app.access.may:
        return (AbsentFile(path),)
    actions = [action for word in app.access.may for action in ACTIONS[word]]
    return (
        Packages(("polkitd",)),
        File(path, render("polkit/power.rules.j2", site=app.layout.site, actions=actions)),
    )


def power_notices(app: AppConfig) -> Sequence[Change]:
    """Return what in the app's code cannot work without root, and the supported way."""
    return tuple(
        Notice("What the app cannot do", sentence)
        for use in app.analysis.privileged or ()
        if (sentence := _sentence(use, app.access.may))
    )


def _sentence(use: PrivilegedUse, may: tuple[str, ...]) -> str:
    if use.kind in ACTIONS:
        return _power_sentence(use, allowed=use.kind in may)
    return SENTENCES[use.kind](use)


def _power_sentence(use: PrivilegedUse, *, allowed: bool) -> str:
    """Return what to change so that a button of the app restarts the Pi; "" if it works."""
    code = f"let the code run `systemctl {use.kind}` without sudo"
    sudo = use.what.split(" ")[0].endswith("sudo")
    if allowed:
        return f"The app may use `systemctl {use.kind}`, but not `{use.what}` ({use.place}): {code}." if sudo else ""
    answer = f'add may = ["{use.kind}"] under [app] of the answers'
    return f"The app {VERBS[use.kind]} with `{use.what}` ({use.place}), which it may not. To allow it, {answer}" + (
        f", and {code}." if sudo else "."
    )


WITHOUT_ROOT = {
    "bluepy": "searches for devices only as root; without it, it connects to addresses that are known. Its successor "
    "is the library bleak, which needs no root",
    "rgbmatrix": "drives LED panels only as root, and PyPI does not have it. Run it as a service of your own that the "
    "app can ask",
}
"""What a library of ROOT_LIBRARIES cannot do, and what to do instead."""
SENTENCES: dict[str, Callable[[PrivilegedUse], str]] = {
    SUDO: lambda use: (
        f"`{use.what}` ({use.place}) fails: an app never becomes root. Set up by hand what it does, or give it to a "
        "service of your own that the app can ask."
    ),
    LED_STRIP: lambda use: (
        f"{use.what} ({use.place}) needs root for every pin but GPIO 10. Connect the data line of the LED strip to "
        "GPIO 10 and use that pin, or the package adafruit-circuitpython-neopixel-spi: both use SPI."
    ),
    MEMORY: lambda use: f"/dev/mem ({use.place}) is open to root only. Use the library lgpio or gpiozero instead.",
    ROOT_LIBRARY: lambda use: f"{use.what} ({use.place}) {WITHOUT_ROOT[use.what]}.",
    KERNEL_MODULE: lambda use: (
        f"`{use.what}` ({use.place}) does nothing: only root loads kernel modules. piwizard turns on the interfaces "
        "that the app uses."
    ),
    DAEMON: lambda use: (
        f"{use.what} ({use.place}) needs its own service on this Pi: run `sudo apt-get install pigpiod`, then "
        "`sudo systemctl enable --now pigpiod`, or use the library lgpio instead."
    ),
}
