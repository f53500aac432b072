"""Evaluate nftables rules: can visitors reach a port?"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from piwizard.system import commands

PortVerdict = Literal["open", "closed", "unknown"]
Rule = Mapping[str, Any]
ANOTHER_PROTOCOL = "another protocol"
VISITOR = "any address on the Internet"
VERDICTS = {"accept": True, "drop": False, "reject": False}


def read_port_verdict(port: int, interface: str) -> PortVerdict:
    """Return what the rules do with new TCP connections from the Internet to a port."""
    if commands.which("nft") is None:
        return "open"
    listed = commands.run(("nft", "--json", "list", "ruleset"), timeout=10)
    try:
        return judge_ruleset(json.loads(listed.output), port, interface) if listed.ok else "unknown"
    except ValueError:
        return "unknown"


def judge_ruleset(ruleset: Mapping[str, Any], port: int, interface: str) -> PortVerdict:
    """Evaluate nft's JSON: every chain at the hook `input` has to accept."""
    ruled = _Ruleset(ruleset["nftables"], port, interface)
    verdicts = [ruled.verdict(chain) for chain in ruled.entrances]
    return next((one for one in ("closed", "unknown") if one in verdicts), "open")


class _Ruleset:
    def __init__(self, objects: Iterable[Rule], port: int, interface: str) -> None:
        self._port, self._interface = port, interface
        self.entrances: list[Rule] = []
        self._rules: dict[tuple[str, str, str], list[Rule]] = {}
        for one in objects:
            if chain := one.get("chain"):
                at_input = chain.get("hook") == "input" and chain.get("type") == "filter"
                self.entrances += [chain] if at_input and chain["family"] in ("ip", "inet") else []
            if rule := one.get("rule"):
                self._rules.setdefault((rule["family"], rule["table"], rule["chain"]), []).append(rule)

    def verdict(self, chain: Rule) -> PortVerdict:
        self._unsure = False
        passed = self._walk(chain["family"], chain["table"], chain["name"], depth=0)
        if passed is None:
            passed = chain.get("policy", "accept") == "accept"
        if passed:
            return "open"
        return "unknown" if self._unsure else "closed"

    def _walk(self, family: str, table: str, chain: str, depth: int) -> bool | None:
        """Return whether the chain accepts; None if it reaches the end without a verdict."""
        for rule in self._rules.get((family, table, chain), ()):
            *matches, last = rule["expr"] or [{}]
            fits = self._fits([*matches, last])
            target = last.get("jump") or last.get("goto")
            if fits is False:
                continue
            verdict = next((VERDICTS[word] for word in VERDICTS if word in last), None)
            if target and depth < 16:
                verdict = self._walk(family, table, target["target"], depth + 1)
            if fits is None:
                mapped = "vmap" in last and "ct" not in last["vmap"]["key"]  # states accept no new connection
                self._unsure = self._unsure or mapped or verdict is True
            elif "return" in last or (verdict is None and "goto" in last):
                return None
            elif verdict is not None:
                return verdict
        return None

    def _fits(self, expressions: Iterable[Rule]) -> bool | None:
        """Return whether a rule matches this connection; None if that cannot be evaluated."""
        fits: bool | None = True
        for one in expressions:
            found: bool | None = True
            if "match" in one:
                found = self._matches(one["match"])
            elif {"xt", "limit", "vmap", "lookup", "quota", "connlimit"} & set(one):
                found = None
            if found is False:
                return False
            fits = None if found is None else fits
        return fits

    def _matches(self, match: Rule) -> bool | None:
        left, right = match["left"], match["right"]
        negated = match.get("op") == "!="
        seen = self._seen(left)
        if seen is None:
            return None
        if seen == ANOTHER_PROTOCOL:
            return False  # `udp dport != 53` matches only udp, too
        found = _among(seen, right)
        return None if found is None else found != negated

    def _seen(self, left: Any) -> object:  # noqa: ANN401 — any expression of nft's
        """Return this connection's value for an expression; None if it depends on the visitor."""
        if not isinstance(left, dict):
            return None
        if key := left.get("meta", {}).get("key"):
            shows = {"iifname": self._interface, "iif": self._interface, "l4proto": "tcp", "nfproto": "ipv4"}
            return shows.get(key)
        if "ct" in left:
            return "new" if left["ct"].get("key") == "state" else None
        payload = left.get("payload", {})
        match payload.get("protocol"), payload.get("field"):
            case "tcp" | "th", "dport":
                return self._port
            case "ip", "protocol":
                return "tcp"
            case "ip", "saddr":
                return VISITOR
            case "udp" | "icmp" | "icmpv6" | "ip6" | "sctp" | "dccp", _:
                return ANOTHER_PROTOCOL
        return None


def _among(seen: object, right: Any) -> bool | None:  # noqa: ANN401 — any expression of nft's
    """Return whether a rule's value includes the connection's; None if unknown, as with a named set."""
    if isinstance(right, dict) and "range" in right:
        low, high = right["range"]
        return isinstance(seen, int) and low <= seen <= high
    if seen == VISITOR:
        return _from_anywhere(right)
    members = right.get("set") if isinstance(right, dict) else right
    if isinstance(members, list):
        found = [_among(seen, member) for member in members]
        return True if True in found else None if None in found else False
    if isinstance(right, str) and right.startswith("@"):
        return None
    if isinstance(right, str) and right.endswith("*"):  # a prefix of interface names
        return str(seen).startswith(right[:-1])
    return bool(seen == right) if isinstance(right, (str, int)) else None


def _from_anywhere(right: Any) -> bool | None:  # noqa: ANN401 — any expression of nft's
    """Return False for private networks, where no visitor comes from, and None for all others."""
    network = right.get("prefix", {}).get("addr") if isinstance(right, dict) else right
    try:
        return False if ipaddress.ip_address(network).is_private else None
    except ValueError:
        return None
