"""Select the services that start in the clone: only those that the setup needs.

Others would act as this machine: a second mail server, a second VPN with the same key, a second run of last night's
backup. So the clone starts only web servers, databases, piwizard's own units and basic system services.
"""

from __future__ import annotations

import fnmatch
import secrets
from pathlib import Path

STARTED_UNITS = (
    *("dbus*", "systemd-*", "getty*", "remote-fs.target"),
    *("nginx*", "apache2*", "lighttpd*", "caddy*", "haproxy*", "pihole-FTL*"),
    *("postgresql*", "mariadb*", "mysql*", "redis*", "valkey*", "memcached*"),
)
PIWIZARD_MARK = b"piwizard"

# The network of the clone exists before it boots; a network manager would take it down.
MASKED_UNITS = (
    *("NetworkManager.service", "dhcpcd.service", "networking.service", "systemd-networkd.service"),
    *("systemd-networkd.socket", "systemd-resolved.service", "wpa_supplicant.service", "tmp.mount"),
)
FILES = {
    "etc/fstab": "",
    # Debian's own file, but without emptying /tmp at boot: its files belong to the clone.
    "etc/tmpfiles.d/tmp.conf": "d /tmp 1777 root root -\n",
}


def disable_services(root: Path, name_server: str) -> list[str]:
    """Disable the services that must not start in a clone, and return their names."""
    units = root / "etc/systemd/system"
    disabled = set()
    for link in [*units.glob("*.wants/*"), *units.glob("*.requires/*")]:
        if not _starts(root, link):
            link.unlink()
            disabled.add(link.name.partition(".")[0])
    for unit in MASKED_UNITS:
        _link(units / unit, "/dev/null")
    _link(units / "default.target", "/lib/systemd/system/multi-user.target")
    # This generator starts scripts in /etc/init.d that have no own unit.
    _link(root / "etc/systemd/system-generators/systemd-sysv-generator", "/dev/null")
    # Left by builders of container images; it prevents all services from starting.
    (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    for path, content in FILES.items():
        _write(root / path, content)
    _write(root / "etc/resolv.conf", f"nameserver {name_server}\n")
    # A new ID, or the clone's journal would continue in this machine's files.
    _write(root / "etc/machine-id", f"{secrets.token_hex(16)}\n")
    return sorted(disabled)


def _starts(root: Path, link: Path) -> bool:
    if any(fnmatch.fnmatch(link.name, pattern) for pattern in STARTED_UNITS):
        return True
    unit = root / "etc/systemd/system" / link.name
    return unit.is_file() and not unit.is_symlink() and PIWIZARD_MARK in unit.read_bytes()


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(content)


def _link(path: Path, to: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(to)
