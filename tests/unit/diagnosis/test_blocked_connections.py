"""Test that connections blocked by piwizard's rules are found, and other failures are not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from piwizard.apps.home_network import HomeNetworkUse
from piwizard.apps.network_access import RefusedConnection
from piwizard.diagnosis import blocked_connections
from piwizard.diagnosis.app_errors import find_causes
from tests.unit.diagnosis.conftest import AppContexts
from tests.unit.diagnosis.recorded import view

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
REFUSED = (RefusedConnection("192.168.1.50", "tcp", 1883, AT),)
MQTT = (HomeNetworkUse("connects to an MQTT broker", "mqtt.py", 3),)
BLOCKED = [
    ("OSError: [Errno 113] No route to host", 'client.connect("192.168.1.50", 1883)', {}, "192.168.1.50"),
    ("TimeoutError: [Errno 110] Connection timed out", 'socket.create_connection(("10.0.0.3", 80))', {}, "10.0.0.3"),
    ("PermissionError: [Errno 1] Operation not permitted", 's.sendto(x, ("224.0.0.251", 5353))', {}, "224.0.0.251"),
    ("requests.exceptions.ConnectTimeout: HTTPConnectionPool(host='192.168.178.1', port=80): Max retries exceeded with "
     "url: / (Caused by ConnectTimeoutError(<x>, 'Connection to 192.168.178.1 timed out. (connect timeout=3)'))",
     "requests.get(url)", {}, "192.168.178.1"),
    ("requests.exceptions.ConnectionError: HTTPConnectionPool(host='shelly.local', port=80): Max retries exceeded with "
     "url: / (Caused by NameResolutionError(\"<x>: Failed to resolve 'shelly.local' ([Errno -2] Name or service not "
     'known)"))', "requests.get(url)", {}, "shelly.local"),
    ("psycopg2.OperationalError: connection to server at \"192.168.1.9\", port 5432 failed: No route to host",
     "connect(url)", {}, "192.168.1.9"),
    ("OSError: [Errno 113] No route to host", "client.connect(host)", {"refused": REFUSED}, "50 port 1883 (TCP)"),
    ("TimeoutError: timed out", "client.connect(host)", {"home_network": MQTT}, "mqtt.py:3"),
]  # fmt: skip
OTHERS = [
    ("OSError: [Errno 113] No route to host", 'client.connect("192.168.1.50", 1883)', {"network": "home"}),
    ("ConnectionRefusedError: [Errno 111] Connection refused", 'client.connect("127.0.0.1", 1883)', {}),
    ("TimeoutError: timed out", 'requests.get("https://example.org")', {}),
    ("ValueError: 192.168.1.1 is not what I want", "check(address)", {"refused": REFUSED}),
    (
        "PermissionError: [Errno 13] Permission denied: 'counter.json'",
        'open("counter.json", "w")',
        {"refused": REFUSED},
    ),
]


@pytest.mark.parametrize(("words", "source", "known", "place"), BLOCKED)
def test_blocked_connection_is_named_with_the_line_that_allows_it(
    context: AppContexts, words: str, source: str, known: dict[str, object], place: str
) -> None:
    (finding,) = find_causes([view(words, source)], context(**known))
    assert finding.id == "home-network-blocked"
    assert place in finding.cause
    assert 'network = "home" under [app]' in finding.advice
    assert not finding.fixable


@pytest.mark.parametrize(("words", "source", "known"), OTHERS)
def test_other_failures_are_not_blamed_on_the_rules(
    context: AppContexts, words: str, source: str, known: dict[str, object]
) -> None:
    assert all(
        one.id != blocked_connections.HOME_BLOCKED[0] for one in find_causes([view(words, source)], context(**known))
    )


def test_system_bus_and_name_server_are_named(context: AppContexts) -> None:
    bus = view("PermissionError: [Errno 13] Permission denied: '/run/dbus/system_bus_socket'", "connect()")
    assert find_causes([bus], context())[0].id == "system-bus-blocked"
    names = view("socket.gaierror: [Errno -3] Temporary failure in name resolution", "connect()")
    found = find_causes([names], context(unreachable_resolvers=("192.168.2.1",)))
    assert found[0].id == "name-server-blocked"
    assert "192.168.2.1" in found[0].cause
    assert find_causes([names], context())[0].id != "name-server-blocked"


def test_blocked_connection_of_a_silent_app_is_found(context: AppContexts) -> None:
    (finding,) = blocked_connections.blocked_by_filter(REFUSED, context(), AT)
    assert "192.168.1.50 port 1883 (TCP)" in finding.detail
    assert blocked_connections.blocked_by_filter(REFUSED, context(), AT.replace(hour=13)) == []
    assert blocked_connections.blocked_by_filter(REFUSED, context(network="home"), None) == []
