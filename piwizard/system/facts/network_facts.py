"""Read interfaces, addresses, gateways and the manager of each interface."""

from __future__ import annotations

import ipaddress
import re
import struct
from fnmatch import fnmatchcase
from typing import Any

from piwizard.system.facts.machine_facts import Address, Gateway, Interface, Manager, Network
from piwizard.system.facts.source import FactSource

RTF_UP, RTF_GATEWAY = 0x1, 0x2
SYSTEM_SLICES = ("/sys/fs/cgroup/system.slice", "/sys/fs/cgroup/systemd/system.slice")
DHCPCD_PIDS = ("/run/dhcpcd/pid", "/run/dhcpcd.pid", "/run/dhcpcd-{}.pid", "/run/dhcpcd/{}.pid")


def read_network(source: FactSource) -> Network:
    """Read addresses from the kernel, and their managers from /run."""
    rows = source.addresses()
    return Network(
        interfaces=None if rows is None else tuple(list_interfaces(source, rows)),
        gateway=gateway(source.read("/proc/net/route") or ""),
        gateway6=gateway6(source.read("/proc/net/ipv6_route") or ""),
        netplan=any(name.endswith(".yaml") for name in source.listdir("/etc/netplan") or []),
        name_servers=read_name_servers(source),
    )


def read_name_servers(source: FactSource) -> tuple[str, ...]:
    """Return the name servers in use, without those on this machine.

    If it asks itself first, return those that NetworkManager uses.
    """
    for path in ("/etc/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf", "/run/NetworkManager/resolv.conf"):
        found = re.findall(r"^\s*nameserver\s+([0-9A-Fa-f.:]+)\s*$", source.read(path) or "", re.M)
        others = tuple(dict.fromkeys(address for address in found if not _own(address)))
        if others:
            return others
    return ()


def _own(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True


def list_interfaces(source: FactSource, rows: list[dict[str, Any]]) -> list[Interface]:
    """Return the interfaces of `ip -j addr`, without loopback."""
    found = []
    for row in rows:
        if "LOOPBACK" in row["flags"]:
            continue
        name, index = row["ifname"], row["ifindex"]
        manager, connection = manager_of(source, name, index)
        found.append(
            Interface(
                name=name,
                index=index,
                kind=_kind(source, row),
                mac=row.get("address") or None,
                up="UP" in row["flags"],
                addresses=tuple(_address(info) for info in row["addr_info"]),
                manager=manager,
                connection=connection,
            )
        )
    return found


def _kind(source: FactSource, row: dict[str, Any]) -> str:
    folder = f"/sys/class/net/{row['ifname']}"
    if source.exists(f"{folder}/wireless") or source.exists(f"{folder}/phy80211"):
        return "wireless"
    return str(row.get("linkinfo", {}).get("info_kind", "ethernet"))


def _address(info: dict[str, Any]) -> Address:
    return Address(
        address=info["local"],
        prefix=info["prefixlen"],
        family=6 if info["family"] == "inet6" else 4,
        scope=info["scope"],
        dynamic=bool(info.get("dynamic", False)),
    )


def gateway(table: str) -> Gateway | None:
    """Return the default route of /proc/net/route with the lowest metric."""
    best: tuple[int, Gateway] | None = None
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or fields[1] != "00000000" or fields[7] != "00000000":
            continue
        if int(fields[3], 16) & (RTF_UP | RTF_GATEWAY) != RTF_UP | RTF_GATEWAY:
            continue
        # The file has the address as a number in the processor's byte order.
        address = ipaddress.IPv4Address(struct.pack("=I", int(fields[2], 16)))
        if best is None or int(fields[6]) < best[0]:
            best = int(fields[6]), Gateway(str(address), fields[0])
    return best[1] if best else None


def gateway6(table: str) -> Gateway | None:
    """Return the default route of /proc/net/ipv6_route with the lowest metric.

    Its address is a link-local one.
    """
    best: tuple[int, Gateway] | None = None
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 10 or fields[0] != "0" * 32 or fields[1] != "00":
            continue
        if int(fields[8], 16) & (RTF_UP | RTF_GATEWAY) != RTF_UP | RTF_GATEWAY:
            continue
        metric = int(fields[5], 16)
        if best is None or metric < best[0]:
            best = metric, Gateway(str(ipaddress.IPv6Address(bytes.fromhex(fields[4]))), fields[9])
    return best[1] if best else None


def manager_of(source: FactSource, name: str, index: int) -> tuple[Manager, str | None]:
    """Return the manager of an interface, and NetworkManager's connection.

    Each program leaves a file in /run.
    """
    state = source.read(f"/run/NetworkManager/devices/{index}") or ""
    # The file outlives the program that wrote it.
    if re.search(r"^managed=true$", state, re.M) and _running(source, "NetworkManager.service"):
        uuid = re.search(r"^connection-uuid=(\S+)$", state, re.M)
        return "NetworkManager", uuid[1] if uuid else None
    link = source.read(f"/run/systemd/netif/links/{index}") or ""
    admin = re.search(r"^ADMIN_STATE=(\S+)$", link, re.M)
    if admin and admin[1] != "unmanaged" and _running(source, "systemd-networkd.service"):
        return "systemd-networkd", None
    if name in _ifupdown(source):
        return "ifupdown", None
    for pattern in DHCPCD_PIDS:
        pid = (source.read(pattern.format(name)) or "").strip()
        if pid and (source.read(f"/proc/{pid}/comm") or "").strip() == "dhcpcd":
            return ("unknown" if _denied(source, name) else "dhcpcd"), None
    return "unknown", None


def _running(source: FactSource, service: str) -> bool:
    """Return whether a service has processes; True if systemd's control groups are not visible."""
    groups = [folder for folder in SYSTEM_SLICES if source.exists(folder)]
    return not groups or any(source.exists(f"{folder}/{service}") for folder in groups)


def _ifupdown(source: FactSource) -> set[str]:
    """Return the interfaces that ifup has started."""
    state = source.read("/run/network/ifstate") or ""
    return {line.split("=")[0] for line in state.splitlines() if "=" in line} - {"lo"}


def _denied(source: FactSource, name: str) -> bool:
    """Return whether dhcpcd's settings exclude an interface."""
    config = source.read("/etc/dhcpcd.conf") or ""
    lines = re.findall(r"^\s*denyinterfaces\s+(.+)$", config, re.M)
    return any(fnmatchcase(name, pattern) for line in lines for pattern in re.split(r"[\s,]+", line.strip()))
