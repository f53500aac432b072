"""Test parsing of DH parameters, and the estimated time to generate them."""

from __future__ import annotations

from decimal import Decimal, getcontext
from pathlib import Path

import pytest

from piwizard.system import commands, openssl_dhparam

PEM = b"""\
-----BEGIN DH PARAMETERS-----
MEYCQQDVPeEJoTOmZppr3jUKFKxUm7dkpr79Je0JK3KOBy88HT3/c+euCKLBWNSA
pCgPZ+U774cfJMEE5//540H5XcU3AgEC
-----END DH PARAMETERS-----
"""
KNOWN = Path(__file__).parents[3] / "templates/tls/ffdhe2048.pem"


def test_parameters_are_parsed():
    found = openssl_dhparam.parse_parameters(PEM)
    assert (found.bits, found.generator) == (512, 2)


@pytest.mark.parametrize("length", [0, 1, 40, 100, len(PEM) - 30, len(PEM) - 3])
def test_incomplete_parameters_are_none(length):
    assert openssl_dhparam.parse_parameters(PEM[:length]) is None


@pytest.mark.parametrize("bad", [PEM.replace(b"MEY", b"AEY"), b"\0" * 300, PEM * 2, PEM.replace(b"\n", b"")])
def test_other_content_is_none(bad):
    assert openssl_dhparam.parse_parameters(bad) is None


def test_bundled_parameters_match_the_rfc():
    """RFC 7919, appendix A.1: p = 2^2048 - 2^1984 + {[2^1918 * e] + 560316} * 2^64 - 1."""
    getcontext().prec = 700
    prime = 2**2048 - 2**1984 + (int(Decimal(1).exp() * 2**1918) + 560316) * 2**64 - 1
    assert openssl_dhparam.parse_parameters(KNOWN.read_bytes()) == openssl_dhparam.Parameters(prime, 2)


def test_bundled_parameters_are_accepted_by_openssl():
    said = commands.run(("openssl", "dhparam", "-in", str(KNOWN), "-noout", "-text"))
    assert "DH Parameters: (2048 bit)" in said.output
    assert "ffdhe2048" in said.output


def test_expected_candidates_match_measurements():
    """The measurements are dots of 40 generations of 512 bits, and of 10 of 1024 bits."""
    assert openssl_dhparam.expected_candidates(512) == pytest.approx(1086, rel=0.2)
    assert openssl_dhparam.expected_candidates(1024) == pytest.approx(4303, rel=0.2)
    assert openssl_dhparam.expected_candidates(2048) == pytest.approx(10_215, rel=0.01)


def test_estimate_comes_from_a_short_trial(monkeypatch):
    monkeypatch.setattr(openssl_dhparam, "PROBE_SECONDS", 0.2)
    openssl_dhparam.estimate_seconds.cache_clear()
    try:
        assert openssl_dhparam.estimate_seconds(2048) > 1
    finally:
        openssl_dhparam.estimate_seconds.cache_clear()


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (59, "59 s"), (90, "2 min"), (5940, "99 min"), (13740, "3 h 49 min")]
)
def test_duration_is_formatted(seconds, words):
    assert openssl_dhparam.format_duration(seconds) == words
