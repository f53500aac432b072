"""Which services start in the copy: those that the set-up is about, and none that talk to the world as this machine.

A second mail server, a second VPN with the same key, a second run of last night's backup: all that would be real. So
the copy starts web servers, databases, what piwizard made, and the system's own; everything else stays off.
"""

from __future__ import annotations

import fnmatch
import secrets
from pathlib import Path

STARTED = (
    *("dbus*", "systemd-*", "getty*", "remote-fs.target"),
    *("nginx*", "apache2*", "lighttpd*", "caddy*", "haproxy*", "pihole-FTL*"),
    *("postgresql*", "mariadb*", "mysql*", "redis*", "valkey*", "memcached*"),
)
MADE_BY_US = b"piwizard"

# The network of the copy is there before it boots; whoever wants to manage it would take it down.
MASKED = (
    *("NetworkManager.service", "dhcpcd.service", "networking.service", "systemd-networkd.service"),
    *("systemd-networkd.socket", "systemd-resolved.service", "wpa_supplicant.service", "tmp.mount"),
)
FILES = {
    "etc/fstab": "",
    # As Debian's own file, but for the emptying of /tmp at boot: what lies there on this machine is there to be seen.
    "etc/tmpfiles.d/tmp.conf": "d /tmp 1777 root root -\n",
}


def quieten(root: Path, name_server: str) -> list[str]:
    """Makes a copy fit to boot beside this machine; returns the services that it will not start."""
    units = root / "etc/systemd/system"
    left_out = set()
    for link in [*units.glob("*.wants/*"), *units.glob("*.requires/*")]:
        if not _starts(root, link):
            link.unlink()
            left_out.add(link.name.partition(".")[0])
    for unit in MASKED:
        _link(units / unit, "/dev/null")
    _link(units / "default.target", "/lib/systemd/system/multi-user.target")
    # Scripts in /etc/init.d without a unit of their own are started by what this makes of them.
    _link(root / "etc/systemd/system-generators/systemd-sysv-generator", "/dev/null")
    # Left by makers of container images; nothing could start a service with it.
    (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    for path, content in FILES.items():
        _write(root / path, content)
    _write(root / "etc/resolv.conf", f"nameserver {name_server}\n")
    # An id of its own, or its journal would go on in the files of this machine's.
    _write(root / "etc/machine-id", f"{secrets.token_hex(16)}\n")
    return sorted(left_out)


def _starts(root: Path, link: Path) -> bool:
    if any(fnmatch.fnmatch(link.name, pattern) for pattern in STARTED):
        return True
    unit = root / "etc/systemd/system" / link.name
    return unit.is_file() and not unit.is_symlink() and MADE_BY_US in unit.read_bytes()


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(content)


def _link(path: Path, to: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(to)
