"""Keep git away from this machine and the home network.

A repository names the addresses of its submodules and of its large files, and its server may redirect git: without
rules, a stranger's repository could send requests to the router and to every device at home. One nftables table for
each use covers the user and group of that git. It allows the Internet, name servers and the repository's own host.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.git.git_address import GitAddress
from piwizard.system import commands, egress_filter

TABLE = re.compile(r"table inet (piwizard_git_(\d+)_\d+)")
"""The tables have the process that made them in their names."""
LOOKUP_SECONDS = 10.0
NFT_SECONDS = 20.0
DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}


@contextmanager
def away_from_home(address: GitAddress, group: int) -> Iterator[bool]:
    """Reject what git sends to this machine and the home network.

    `group` is that git's own. The host of the repository is allowed. Yield whether the kernel has the rules; it may
    lack nftables.
    """
    _remove_abandoned()
    table = f"piwizard_git_{os.getpid()}_{group}"
    loaded = _nft("-f", "-", input=ruleset(table, group, own_addresses(address)))
    try:
        yield loaded is not None
    finally:
        if loaded is not None:
            _nft("delete", "table", "inet", table)


def own_addresses(address: GitAddress) -> list[tuple[str, int | None]]:
    """Return the addresses of a repository's host, with the port allowed there.

    None is any port; on this machine it is one. Empty for a repository without a host, or if it cannot be looked up;
    also for a host with an IPv4 address on the Internet, whose owner could add that of a device at home.
    """
    if not address.host:
        return []
    lookup = commands.as_nobody(("getent", "ahosts", address.host.strip("[]")))
    words = {line.split()[0] for line in commands.run(lookup, timeout=LOOKUP_SECONDS).output.splitlines() if line}
    found: list[tuple[str, int | None]] = []
    for word in sorted(words):
        try:
            one = ipaddress.ip_address(word.partition("%")[0])
        except ValueError:
            continue
        if one.version == 4 and one.is_global:
            return []
        port = address.port or DEFAULT_PORTS.get(address.scheme)
        found.append((str(one), port if one.is_loopback else None))
    return found


def ruleset(table: str, group: int, own: Sequence[tuple[str, int | None]]) -> str:
    """Return the table, as input for `nft -f -`."""
    allowed = "\n".join(
        f"        {'ip6' if ':' in address else 'ip'} daddr {address} {f'tcp dport {port} ' if port else ''}accept"
        for address, port in own
    )
    denied = (*egress_filter.denied_networks(), "127.0.0.0/8", "::1/128")
    denied4 = ", ".join(one for one in denied if ":" not in one)
    denied6 = ", ".join(one for one in denied if ":" in one)
    return f"""\
table inet {table} {{
    chain output {{
        type filter hook output priority filter; policy accept;
        meta skuid nobody meta skgid {group} jump git
    }}
    chain git {{
        meta l4proto {{ tcp, udp }} th dport 53 accept
{allowed}
        ip daddr {{ {denied4} }} reject with icmpx type admin-prohibited
        ip6 daddr {{ {denied6} }} reject with icmpx type admin-prohibited
        fib daddr type {{ local, broadcast, anycast, multicast }} reject with icmpx type admin-prohibited
        ip6 daddr 2000::/3 rt ip6 nexthop 2000::/3 reject with icmpx type admin-prohibited
    }}
}}
"""


def _remove_abandoned() -> None:
    """Remove the tables of killed processes."""
    for name, process in TABLE.findall(_nft("list", "tables", "inet") or ""):
        if not Path("/proc", process).exists():
            _nft("delete", "table", "inet", name)


def _nft(*words: str, input: str | None = None) -> str | None:
    """Return the output of nft; None if it failed."""
    try:
        result = commands.run(("nft", *words), input=input, timeout=NFT_SECONDS)
    except PiwizardError:  # it is not installed
        return None
    return result.output if result.ok else None
