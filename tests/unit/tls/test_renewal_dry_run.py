"""Renewal files that certbot could not renew by are mended, and the others left alone."""

from __future__ import annotations

import pytest

from piwizard.tls import renewal_dry_run
from piwizard.tls.lineage import look

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
def test_challenges_go_where_nginx_serves_them(text):
    mended = renewal_dry_run.with_webroot(text, NAMES)
    assert mended != text
    found = renewal_dry_run.settings(mended)
    assert (found["authenticator"], found["webroot_path"]) == ("webroot", "/var/lib/letsencrypt,")
    assert "/var/www/html" not in mended
    assert found["account"] == "af63ae4dee7efb45be732c4a177fc1a5"
    assert mended.splitlines()[0] == "# renew_before_expiry = 30 days"
    assert renewal_dry_run.with_webroot(mended, NAMES) == mended


def test_names_that_are_served_elsewhere_keep_their_folder():
    """A certificate of the person's for two names, of which one is a site of theirs, not of ours."""
    mended = renewal_dry_run.with_webroot(
        f"{GOOD}[[webroot_map]]\na.example = /var/www/html\nmail.example = /srv/mail\n", NAMES
    )
    assert "mail.example = /srv/mail" in mended
    assert "a.example =" not in mended


@pytest.mark.parametrize("more", ["", "[[webroot_map]]\n", "[[webroot_map]]\na.example = /var/lib/letsencrypt\n"])
def test_what_is_right_stays_as_it_is(more):
    assert renewal_dry_run.with_webroot(GOOD + more, NAMES) == GOOD + more


@pytest.mark.parametrize(
    ("way", "mended"), [("webroot", True), ("standalone", True), ("nginx", False), ("dns-cloudflare", False)]
)
def test_other_ways_are_the_persons_choice(letsencrypt, own_places, way, mended):
    root = letsencrypt("mine", "a.example", conf=CONF.replace("= webroot", f"= {way}"))
    (found,) = look(root).lineages
    assert renewal_dry_run.needs_webroot(found) == mended


def test_a_rehearsal_counts_until_the_settings_are_others(letsencrypt, tmp_path):
    root = letsencrypt("mine", "a.example")
    rehearsal = renewal_dry_run.Rehearsal("mine", tmp_path / "marker", root=root)
    assert not rehearsal.probe(None, None).in_sync
    assert "--dry-run" in rehearsal.probe(None, None).argv[0]
    (tmp_path / "marker").write_bytes(rehearsal._noted())
    assert rehearsal.probe(None, None).in_sync
    conf = root / "renewal" / "mine.conf"
    conf.write_text(conf.read_text().replace("2.1.0", "4.0.0"))
    assert rehearsal.probe(None, None).in_sync, "a new certbot is no reason"
    conf.write_text(conf.read_text().replace("/var/lib/letsencrypt,", "/elsewhere,"))
    assert not rehearsal.probe(None, None).in_sync
