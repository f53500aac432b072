"""Test that slow visitors are disconnected after the configured timeout."""

from __future__ import annotations

import itertools
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest

from piwizard.nginx.request_limits import LIMITS, render_limits

from .slow import HEADERS_FRAME, PREFACE, Slow

SHORT, LONGEST, LATE = 2.0, 8.0, 2.0
"""Seconds: the timeout in these tests, the longest wait, and the allowed delay of nginx."""
FASTER = {
    f"client_header_timeout {LIMITS['client_header_timeout']}": f"client_header_timeout {SHORT:.0f}s",
    "client_body_timeout": f"keepalive_timeout {SHORT:.0f}s;\n    client_body_timeout",
}
REQUEST = b"GET / HTTP/1.1\r\nHost: %s\r\n"
WHOLE = REQUEST % b"pi.example" + b"\r\n"
THEIRS = "server { listen 80 default_server; server_name _; return 204; }\n"


def header():
    """Yield headers without end."""
    return itertools.cycle(b"X-Slow: yes\r\n")


def hello(host="pi.example"):
    """Return the first bytes of a TLS handshake."""
    context, incoming, outgoing = ssl.create_default_context(), ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=host).do_handshake()
    return outgoing.read()


def visitors(served):
    """Return every kind of slow visitor by name."""

    def plain():
        return socket.create_connection(("127.0.0.1", served.port), 10)

    def tls_port():
        return socket.create_connection(("127.0.0.1", served.tls_port), 10)

    def secure(*alpn):
        return lambda: served.handshake("pi.example", alpn=list(alpn) or ["http/1.1"])

    return {
        "says nothing": Slow(plain),
        "request line": Slow(plain, b"GET /", itertools.cycle(b"a")),
        "header before the host": Slow(plain, b"GET / HTTP/1.1\r\n", header()),
        "header": Slow(plain, REQUEST % b"pi.example", header()),
        "header to a name that redirects": Slow(plain, REQUEST % b"www.pi.example", header()),
        "header to an unknown name": Slow(plain, REQUEST % b"evil.example", header()),
        "header of a second request": Slow(plain, WHOLE, REQUEST % b"pi.example" + b"X: " + b"a" * 99, answered=True),
        "no handshake": Slow(tls_port),
        "handshake": Slow(tls_port, b"", hello()[:-1]),
        "handshake for an unknown name": Slow(tls_port, b"", hello("evil.example")[:-1]),
        "nothing after the handshake": Slow(secure()),
        "header after the handshake": Slow(secure(), REQUEST % b"pi.example", header()),
        "header over HTTP/2": Slow(secure("h2"), PREFACE + HEADERS_FRAME, itertools.repeat(ord("a"))),
        "beginning of HTTP/2": Slow(secure("h2"), PREFACE[:4], PREFACE[4:20]),
    }


def lasting(slow):
    """Start all of them at once; return how long each stayed connected."""
    with ThreadPoolExecutor(len(slow)) as pool:
        return dict(zip(slow, pool.map(lambda one: one.lasts(LONGEST), slow.values()), strict=True))


@pytest.mark.parametrize("served", [{"https": True, "faster": FASTER}], indirect=True)
def test_slow_headers_are_cut_off(served):
    """Check the servers' own timeouts: Debian's nginx.conf sets none."""
    seconds = lasting(visitors(served))
    # Over HTTP/2 nginx announces the end, and gives the visitor keepalive_timeout to disconnect.
    set_for = {name: 2 * SHORT if name == "header over HTTP/2" else SHORT for name in seconds}
    wrong = {name: s for name, s in seconds.items() if not set_for[name] - 0.5 <= s <= set_for[name] + LATE}
    assert wrong == {}


@pytest.mark.parametrize("served", [{"faster": FASTER, "http": "client_header_timeout 60s;\n"}], indirect=True)
def test_user_timeout_for_all_servers_does_not_apply(served):
    some = {name: slow for name, slow in visitors(served).items() if name in ("says nothing", "header")}
    assert max(lasting(some).values()) <= SHORT + LATE


@pytest.mark.parametrize("served", [{"default": THEIRS}], indirect=True)
def test_slow_headers_stay_without_a_default_server_timeout(served):
    """Show that the site's own timeout needs one of the default server, too."""
    some = {name: slow for name, slow in visitors(served).items() if name in ("says nothing", "header")}
    assert min(lasting(some).values()) == LONGEST


@pytest.mark.parametrize(
    "served",
    [{"default": THEIRS, "http": render_limits("", {}).replace("15s", f"{SHORT:.0f}s")}],
    indirect=True,
)
def test_slow_headers_to_a_default_server_set_by_hand_time_out(served):
    some = {name: slow for name, slow in visitors(served).items() if name in ("says nothing", "header")}
    assert max(lasting(some).values()) <= SHORT + LATE


@pytest.mark.parametrize("served", [{"faster": {"client_body_timeout 30s": "client_body_timeout 2s"}}], indirect=True)
def test_missing_body_is_not_awaited(served):
    post = b"POST / HTTP/1.1\r\nHost: pi.example\r\nContent-Length: 9\r\n\r\n123"
    slow = Slow(lambda: socket.create_connection(("127.0.0.1", served.port), 10), post)
    assert SHORT - 0.5 <= slow.lasts(LONGEST) <= SHORT + LATE
    assert not served.backend.connections, "the request reached the app"
