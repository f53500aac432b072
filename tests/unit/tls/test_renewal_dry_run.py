"""Test fixes of renewal settings, and the dry run of a renewal."""

from __future__ import annotations

import pytest

from piwizard.tls import renewal_dry_run
from piwizard.tls.lineage import parse_renewal_settings, read_certificates

from .conftest import CONF

NAMES = ("a.example",)
GOOD = CONF.format(name="x", server="s")


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("webroot_path = /var/lib/letsencrypt,\n", ""),
        GOOD.replace("/var/lib/letsencrypt,", "/var/www/html,"),
        GOOD.replace("authenticator = webroot", "authenticator = standalone"),
        GOOD + "[[webroot_map]]\na.example = /var/www/html\n",
    ],
)
def test_renewal_settings_get_the_webroot_of_nginx(text):
    fixed = renewal_dry_run.with_webroot(text, NAMES)
    assert fixed != text
    found = parse_renewal_settings(fixed)
    assert (found["authenticator"], found["webroot_path"]) == ("webroot", "/var/lib/letsencrypt,")
    assert "/var/www/html" not in fixed
    assert found["account"] == "af63ae4dee7efb45be732c4a177fc1a5"
    assert fixed.splitlines()[0] == "# renew_before_expiry = 30 days"
    assert renewal_dry_run.with_webroot(fixed, NAMES) == fixed


def test_renewal_settings_keep_webroots_of_other_domains():
    """The user's certificate has two domains, and one belongs to another site."""
    fixed = renewal_dry_run.with_webroot(
        f"{GOOD}[[webroot_map]]\na.example = /var/www/html\nmail.example = /srv/mail\n", NAMES
    )
    assert "mail.example = /srv/mail" in fixed
    assert "a.example =" not in fixed


@pytest.mark.parametrize("more", ["", "[[webroot_map]]\n", "[[webroot_map]]\na.example = /var/lib/letsencrypt\n"])
def test_correct_renewal_settings_stay_unchanged(more):
    assert renewal_dry_run.with_webroot(GOOD + more, NAMES) == GOOD + more


@pytest.mark.parametrize(
    ("way", "fixed"), [("webroot", True), ("standalone", True), ("nginx", False), ("dns-cloudflare", False)]
)
def test_renewal_settings_with_other_authenticators_stay_unchanged(letsencrypt, own_places, way, fixed):
    root = letsencrypt("mine", "a.example", conf=CONF.replace("= webroot", f"= {way}"))
    (found,) = read_certificates(root).lineages
    assert renewal_dry_run.needs_webroot(found) == fixed


def test_dry_run_is_repeated_only_after_settings_change(letsencrypt, tmp_path):
    root = letsencrypt("mine", "a.example")
    dry_run = renewal_dry_run.RenewalDryRun("mine", tmp_path / "marker", root=root)
    assert not dry_run.probe(None, None).in_sync
    assert "--dry-run" in dry_run.probe(None, None).argv[0]
    (tmp_path / "marker").write_bytes(dry_run._fingerprint())
    assert dry_run.probe(None, None).in_sync
    conf = root / "renewal" / "mine.conf"
    conf.write_text(conf.read_text().replace("2.1.0", "4.0.0"))
    assert dry_run.probe(None, None).in_sync, "a new version of certbot does not matter"
    conf.write_text(conf.read_text().replace("/var/lib/letsencrypt,", "/elsewhere,"))
    assert not dry_run.probe(None, None).in_sync
