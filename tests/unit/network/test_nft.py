"""Test rules of the packet filter in nft's format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from piwizard.network import nft

SAMPLES = Path(__file__).with_name("nft")


@pytest.mark.parametrize(
    ("sample", "verdicts"),
    [
        ("workstation", "open closed closed"),  # a counter and a drop at the end; the policy is accept
        ("policy-drop", "open closed closed"),  # port 80 from the home network only
        ("opened", "closed open open"),  # through a jump to another chain, after a set of banned addresses
        ("named-set", "unknown unknown unknown"),
        ("maps", "unknown unknown unknown"),
        ("other-hooks", "open open open"),  # forwarding and other interfaces do not affect visitors here
    ],
)
def test_verdict_for_visitors(sample, verdicts):
    ruleset = json.loads((SAMPLES / f"{sample}.json").read_text())
    assert [nft.judge_ruleset(ruleset, port, "eth0") for port in (22, 80, 443)] == verdicts.split()


def test_verdict_depends_on_the_interface():
    ruleset = json.loads((SAMPLES / "other-hooks.json").read_text())
    assert nft.judge_ruleset(ruleset, 80, "wlan0") == "closed"


def test_empty_ruleset_is_open():
    assert nft.judge_ruleset({"nftables": [{"metainfo": {"version": "1.0.6"}}]}, 80, "eth0") == "open"


def test_interface_prefix_and_other_protocols_are_evaluated():
    chain = {"family": "inet", "table": "f", "name": "input", "hook": "input", "type": "filter", "policy": "drop"}
    to = {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 80}
    udp = {"op": "!=", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 53}
    by = {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth*"}
    rules = ([{"match": udp}, {"drop": None}], [{"match": by}, {"match": to}, {"accept": None}])
    place = {"family": "inet", "table": "f", "chain": "input"}
    ruleset = {"nftables": [{"chain": chain}, *({"rule": {**place, "expr": expr}} for expr in rules)]}
    assert nft.judge_ruleset(ruleset, 80, "eth0") == "open"
    assert nft.judge_ruleset(ruleset, 80, "wlan0") == "closed"
