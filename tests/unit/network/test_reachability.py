"""Test the result of the reachability check for each combination of evidence."""

from __future__ import annotations

import pytest

from piwizard.network.nat_detection import NatPath
from piwizard.network.reachability import Evidence, judge_evidence

PUBLIC, OTHER = "11.22.33.44", "11.22.99.1"


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("reachable", {"router": PUBLIC, "internet": PUBLIC, "heard": True}),
        ("reachable", {"router": "192.168.0.2", "internet": PUBLIC, "heard": True}),  # forwarded in both routers
        ("CGNAT", {"router": "100.64.3.7", "internet": PUBLIC}),
        ("CGNAT", {"router": "100.127.255.254"}),
        ("CGNAT", {"router": PUBLIC, "internet": OTHER}),
        ("CGNAT", {"internet": PUBLIC, "way": NatPath(None, "100.64.0.1")}),  # a router that does not report it
        ("CGNAT", {"internet": PUBLIC, "way": NatPath(2, "100.64.0.1")}),
        ("double NAT", {"router": "192.168.0.2", "internet": PUBLIC}),
        ("double NAT", {"router": "10.0.0.7"}),
        ("double NAT", {"internet": PUBLIC, "way": NatPath(2, "192.168.0.1")}),
        ("closed", {"router": PUBLIC, "internet": PUBLIC, "forwarded": False}),
        ("closed", {"router": PUBLIC, "forwarded": False}),
        ("unknown", {"router": PUBLIC, "internet": PUBLIC, "forwarded": True}),  # no hairpin NAT proves nothing
        ("unknown", {"internet": PUBLIC, "way": NatPath(1, None)}),
        ("unknown", {"internet": PUBLIC}),
        (
            "unknown",
            {"internet": PUBLIC, "way": NatPath(None, "10.1.2.3")},
        ),  # many providers number their devices like this
        ("unknown", {"internet": PUBLIC, "own": (PUBLIC,)}),
        ("no evidence", {"no_internet": "No service reported the public IP."}),
    ],
)
def test_evidence_gives_a_verdict(kind, seen):
    found = judge_evidence(Evidence(**seen))
    assert found.kind == kind
    assert found.bad == (kind in ("CGNAT", "double NAT", "closed", "no evidence"))
    assert bool(found.fix) == bool(found.cause) == found.bad
    assert found.hopeless == (kind in ("CGNAT", "double NAT"))
    if found.bad:
        assert found.detail.startswith(f"{kind}: " if kind != "no evidence" else "unknown: ")


@pytest.mark.parametrize("seen", [{"router": PUBLIC, "internet": PUBLIC, "forwarded": True}, {"internet": PUBLIC}])
def test_unknown_reachability_says_so(seen):
    assert "cannot be checked from inside" in judge_evidence(Evidence(**seen)).detail


def test_missing_evidence_is_a_failure():
    found = judge_evidence(Evidence(no_internet="Nobody answers."))
    assert (found.detail, found.bad) == ("unknown: Nobody answers.", True)
    assert "the router reports 11.22.33.44" in judge_evidence(Evidence(router=PUBLIC)).detail
