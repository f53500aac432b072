"""certbot's own words become one sentence, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from piwizard.tls.certbot_errors import explain

from . import said


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        (said.CONNECTION, "www.a.example cannot be reached from the Internet at port 80: the connection", "router"),
        (said.TIMEOUT, "a.example cannot be reached from the Internet at port 80: nobody answered in time", "router"),
        (said.NOT_FOUND, "Another machine than this Pi answered for a.example with 404", "leads elsewhere"),
        (said.NOT_FOUND_OVER_IPV6, "answered for a.example over IPv6 with 404", "AAAA"),
        (said.UNKNOWN_NAME, "a.example does not resolve", "A record"),
        (said.FORBIDDEN, "A CAA record forbids Let's Encrypt to certify a.example", "issue"),
        (said.UNTRUSTED, "The certificate of the ACME server acme.lan is not trusted", "tls.ca_bundle"),
        (
            said.NOT_YET_VALID,
            "The certificate of the ACME server acme.lan is not valid at this Pi's time",
            "timedatectl",
        ),
        (said.DOWN, "The ACME server acme.lan cannot be reached", "later"),
        (said.NO_SUCH_SERVER, "The ACME server acme.nowhere.invalid cannot be reached", "later"),
        (said.NO_WEBROOT, "certbot has not noted where challenges go", "piwizard apply renewal"),
        (said.LIMITED, "no more requests for this site until 2026-11-24 19:42 UTC: too many certificates (5)", "after"),
        (said.RUNNING, "certbot is running already", "Wait"),
        (said.BAD_MAIL, "tls.email: Let's Encrypt does not take this address", "Correct"),
        (said.STRANGE, "certbot failed: KeyError: 'something new'.", "letsencrypt.log"),
        ("", "certbot failed: it said nothing.", "letsencrypt.log"),
    ],
)
def test_one_sentence(text, sentence, hint):
    refusal = explain(text)
    assert sentence in refusal.sentence
    assert hint in refusal.hint
    assert "\n" not in refusal.sentence
    assert len(refusal.sentence) < 230


def test_the_names_that_count_as_failed():
    assert explain(said.CONNECTION).failed == ("www.a.example", "a.example")
    assert explain(said.DOWN).failed == ()


def test_when_to_ask_again():
    assert explain(said.LIMITED).retry_at == datetime(2026, 11, 24, 19, 42, 55, tzinfo=UTC)
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    log = said.LOG.format(kind="rateLimited", detail="too many certificates (5)", status=429)
    told = explain(said.LIMITED_WITHOUT_A_TIME, log, now)
    assert told.retry_at == datetime(2026, 11, 22, 14, tzinfo=UTC)
    assert "until 2026-11-22 14:00 UTC" in told.sentence
    assert explain(said.LIMITED_WITHOUT_A_TIME, "", now).retry_at == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert explain(said.DOWN, "", now).retry_at is None


def test_who_was_asked():
    told = explain(said.ABORTED, server="acme-v02.api.letsencrypt.org").sentence
    assert told == "The ACME server acme-v02.api.letsencrypt.org cannot be reached."
    assert "acme.lan cannot" in explain(said.DOWN, server="acme-v02.api.letsencrypt.org").sentence
    assert explain(said.ABORTED).sentence == "The ACME server cannot be reached."


@pytest.mark.parametrize(
    ("kind", "detail", "sentence"),
    [
        (
            "rateLimited",
            "too many certificates (5) already issued",
            "no more requests for this site until 2026-11-22 14",
        ),
        ("caa", "CAA record for a.example prevents issuance", "A CAA record forbids"),
        (
            "rejectedIdentifier",
            "a.lan does not end with a public suffix",
            "The ACME server refuses: a.lan does not end",
        ),
    ],
)
def test_what_certbot_stumbles_over_is_in_its_log(kind, detail, sentence):
    log = said.LOG.format(kind=kind, detail=detail, status=429)
    told = explain(said.STUMBLED, log, datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert sentence in told.sentence
    assert "another time" not in told.sentence
