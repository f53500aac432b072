"""Test which headers of a visitor reach the app."""

from __future__ import annotations

import json
import socket

import pytest

from piwizard.nginx.visitor_headers import FAMILIES

REPLACED = (
    "Host",
    "X-Real-Ip",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Connection",
    "Upgrade",
    "X-Forwarded-Prefix",
)
"""Headers that nginx writes itself, whatever the visitor sends."""
DROPPED = tuple(name for names in FAMILIES.values() for name in names)
"""Every header that never reaches an app."""

KEPT = [
    ("accept", "text/html"),
    ("authorization", "Bearer of-the-app"),
    ("cookie", "session=1"),
    ("origin", "https://pi.example"),
    ("range", "bytes=0-1"),
    ("user-agent", "a browser"),
    ("x-access-token", "of-the-app"),
    ("x-api-key", "of-the-app"),
    ("x-auth-token", "of-the-app"),
    ("x-csrftoken", "of-the-app"),
    ("x-requested-with", "XMLHttpRequest"),
]
"""Headers of browsers and programs that apps should get."""
WRITTEN = {"host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
AUDITED = """
    CF-Connecting-IP True-Client-IP X-Forwarded-Port X-Forwarded-Prefix X-Forwarded-Server X-Forwarded-User
    X-Forwarded-Groups X-Forwarded-Email X-Forwarded-Preferred-Username X-Forwarded-Access-Token Forwarded X-Client-IP
    X-Cluster-Client-IP Fastly-Client-IP X-Originating-IP X-Remote-IP X-Remote-Addr X-Remote-User Remote-User
    Remote-Groups Remote-Email REMOTE_USER REMOTE_ADDR X-Authenticated-User X-Authenticated-Userid X-Auth-Request-User
    X-Auth-Request-Email X-WEBAUTH-USER X-Original-URL X-Rewrite-URL X-Original-Host X-HTTP-Method-Override
    X-HTTP-Method X-Method-Override Proxy Script-Name SCRIPT_NAME Path-Info PATH_INFO X-Script-Name X-Scheme
    X-URL-Scheme X-Accel-Redirect X-Accel-Mapping X-Sendfile-Type X-SSL-Client-Cert X-SSL-Client-Verify
    X-SSL-Client-S-DN SSL-Client-Cert SSL-Client-Verify X-Client-Cert X-Client-Verify CF-Access-Jwt-Assertion
    Cf-Access-Authenticated-User-Email X-Goog-Authenticated-User-Email X-MS-CLIENT-PRINCIPAL-NAME Tailscale-User-Login
"""


def variants(name):
    """Return other spellings of the name, most of which WSGI treats as the same."""
    words = name.split("-")
    yield from (name, name.lower(), name.upper(), name.replace("-", "_"), name.upper().replace("-", "_"))
    if len(words) > 2:
        yield f"{words[0]}_{'-'.join(words[1:])}"
        yield f"{'-'.join(words[:-1])}_{words[-1]}"
    yield name.replace("-", ".")


def reaching(served, names, *, first, secure=False):
    """Return which of these headers reach the app, and all other headers.

    Each is sent before or after Host.
    """
    found = set()
    for at in range(0, len(names), 150):  # a request has space for 32 kB
        forged = [f"{name}: forged" for name in names[at : at + 150]]
        lines = [*forged, "Host: pi.example"] if first else ["Host: pi.example", *forged]
        request = "\r\n".join(["GET / HTTP/1.0", *lines, "", ""]).encode()
        plain = ("127.0.0.1", served.port)
        with served.handshake("pi.example") if secure else socket.create_connection(plain, 10) as connection:
            connection.sendall(request)
            head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
        assert b" 200 " in head.splitlines()[0], head
        found |= {key for key, value in json.loads(body)["headers"] if "forged" in value or key not in WRITTEN}
    return found


def test_families_have_each_name_once():
    names = [name.lower() for each in FAMILIES.values() for name in each]
    assert len(set(names)) == len(names) == len(DROPPED)
    assert not {name.lower() for name in REPLACED} & set(names)


@pytest.mark.parametrize("served", [{"https": True}, {}], indirect=True, ids=["https", "http"])
@pytest.mark.parametrize("first", [True, False], ids=["before-host", "after-host"])
def test_visitor_headers_never_reach_the_app(request, served, first):
    names = [*DROPPED, *AUDITED.split(), *REPLACED]
    names = [one for name in names for one in variants(name) if one.lower() not in ("host", "connection", "te")]
    assert reaching(served, names, first=first, secure="https" in request.node.callspec.id.split("-")) == set()


@pytest.mark.parametrize(
    "served", [{"http": "underscores_in_headers on;\nignore_invalid_headers off;\n"}], indirect=True
)
@pytest.mark.parametrize("first", [True, False], ids=["before-host", "after-host"])
def test_underscores_allowed_elsewhere_do_not_pass(served, first):
    assert reaching(served, ["Remote_User", "REMOTE_USER", "X.Remote.User", "SCRIPT_NAME"], first=first) == set()


def test_other_headers_of_visitors_reach_the_app(served):
    headers = dict(served.get("/", headers=KEPT).asked["headers"])
    assert [(name, headers.get(name)) for name, _ in KEPT] == KEPT


@pytest.mark.parametrize("named", ["X-Real-IP", "X-Forwarded-For, X-Forwarded-Proto", "close, Host"])
def test_connection_header_cannot_remove_headers_of_nginx(served, named):
    headers = dict(served.get("/", headers=[("Connection", named)]).asked["headers"])
    assert headers.keys() == WRITTEN
    assert headers["x-forwarded-for"] == headers["x-real-ip"] == "127.0.0.1"


def test_repeated_header_is_removed_each_time(served):
    forged = [("X-Real-IP", "6.6.6.6"), ("Remote-User", "root"), ("X-Real-IP", "7.7.7.7"), ("Remote-User", "admin")]
    headers = served.get("/", headers=forged).asked["headers"]
    assert [value for key, value in headers if key == "x-real-ip"] == ["127.0.0.1"]
    assert "remote-user" not in dict(headers)


@pytest.mark.parametrize("served", [{"passed": ("/static/uploads/",)}], indirect=True)
@pytest.mark.parametrize("path", ["/", "/static/not-published.js", "/static/uploads/photo.jpg"])
def test_every_location_passes_the_same_headers(served, path):
    headers = dict(
        served.get(path, headers=[("Remote-User", "root"), ("CF-Connecting-IP", "6.6.6.6")]).asked["headers"]
    )
    assert headers.keys() == WRITTEN
