"""Find what an app does as root: sudo, restarts, LED strips, kernel modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice

from piwizard.apps.hardware import STARTERS, started_programs
from piwizard.apps.modules import MAX_IMPORTS, absolute_imports, import_line, is_own_module
from piwizard.apps.repository_checkout import FoundInFile, RepositoryCheckout, is_script
from piwizard.system.lazy_dataclass import dataclass

SUDO, REBOOT, POWEROFF, LED_STRIP, MEMORY, KERNEL_MODULE, DAEMON, ROOT_LIBRARY = KINDS = (
    "sudo", "reboot", "poweroff", "led-strip", "memory", "kernel-module", "daemon", "root-library"
)  # fmt: skip
MAX_USES = 30
MAX_USES_PER_FILE = 10
LED_LIBRARIES = ("rpi_ws281x", "neopixel", "unicornhat")
ROOT_LIBRARIES = ("bluepy", "rgbmatrix")
"""Libraries that do their work, or a part of it, only as root."""
IMPORTED_KINDS = {
    **dict.fromkeys(LED_LIBRARIES, LED_STRIP), **dict.fromkeys(ROOT_LIBRARIES, ROOT_LIBRARY),
    "pigpio": DAEMON, "gpiozero.pins.pigpio": DAEMON,
}  # fmt: skip
SPI_PIN = re.compile(rb"\bD10\b|\bMOSI\b|PIN\w*\s*=\s*10\b")
"""A strip at GPIO 10 is driven over SPI, which needs no root."""
PROGRAM_KINDS = {
    "reboot": REBOOT, "poweroff": POWEROFF, "halt": POWEROFF, "modprobe": KERNEL_MODULE, "insmod": KERNEL_MODULE,
}  # fmt: skip
SYSTEMCTL_KINDS = {"reboot": REBOOT, "poweroff": POWEROFF, "halt": POWEROFF}
MAX_WORDS = 6
ROOT_PROGRAMS = frozenset({
    "apt", "apt-get", "arping", "chpasswd", "dhclient", "dhcpcd", "dnsmasq", "ether-wake", "etherwake", "hostapd",
    "hwclock", "ifdown", "ifup", "ip6tables", "iptables", "l2ping", "mount", "pigpiod", "raspi-config", "tcpdump",
    "umount", "useradd", "usermod", "wpa_supplicant",
})  # fmt: skip
"""Programs that only root can use, and that authors call without sudo because their whole app runs as root."""
ROOT_COMMANDS = (
    re.compile(r"systemctl (?:start|stop|restart|reload|enable|disable|mask|unmask|daemon-reload)\b"),
    re.compile(r"service \S+ (?:start|stop|restart|reload)\b"),
    re.compile(r"ifconfig \S+ (?:up|down|\d)"),
    re.compile(r"ip (?:link set|addr(?:ess)? (?:add|del)|route (?:add|del))\b"),
    re.compile(r"iw dev \S+ scan\b"),
    re.compile(r"nmcli (?:c\w*) (?:up|down|add|modify|delete)\b"),
    re.compile(r"nmcli (?:d\w*) (?:wifi (?:connect|hotspot)|disconnect)\b"),
    re.compile(r"nmcli (?:r\w*) \w+ (?:on|off)\b"),
    re.compile(r"hcitool (?:-i \S+ )?lescan\b"),
    re.compile(r"hciconfig \S+ (?:up|down|reset|\w*scan)\b"),
    re.compile(r"timedatectl set-|hostnamectl set-|date (?:-s|--set)\b"),
)


@dataclass(frozen=True)
class PrivilegedUse(FoundInFile):
    """One place in an app that needs root.

    `what` is the command or library, as in "sudo reboot".
    """

    kind: str
    what: str
    file: str
    line: int


def find_privileged_uses(checkout: RepositoryCheckout) -> tuple[PrivilegedUse, ...]:
    """Return the places in a checkout that need root, the first of each."""
    found: list[PrivilegedUse] = []
    for file in checkout.python:
        if not is_script(file):
            found += islice(_uses(checkout, file), MAX_USES_PER_FILE)
    first = {(use.kind, use.what): use for use in reversed(found)}
    return tuple(sorted(first.values(), key=found.index)[:MAX_USES])


def _uses(checkout: RepositoryCheckout, file: str) -> Iterator[PrivilegedUse]:
    if checkout.mentions(file, *(name.encode() for name in STARTERS)):
        for line, words in started_programs(checkout, file):
            if use := privileged_command(words):
                yield PrivilegedUse(*use, file, line)
    if checkout.mentions(file, b"/dev/mem"):
        for node in checkout.nodes(file):
            match node:
                case ast.Call(args=[ast.Constant(value="/dev/mem"), *_]):
                    yield PrivilegedUse(MEMORY, "/dev/mem", file, node.lineno)
    if checkout.mentions(file, *(name.rpartition(".")[2].encode() for name in IMPORTED_KINDS)):
        yield from _uses_in_imports(checkout, file)


def _uses_in_imports(checkout: RepositoryCheckout, file: str) -> Iterator[PrivilegedUse]:
    tree = checkout.parsed(file)
    modules = [*islice(absolute_imports(tree), MAX_IMPORTS)] if tree else []
    for name, kind in IMPORTED_KINDS.items():
        top = name.partition(".")[0]
        imported = any(f"{module}.".startswith(f"{name}.") for module in modules)
        over_spi = kind == LED_STRIP and SPI_PIN.search(checkout.content(file) or b"")
        if tree and imported and not over_spi and not is_own_module(checkout, file, top):
            yield PrivilegedUse(kind, name, file, import_line(tree, top))


def privileged_command(words: list[str]) -> tuple[str, str] | None:
    """Return the kind of a command that needs root, and its text; None for others."""
    text = " ".join(word or "…" for word in words[:MAX_WORDS])
    plain = [word for word in words if not word.startswith("-")]
    sudo = bool(plain) and plain[0].rpartition("/")[2] == "sudo"
    program, *rest = [word.rpartition("/")[2] for word in (plain[1:] if sudo else plain)] or [""]
    options = {word for word in words if word.startswith("-")}
    kind = PROGRAM_KINDS.get(program)
    if program == "shutdown":
        kind = REBOOT if options & {"-r", "--reboot"} else POWEROFF
    elif program == "systemctl" and rest:
        kind = SYSTEMCTL_KINDS.get(rest[0])
    elif program in ("init", "telinit") and rest:
        kind = {"0": POWEROFF, "6": REBOOT}.get(rest[0])
    if kind is None and (sudo or _needs_root(program, words)):
        kind = SUDO
    return (kind, text) if kind else None


def _needs_root(program: str, words: list[str]) -> bool:
    """Return whether a command that is called without sudo works only for root."""
    text = " ".join([program, *words[1:]])
    return program in ROOT_PROGRAMS or ("--user" not in words and any(one.match(text) for one in ROOT_COMMANDS))
