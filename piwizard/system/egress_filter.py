"""Block the outgoing connections that apps must not make.

These are connections to the router, the home network and other private networks.

This file also runs as a program of its own: systemd starts it with the system's Python before an app starts, when
/etc/resolv.conf changes, and every 15 minutes, because other programs flush the packet filter. So it uses only the
standard library.

Two layers do the same work, since each has a gap. systemd's IPAddressDeny= belongs to the unit and cannot be flushed,
but it knows no ports, so it must allow the name server, usually the router, as a whole. The nftables table applies to
the app's user. It allows only port 53 of the name server, recognizes the home's own IPv6 prefix by its route, rejects
at once where systemd's filter would let a connection hang, and records rejected connections for `piwizard doctor`.
"""

from __future__ import annotations

import ipaddress
import os
import pwd
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

SITES_FOLDER = Path("/etc/piwizard/egress")
"""One file per site, named like its user, that contains one word: "internet" or "home"."""
RESOLV_CONF = Path("/etc/resolv.conf")
BUILD_USER = "piwizard-build"
UNITS = Path("/etc/systemd/system")
TABLE = "piwizard_egress"
INTERNET, HOME = "internet", "home"

PRIVATE4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
"""IPv4 networks that are not on the Internet, including multicast and broadcast, without loopback."""
PRIVATE6 = (
    "::ffff:0:0/96",  # IPv4 written as IPv6. Never seen on the wire: such sockets send IPv4 packets.
    "64:ff9b:1::/48",  # private NAT64
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
NAT64 = int(ipaddress.IPv6Address("64:ff9b::"))


def denied_networks() -> tuple[str, ...]:
    """Return all networks that an app with Internet access only must not reach."""
    loopback = ("127.0.0.0/8",)
    return (*PRIVATE4, *PRIVATE6, *(_through_nat64(network) for network in (*PRIVATE4, *loopback)))


def _through_nat64(network: str) -> str:
    """Return an IPv4 network as seen through a NAT64 translator with the well-known prefix (RFC 6052)."""
    parsed = ipaddress.IPv4Network(network)
    address = ipaddress.IPv6Address(NAT64 + int(parsed.network_address))
    return f"{address}/{96 + parsed.prefixlen}"


def parse_resolvers(text: str) -> tuple[str, ...]:
    """Return the name servers in a resolv.conf, without those on this machine."""
    found = []
    for word in re.findall(r"^\s*nameserver\s+(\S+)", text, re.M):
        try:
            address = ipaddress.ip_address(word.partition("%")[0])
        except ValueError:
            continue
        if not address.is_loopback:
            found.append(str(address))
    return tuple(dict.fromkeys(found))


def ruleset(users: Iterable[int]) -> str:
    """Return the table for these user IDs, as input for `nft -f -`.

    Loading it keeps the record of rejected connections.
    """
    ids = ", ".join(str(user) for user in sorted(set(users)))
    own4, own6 = ", ".join(PRIVATE4), ", ".join(one for one in denied_networks() if ":" in one)
    seen = "size 512; flags dynamic,timeout; timeout 1d;"
    return f"""\
table inet {TABLE} {{
    set apps {{ type uid; }}
    set refused4 {{ type uid . ipv4_addr . inet_proto . inet_service; {seen} }}
    set refused6 {{ type uid . ipv6_addr . inet_proto . inet_service; {seen} }}
    chain output {{ type filter hook output priority filter; policy accept; }}
    chain app {{ }}
    chain refuse {{ }}
}}
flush chain inet {TABLE} output
flush chain inet {TABLE} app
flush chain inet {TABLE} refuse
flush set inet {TABLE} apps
{f"add element inet {TABLE} apps {{ {ids} }}" if ids else ""}
table inet {TABLE} {{
    chain output {{
        meta skuid @apps jump app
    }}
    chain app {{
        oifname "lo" ip daddr 127.0.0.0/8 accept
        oifname "lo" ip6 daddr ::1 accept
        meta l4proto {{ tcp, udp }} th dport 53 accept
        ip daddr {{ {own4} }} jump refuse
        ip6 daddr {{ {own6} }} jump refuse
        fib daddr type {{ local, broadcast, anycast, multicast }} jump refuse
        ip6 daddr 2000::/3 rt ip6 nexthop 2000::/3 jump refuse comment "in the home: no router in between"
    }}
    chain refuse {{
        meta l4proto {{ tcp, udp }} update @refused4 {{ meta skuid . ip daddr . meta l4proto . th dport }}
        meta l4proto {{ tcp, udp }} update @refused6 {{ meta skuid . ip6 daddr . meta l4proto . th dport }}
        reject with icmpx type admin-prohibited
    }}
}}
"""


def read_sites(folder: Path = SITES_FOLDER) -> dict[str, str]:
    """Return the network access of each site's app."""
    files = [file for file in sorted(folder.iterdir()) if file.is_file()] if folder.is_dir() else []
    return {file.name: file.read_text(encoding="utf-8").strip() for file in files}


def _ids(names: Iterable[str]) -> list[int]:
    found = []
    for name in names:
        try:
            found.append(pwd.getpwnam(name).pw_uid)
        except KeyError:  # the user does not exist yet, or no longer
            continue
    return found


def _run(argv: Sequence[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(argv, input=text, env=clean, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        return subprocess.CompletedProcess(argv, 127, "", f"{argv[0]} is not installed.\n")


def load_table(names: Sequence[str]) -> str:
    """Load the nftables table for these users; without users, remove it.

    Return the errors of nft.
    """
    delete = f"table inet {TABLE}\ndelete table inet {TABLE}\n"
    if not names:
        return _run(("nft", "-f", "-"), delete).stderr
    wanted = ruleset(_ids(names))
    kept = _run(("nft", "-f", "-"), wanted)
    if kept.returncode == 0:
        return ""
    # The table may come from another version of this program.
    return _run(("nft", "-f", "-"), delete + wanted).stderr


def services_of(name: str, units: Path = UNITS) -> tuple[str, ...]:
    """Return the services of a site: its web server's, and others with its user."""
    user = f"\nUser={name}\n"
    further = (path for path in sorted(units.glob(f"{name}-*.service")) if path.is_file())
    return f"{name}.service", *(path.name for path in further if user in path.read_text(errors="replace"))


def allow_resolvers(names: Sequence[str], addresses: Sequence[str]) -> str:
    """Allow these sites' services to reach the name servers.

    Return the errors of systemd.
    """
    wanted = {str(ipaddress.ip_network(address)) for address in addresses}
    complaints = ""
    for unit in (unit for name in names for unit in services_of(name)):
        shown = _run(("systemctl", "show", "--property=LoadState,IPAddressAllow", unit)).stdout
        fields = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        if fields.get("LoadState") != "loaded" or set(fields.get("IPAddressAllow", "").split()) == wanted:
            continue
        values = ["IPAddressAllow=", *(f"IPAddressAllow={address}" for address in addresses)]
        complaints += _run(("systemctl", "set-property", "--runtime", unit, *values)).stderr
    return complaints


def main() -> str:
    """Apply both layers and return the errors."""
    known = read_sites()
    names = [name for name, network in known.items() if network != HOME]
    try:
        text = RESOLV_CONF.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    return allow_resolvers(names, parse_resolvers(text)) + load_table([*names, BUILD_USER] if known else [])


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main().strip() or 0)
