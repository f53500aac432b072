"""Test an app's network access, as lines of a unit and of the packet filter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from piwizard.apps import network_access
from piwizard.apps.app_units import render_service
from tests.unit.apps.test_app_units import lines, unit

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HEARD = {
    "nftables": [
        {"set": {"name": "apps", "elem": [990, 991]}},
        {"set": {"name": "refused4", "elem": [
            {"elem": {"val": {"concat": [990, "192.168.1.50", "tcp", 1883]}, "expires": 86400 - 60}},
            {"elem": {"val": {"concat": [991, "192.168.1.51", "udp", 5353]}, "expires": 86000}},
        ]}},
        {"set": {"name": "refused6", "elem": [
            {"elem": {"val": {"concat": [990, "fd00::1", "tcp", 80]}, "expires": 86400}},
        ]}},
        {"rule": {"chain": "output", "expr": []}},
    ]
}  # fmt: skip


def test_service_denies_the_home_network_by_default() -> None:
    text = render_service(unit())
    (denied,) = lines(text, "IPAddressDeny")
    assert {"192.168.0.0/16", "10.0.0.0/8", "fe80::/10", "fc00::/7", "224.0.0.0/4", "ff00::/8"} <= set(denied.split())
    assert "127.0.0.0/8" not in denied.split()
    assert lines(text, "IPAddressAllow") == []
    assert lines(text, "ExecStartPre") == [], "as root it would have the app's environment"
    assert lines(text, "Wants") == ["piwizard-egress.service"]
    assert "piwizard-egress.service" in lines(text, "After")
    assert {"-/run/dbus", "-/run/avahi-daemon"} <= set(lines(text, "InaccessiblePaths"))


def test_home_network_is_open_when_asked_for_and_the_system_bus_when_needed() -> None:
    text = render_service(unit(network="home"))
    assert lines(text, "IPAddressDeny") == []
    assert "-/run/avahi-daemon" not in lines(text, "InaccessiblePaths")
    assert "-/run/dbus" in lines(text, "InaccessiblePaths")
    assert "-/run/dbus" not in lines(render_service(unit(network="home", dbus=True)), "InaccessiblePaths")
    restarts = lines(render_service(unit(dbus=True)), "InaccessiblePaths")  # app.may
    assert "-/run/dbus" not in restarts
    assert "-/run/avahi-daemon" in restarts


def test_packet_filter_reports_refused_connections_of_an_app() -> None:
    found = network_access.parse_ruleset(HEARD, 990, NOW)
    assert found.loaded
    assert [one.text for one in found.refused] == ["192.168.1.50 port 1883 (TCP)", "fd00::1 port 80 (TCP)"]
    assert found.refused[0].at == NOW - timedelta(seconds=60)


def test_packet_filter_without_rules_is_not_loaded() -> None:
    assert not network_access.parse_ruleset({"nftables": HEARD["nftables"][:-1]}, 990, NOW).loaded
    assert not network_access.parse_ruleset(HEARD, 992, NOW).loaded
    assert not network_access.read_filter("no-such-user").loaded
