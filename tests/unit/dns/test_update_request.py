"""Test each protocol at a provider of the test over HTTPS."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from piwizard.dns import update_request
from piwizard.dns.provider_errors import REFUSALS, UNKNOWN, explain

from .conftest import TOKEN


@pytest.fixture
def code(account, provider):
    """Return the result of an update at that provider."""
    return lambda name="no-ip", **more: (
        update_request.update(account(name, server=provider.name, **more), "11.22.33.44").code
    )


@pytest.mark.parametrize("name", ["no-ip", "desec", "dynu", "dynv6", "custom"])
def test_dyndns2(code, account, provider, name):
    assert code(name) == "good"
    ((method, path, headers, _),) = provider.asked
    wanted = account(name)
    assert (method, path) == ("GET", f"/nic/update?hostname={wanted.hostname}&myip=11.22.33.44")
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == f"{wanted.login}:{TOKEN}"
    assert headers["User-Agent"] == wanted.agent


@pytest.mark.parametrize(
    ("status", "text", "wanted"),
    [
        (200, "nochg 11.22.33.44", "nochg"),
        (200, "good 127.0.0.1", "badagent"),
        (401, "badauth", "badauth"),
        (200, "badauth", "badauth"),
        (401, "", "badauth"),
        (200, "nohost", "nohost"),
        (404, "nohost", "nohost"),
        (200, "badagent", "badagent"),
        (200, "!donator", "!donator"),
        (200, "abuse", "abuse"),
        (200, "911", "911"),
        (500, "oops", "down"),
        (503, "<html>", "down"),
        (429, "slow down", "throttled"),
        (200, "", "garbage"),
        (200, "<html>Log in to the hotel</html>", "garbage"),
        (403, "<html>Log in to the hotel</html>", "garbage"),
        (302, "", "garbage"),
    ],
)
def test_refusals_of_dyndns2(code, provider, status, text, wanted):
    provider.status, provider.text = status, text
    assert code() == wanted
    assert len(provider.asked) == 1


@pytest.mark.parametrize(("text", "wanted"), [("OK", "good"), ("KO", "ko"), ("<html>", "garbage")])
def test_duckdns(code, provider, text, wanted):
    provider.text = text
    assert code("duckdns") == wanted
    assert provider.asked[0][1] == f"/update?domains=songuuli&token={TOKEN}&ip=11.22.33.44"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("songuuli.afraid.org|1.2.3.4|https://freedns.afraid.org/u/?x\n", "good"),
        ("other.afraid.org|1.2.3.4|https://freedns.afraid.org/u/?x\n", "nohost"),
        ("ERROR: Could not authenticate.", "badauth"),
        ("hello", "garbage"),
    ],
)
def test_freedns(code, provider, text, wanted):
    provider.text = text
    assert code("freedns") == wanted
    signed = hashlib.sha1(f"me@example.org|{TOKEN}".encode()).hexdigest()
    assert provider.asked[0][1].endswith(f"sha={signed}")


ZONE, RECORDS, RECORD = "/client/v4/zones", "/client/v4/zones/z1/dns_records", "/client/v4/zones/z1/dns_records/r1"


def found(*ids):
    return 200, json.dumps({"success": True, "result": [{"id": one, "content": "1.2.3.4"} for one in ids]})


@pytest.mark.parametrize(
    ("pages", "wanted"),
    [
        ({}, "good"),
        ({("GET", ZONE): (403, "{}")}, "badauth"),
        ({("GET", ZONE): (400, "{}")}, "badauth"),
        ({("GET", ZONE): found()}, "nozone"),
        ({("GET", ZONE): (200, "[]")}, "garbage"),
        ({("GET", ZONE): (200, "[" * 19_000)}, "garbage"),
        ({("GET", RECORDS): found()}, "norecord"),
        ({("PATCH", RECORD): (403, "{}")}, "noedit"),
        ({("PATCH", RECORD): (502, "")}, "down"),
    ],
)
def test_cloudflare(account, provider, pages, wanted):
    right = {("GET", ZONE): found("z1"), ("GET", RECORDS): found("r1"), ("PATCH", RECORD): found("r1")}
    provider.pages = right | pages
    asked = account("cloudflare", server=f"{provider.name}/client/v4")
    assert update_request.update(asked, "11.22.33.44").code == wanted
    assert {one[2]["Authorization"] for one in provider.asked} == {f"Bearer {TOKEN}"}
    if wanted == "good":
        assert json.loads(provider.asked[-1][3]) == {"content": "11.22.33.44"}


def test_update_without_address_lets_the_provider_decide(account, provider):
    assert update_request.update(account(server=provider.name), None).accepted
    assert "myip" not in provider.asked[0][1]


def test_a_certificate_that_is_not_right(code, provider, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    assert code() == "certificate"
    assert provider.asked == []


def test_update_reports_unreachable_and_silent_servers(account, provider, monkeypatch):
    assert update_request.update(account(server="localhost:1"), None).code == "unreachable"
    monkeypatch.setattr(update_request, "REQUEST_SECONDS", 0.05)
    provider.server.shutdown()
    assert update_request.update(account(server=provider.name), None).code == "time-out"


@pytest.mark.parametrize("code", [*REFUSALS, "garbage"])
@pytest.mark.parametrize("name", ["no-ip", "duckdns", "custom"])
def test_every_refusal_has_sentence_and_hint(account, code, name):
    refusal = explain(code, account(name))
    assert refusal.sentence.endswith(".")
    assert refusal.hint.endswith(".")
    assert not {"{", "}"} & set(refusal.sentence + refusal.hint)
    assert TOKEN not in refusal.sentence + refusal.hint
    assert (refusal.sentence == explain("x", account(name)).sentence) == (REFUSALS.get(code, UNKNOWN) is UNKNOWN)
