"""Test the predicted SSL Labs grade."""

from __future__ import annotations

from dataclasses import replace

import pytest

from piwizard.tls.grade import Observed, Suite, predict_grade

STRONG = (
    Suite("TLS_AES_256_GCM_SHA384", 256, True, True),
    Suite("ECDHE-ECDSA-AES128-GCM-SHA256", 128, True, True),
)
GOOD = Observed(("TLS 1.2", "TLS 1.3"), STRONG, "EC", 256, "ecdsa-with-SHA256", hsts=63072000)
RC4, DES3, KRSA_CBC, NULL = (
    Suite("ECDHE-RSA-RC4-SHA", 128, True, False),
    Suite("DES-CBC3-SHA", 112, False, False),
    Suite("AES128-SHA", 128, False, False),
    Suite("ECDHE-RSA-NULL-SHA", 0, True, False),
)


def test_grade_of_a_good_server_is_a_plus():
    found = predict_grade(GOOD)
    assert (found.letter, found.points) == ("A+", 93)
    assert found.reasons == ("TLS 1.3, 93 points, HSTS for 730 days",)


@pytest.mark.parametrize(
    ("changes", "letter", "reason"),
    [
        ({"hsts": None}, "A", "no HSTS"),
        ({"hsts": 86400}, "A", "HSTS for 1 day;"),
        ({"hsts": 180 * 86400 - 1}, "A", "HSTS for 179 days"),
        ({"protocols": ("TLS 1.2",)}, "A-", "TLS 1.3 is not offered"),
        ({"protocols": ("TLS 1.1", "TLS 1.2", "TLS 1.3")}, "B", "TLS 1.1 is still offered"),
        ({"protocols": ("TLS 1.0", "TLS 1.1", "TLS 1.2")}, "B", "TLS 1.0 and TLS 1.1 are still offered"),
        ({"protocols": ("TLS 1.0",)}, "C", "neither TLS 1.2 nor TLS 1.3"),
        ({"key": "RSA", "key_bits": 1024}, "B", "only 1024 bits (RSA)"),
        ({"key": "RSA", "key_bits": 512}, "F", "only 512 bits (RSA)"),
        ({"dh": 1024}, "B", "parameters of only 1024 bits"),
        ({"dh": 512}, "F", "parameters of only 512 bits"),
        ({"suites": (*STRONG, RC4)}, "C", "weak suites: ECDHE-RSA-RC4-SHA"),
        ({"suites": (*STRONG, DES3)}, "C", "weak suites: DES-CBC3-SHA"),
        ({"suites": (*STRONG, NULL)}, "F", "without protection: ECDHE-RSA-NULL-SHA"),
        ({"suites": (KRSA_CBC,)}, "B", "no suite with forward secrecy"),
        ({"signature": "sha1WithRSAEncryption"}, "F", "signed with sha1"),
        ({"untrusted": "certificate has expired"}, "T", "certificate has expired"),
        ({"mismatched": "www.a.example"}, "M", "www.a.example"),
        ({"mismatched": "a.example", "untrusted": "self-signed certificate"}, "T", "self-signed"),
        ({"protocols": (), "suites": ()}, "F", "0 points"),
    ],
)
def test_grade_is_capped_by_a_fault(changes, letter, reason):
    found = predict_grade(replace(GOOD, **changes))
    assert found.letter == letter
    assert any(reason in one for one in found.reasons), found.reasons


def test_grade_lists_the_worst_reason_first():
    found = predict_grade(
        replace(GOOD, hsts=None, protocols=("TLS 1.1", "TLS 1.2"), untrusted="self-signed certificate")
    )
    assert [one.split()[0] for one in found.reasons] == ["the", "TLS", "TLS", "no"]


@pytest.mark.parametrize(("bits", "points"), [(2048, 93), (4096, 96)])
def test_grade_points_depend_on_the_rsa_key(bits, points):
    assert predict_grade(replace(GOOD, key="RSA", key_bits=bits)).points == points
