"""Read the board, its cores and its architecture."""

from __future__ import annotations

import re
from typing import Literal

from piwizard.system.facts.machine_facts import Architecture, Board
from piwizard.system.facts.source import FactSource

VIRTUAL = ("QEMU", "KVM", "VMware", "innotek", "VirtualBox", "Xen", "Amazon EC2", "Google", "Bochs", "Parallels")
PLACEHOLDERS = {"", "To Be Filled By O.E.M.", "System manufacturer", "System Product Name", "Default string"}
WIDE_MACHINES = ("aarch64", "x86_64", "riscv64", "ppc64le", "s390x")
DPKG_OF = {"aarch64": "arm64", "x86_64": "amd64", "armv7l": "armhf", "armv6l": "armhf", "i686": "i386"}


def read_board(source: FactSource) -> Board:
    """Read the board from the device tree, /proc/cpuinfo or the BIOS."""
    cpuinfo = source.read("/proc/cpuinfo") or ""
    model = (source.read("/proc/device-tree/model") or "").rstrip("\0\n ")
    if not model and (said := re.search(r"^Model\s*: (.+)$", cpuinfo, re.M)):
        model = said[1].strip()
    if model.startswith("Raspberry Pi"):
        return Board(model, short_name(model), "raspberry-pi")
    if model and model != "linux,dummy-virt":
        return Board(model, model, "board")
    maker = (source.read("/sys/class/dmi/id/sys_vendor") or "").strip()
    product = (source.read("/sys/class/dmi/id/product_name") or "").strip()
    name = " ".join(part for part in (maker, product) if part not in PLACEHOLDERS)
    hypervisor = re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.M) is not None
    microsoft = name.startswith("Microsoft") and "Virtual" in name
    if hypervisor or microsoft or model or any(mark in name for mark in VIRTUAL):
        return Board(f"virtual machine ({name})" if name else "virtual machine", "virtual machine", "virtual")
    return Board(f"PC ({name})" if name else "PC", "PC", "pc")


def short_name(model: str) -> str:
    """Return the usual name: "Raspberry Pi 3 Model B Plus Rev 1.3" is "Pi 3 B+"."""
    name = re.sub(r" Rev [\d.]+$", "", model).removeprefix("Raspberry ")
    name = re.sub(r" Plus$", "+", name).replace("Pi Model", "Pi 1 Model").replace(" Model ", " ")
    # There is only one Pi 4 and one Pi 5, and a Pi 2 or 3 without a letter is a model B.
    return re.sub(r"^(Pi [2-9]) B$", r"\1", name)


def count_cores(source: FactSource) -> int:
    """Return the number of cores that are switched on, at least 1."""
    online = (source.read("/sys/devices/system/cpu/online") or "").strip()
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", online):
        return max(1, len(re.findall(r"^processor\s*:", source.read("/proc/cpuinfo") or "", re.M)))
    ends = [part.split("-") for part in online.split(",")]
    return sum(int(end[-1]) - int(end[0]) + 1 for end in ends)


def read_architecture(source: FactSource, dpkg: str | None) -> Architecture:
    """Return the architecture; `dpkg` is that of the dpkg package.

    Without it, it follows from the kernel's.
    """
    machine = source.machine()
    if dpkg is None:
        return Architecture(None, machine, _bits(DPKG_OF.get(machine, machine)))
    return Architecture(dpkg, machine, _bits(dpkg))


def _bits(name: str) -> Literal[32, 64]:
    return 64 if "64" in name or name in WIDE_MACHINES else 32
