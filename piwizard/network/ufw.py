"""Read the rules of ufw from its own files.

The program `ufw` takes most of a second on a Pi.
"""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.system.lazy_dataclass import dataclass

ANYWHERE = ("0.0.0.0/0", "any")
TUPLE = re.compile(r"^### tuple ### (.+)$", re.M)


@dataclass(frozen=True)
class UfwState:
    """The state of ufw.

    `refused`: ports that a rule rejects; `closed`: ports that no rule allows.
    """

    active: bool
    closed: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()


def read_ufw(ports: tuple[int, ...], root: Path = Path("/")) -> UfwState | None:
    """Return what ufw does with TCP ports from anywhere; None if it is not installed."""
    switch = _text(root / "etc/ufw/ufw.conf")
    if switch is None or not (root / "usr/sbin/ufw").exists():
        return None
    if not re.search(r"^\s*ENABLED=[\"']?yes", switch, re.M | re.I):
        return UfwState(active=False)
    defaults, rules = _text(root / "etc/default/ufw") or "", _text(root / "etc/ufw/user.rules") or ""
    lets_in = re.search(r"^\s*DEFAULT_INPUT_POLICY=[\"']?ACCEPT", defaults, re.M | re.I) is not None
    verdicts = {port: find_verdict(rules, port) for port in ports}
    return UfwState(
        active=True,
        closed=tuple(port for port, found in verdicts.items() if found is None and not lets_in),
        refused=tuple(port for port, found in verdicts.items() if found is False),
    )


def find_verdict(rules: str, port: int) -> bool | None:
    """Return whether the first rule for a TCP port from anywhere allows it.

    None if there is no such rule.
    """
    for line in TUPLE.findall(rules):
        fields = line.partition(" comment=")[0].split()
        if len(fields) < 7 or fields[-1] != "in" or fields[0].startswith("route:"):
            continue
        action, protocol, ports, target, from_port, source = fields[:6]
        about = protocol in ("tcp", "any") and _covers(ports, port)
        if about and target in ANYWHERE and source in ANYWHERE and from_port == "any":
            return str(action).startswith(("allow", "limit"))
    return None


def _covers(ports: str, port: int) -> bool:
    if ports == "any":
        return True
    for part in ports.split(","):
        low, _, high = part.partition(":")
        if int(low) <= port <= int(high or low):
            return True
    return False


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
