"""Test explanations of certbot's errors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from piwizard.tls.certbot_errors import explain

from . import outputs


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        (
            outputs.CONNECTION,
            "www.a.example cannot be reached from the Internet at port 80: the connection",
            "router",
        ),
        (
            outputs.TIMEOUT,
            "a.example cannot be reached from the Internet at port 80: no answer in time",
            "router",
        ),
        (
            outputs.NOT_FOUND,
            "A machine other than this Pi answered for a.example with status 404",
            "public IP",
        ),
        (outputs.NOT_FOUND_OVER_IPV6, "answered for a.example over IPv6 with status 404", "AAAA"),
        (outputs.UNKNOWN_NAME, "a.example does not resolve", "A record"),
        (outputs.FORBIDDEN, "A CAA record forbids Let's Encrypt to issue a certificate for a.example", "issue"),
        (outputs.UNTRUSTED, "The certificate of the ACME server acme.lan is not trusted", "tls.ca_bundle"),
        (
            outputs.NOT_YET_VALID,
            "The certificate of the ACME server acme.lan is not valid at the time of this Pi",
            "timedatectl",
        ),
        (outputs.DOWN, "The ACME server acme.lan cannot be reached", "later"),
        (outputs.NO_SUCH_SERVER, "The ACME server acme.nowhere.invalid cannot be reached", "later"),
        (outputs.NO_WEBROOT, "certbot cannot renew the certificate", "piwizard apply renewal"),
        (
            outputs.LIMITED,
            "no more requests for this site until 2026-11-24 19:42 UTC: too many certificates (5)",
            "after",
        ),
        (outputs.RUNNING, "certbot is already running", "Wait"),
        (outputs.BAD_MAIL, "tls.email: Let's Encrypt does not accept this address", "Correct"),
        (outputs.STRANGE, "certbot failed: KeyError: 'something new'.", "letsencrypt.log"),
        ("", "certbot failed: no output.", "letsencrypt.log"),
    ],
)
def test_certbot_error_becomes_one_sentence_with_a_hint(text, sentence, hint):
    refusal = explain(text)
    assert sentence in refusal.sentence
    assert hint in refusal.hint
    assert "\n" not in refusal.sentence
    assert len(refusal.sentence) < 230


def test_certbot_error_lists_failed_domains():
    assert explain(outputs.CONNECTION).failed == ("www.a.example", "a.example")
    assert explain(outputs.DOWN).failed == ()


def test_rate_limit_error_has_the_time_to_retry():
    assert explain(outputs.LIMITED).retry_at == datetime(2026, 11, 24, 19, 42, 55, tzinfo=UTC)
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    log = outputs.LOG.format(kind="rateLimited", detail="too many certificates (5)", status=429)
    error = explain(outputs.LIMITED_WITHOUT_A_TIME, log, now)
    assert error.retry_at == datetime(2026, 11, 22, 14, tzinfo=UTC)
    assert "until 2026-11-22 14:00 UTC" in error.sentence
    assert explain(outputs.LIMITED_WITHOUT_A_TIME, "", now).retry_at == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert explain(outputs.DOWN, "", now).retry_at is None


def test_unreachable_server_is_named():
    error = explain(outputs.ABORTED, server="acme-v02.api.letsencrypt.org").sentence
    assert error == "The ACME server acme-v02.api.letsencrypt.org cannot be reached."
    assert "acme.lan cannot" in explain(outputs.DOWN, server="acme-v02.api.letsencrypt.org").sentence
    assert explain(outputs.ABORTED).sentence == "The ACME server cannot be reached."


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
            "The ACME server refused the request: a.lan does not end",
        ),
    ],
)
def test_server_error_is_read_from_the_log(kind, detail, sentence):
    log = outputs.LOG.format(kind=kind, detail=detail, status=429)
    error = explain(outputs.STUMBLED, log, datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert sentence in error.sentence
    assert "another time" not in error.sentence
