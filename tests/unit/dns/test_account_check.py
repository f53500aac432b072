"""Test that accounts are checked without a change, once each, and not too often."""

from __future__ import annotations

import pytest

from piwizard.dns import account_check, lookup, update_request
from piwizard.dns.account_check import MAX_CHECKS, PERIOD_SECONDS, AccountChecks
from piwizard.dns.lookup import LookupResult
from piwizard.dns.update_request import UpdateReply

from .conftest import TOKEN
from .test_update_request import RECORDS, ZONE, found


class Asked:
    """A provider that gives this answer, and counts the requests."""

    def __init__(self, code="good"):
        self.code, self.count = code, 0

    def __call__(self, account):
        self.count += 1
        return self.code and UpdateReply(self.code)


@pytest.mark.parametrize(
    ("code", "ok", "words"),
    [
        ("good", True, "DuckDNS accepted it."),
        ("ko", False, "the token is wrong"),
        ("time-out", False, "www.duckdns.org"),
    ],
)
def test_each_account_is_checked_once(account, code, ok, words):
    asked = Asked(code)
    checks = AccountChecks(asked)
    for _ in range(3):
        result = checks.check(account("duckdns"))
        assert (result.ok, words in result.sentence) == (ok, True)
        assert TOKEN not in repr(result) + repr(vars(checks))
    assert asked.count == 1


def test_number_of_checks_is_limited(account):
    asked, now = Asked("ko"), [0.0]
    checks = AccountChecks(asked, lambda: now[0])
    for number in range(MAX_CHECKS + 3):
        checks.check(account("duckdns", password=f"token-{number}"))
    assert asked.count == MAX_CHECKS
    now[0] = PERIOD_SECONDS
    assert checks.check(account("duckdns", password="another")) is not None


def test_provider_that_wants_a_pause_gets_it(account):
    asked, now = Asked("throttled"), [0.0]
    checks = AccountChecks(asked, lambda: now[0])
    assert not checks.check(account("duckdns")).ok
    assert checks.check(account("duckdns", password="another")) is None
    assert asked.count == 1


def test_duckdns_is_asked_with_the_address_that_the_name_has(account, monkeypatch):
    sent = []
    monkeypatch.setattr(lookup, "ask_name_servers", lambda *_: LookupResult("found", ("11.22.33.44",)))
    monkeypatch.setattr(update_request, "update", lambda account, address: sent.append(address) or UpdateReply("good"))
    assert account_check.ask_provider(account("duckdns")).accepted
    assert sent == ["11.22.33.44"]


def test_duckdns_is_not_asked_about_a_name_without_address(account, monkeypatch):
    monkeypatch.setattr(lookup, "ask_name_servers", lambda *_: LookupResult("none"))
    monkeypatch.setattr(update_request, "update", lambda *_: pytest.fail("an update would change the record"))
    assert account_check.ask_provider(account("duckdns")) is None


@pytest.mark.parametrize("name", ["no-ip", "desec", "dynu", "dynv6", "custom"])
def test_provider_without_a_harmless_request_is_not_asked(account, provider, name):
    assert account_check.ask_provider(account(name, server=provider.name)) is None
    assert provider.asked == []


@pytest.mark.parametrize(("pages", "code"), [({}, "good"), ({("GET", RECORDS): found()}, "norecord")])
def test_cloudflare_is_only_read(account, provider, pages, code):
    provider.pages = {("GET", ZONE): found("z1"), ("GET", RECORDS): found("r1")} | pages
    asked = account("cloudflare", server=f"{provider.name}/client/v4")
    assert account_check.ask_provider(asked).code == code
    assert {method for method, *_ in provider.asked} == {"GET"}
