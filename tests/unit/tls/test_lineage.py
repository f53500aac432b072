"""Test certificates of certbot on this machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from piwizard.system import paths
from piwizard.system.certificates import X509Info
from piwizard.tls import lineage
from piwizard.tls.lineage import Lineage

SITE = ("a.example", "www.a.example")
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"


def test_certificates_are_empty_without_certbot(tmp_path, own_places):
    assert lineage.read_certificates(tmp_path) == lineage.Certificates()


def test_certificates_are_read_with_renewal_settings(letsencrypt, own_places):
    root = letsencrypt("mine", *SITE)
    (found,) = lineage.read_certificates(root).lineages
    assert (found.name, found.certificate.names) == ("mine", frozenset(SITE))
    assert 89 < found.certificate.days_left() < 91
    assert found.settings["authenticator"] == "webroot"
    assert lineage.read_certificates(root).named("mine") == found


@pytest.mark.parametrize(
    ("names", "how", "fits"),
    [
        (SITE, {}, True),
        ((*SITE, "more.example"), {}, True),
        (("a.example",), {}, False),
        (("a.example", "*.a.example"), {}, True),
        (("*.a.example",), {}, False),
        (SITE, {"days": 1}, False),
        (SITE, {"server": STAGING}, False),
    ],
)
def test_certificate_of_the_user_is_used_if_browsers_accept_it(letsencrypt, own_places, names, how, fits):
    there = lineage.read_certificates(letsencrypt("mine", *names, **how))
    assert (there.of_user(SITE) is not None) == fits


@pytest.mark.parametrize(("left", "serves"), [(80, True), (25, True), (15, False), (-1, False)])
def test_certificate_overdue_for_renewal_is_not_used(left, serves):
    ends = datetime.now(UTC) + timedelta(days=left)
    certificate = X509Info(frozenset(SITE), ends, "CN = R10", ends - timedelta(days=90))
    assert Lineage("mine", certificate).serves(SITE) == serves


def test_certificate_of_the_user_prefers_the_one_in_use(letsencrypt, own_places):
    for name in ("first", "second", lineage.name_for("blog")):
        root = letsencrypt(name, *SITE)
    there = lineage.read_certificates(root)
    assert there.of_user(SITE).name == "first"
    assert there.of_user(SITE, "second").name == "second"
    assert there.of_user(SITE, lineage.name_for("blog")).name == "first"


def test_folders_in_use_ignore_missing_certificates(letsencrypt, own_places):
    root = letsencrypt("mine", *SITE)
    links = paths.state_dir() / "certificates"
    links.mkdir(parents=True)
    (links / "blog").symlink_to(root / "live" / "mine")
    (links / "gone").symlink_to(root / "live" / "gone")
    assert lineage.folders_in_use() == {"blog": str(root / "live" / "mine")}


def test_certificates_ignore_a_broken_file(letsencrypt, own_places):
    root = letsencrypt("mine", *SITE)
    (root / "live" / "mine" / "fullchain.pem").write_text("nonsense")
    assert lineage.read_certificates(root).lineages == ()


def test_leftovers_of_a_killed_certbot_are_found(letsencrypt, own_places):
    root = letsencrypt("piwizard-blog", *SITE)
    assert lineage.find_leftovers("piwizard-blog", root) == []
    assert lineage.find_leftovers("piwizard-shop", root) == []
    conf, live = root / "renewal" / "piwizard-blog.conf", root / "live" / "piwizard-blog"
    text = conf.read_text()
    conf.write_text("")
    assert lineage.find_leftovers("piwizard-blog", root) == [conf, live]
    conf.unlink()
    assert lineage.find_leftovers("piwizard-blog", root) == [live]
    conf.write_text(text)
    (live / "privkey.pem").unlink()
    assert lineage.find_leftovers("piwizard-blog", root) == [conf, live]
