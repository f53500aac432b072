"""Certificates that are there already are found, and used where they fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from piwizard.system import paths
from piwizard.system.certificates import X509Info
from piwizard.tls import lineage
from piwizard.tls.lineage import Lineage

SITE = ("a.example", "www.a.example")
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"


def test_nothing_is_there(tmp_path, own_places):
    assert lineage.look(tmp_path) == lineage.Certificates()


def test_what_is_there_is_read(letsencrypt, own_places):
    root = letsencrypt("mine", *SITE)
    (found,) = lineage.look(root).lineages
    assert (found.name, found.certificate.names) == ("mine", frozenset(SITE))
    assert 89 < found.certificate.days_left() < 91
    assert found.settings["authenticator"] == "webroot"
    assert lineage.look(root).named("mine") == found


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
def test_a_persons_own_is_used_where_browsers_would_take_it(letsencrypt, own_places, names, how, fits):
    there = lineage.look(letsencrypt("mine", *names, **how))
    assert (there.of_person(SITE) is not None) == fits


@pytest.mark.parametrize(("left", "serves"), [(80, True), (25, True), (15, False), (-1, False)])
def test_one_that_should_have_been_renewed_is_taken_no_longer(left, serves):
    ends = datetime.now(UTC) + timedelta(days=left)
    certificate = X509Info(frozenset(SITE), ends, "CN = R10", ends - timedelta(days=90))
    assert Lineage("mine", certificate).serves(SITE) == serves


def test_the_one_in_use_is_preferred_and_ours_is_no_persons(letsencrypt, own_places):
    for name in ("first", "second", lineage.name_for("blog")):
        root = letsencrypt(name, *SITE)
    there = lineage.look(root)
    assert there.of_person(SITE).name == "first"
    assert there.of_person(SITE, "second").name == "second"
    assert there.of_person(SITE, lineage.name_for("blog")).name == "first"


def test_in_use(letsencrypt, own_places):
    root = letsencrypt("mine", *SITE)
    links = paths.state_dir() / "certificates"
    links.mkdir(parents=True)
    (links / "blog").symlink_to(root / "live" / "mine")
    (links / "gone").symlink_to(root / "live" / "gone")
    assert lineage.in_use() == {"blog": str(root / "live" / "mine")}


def test_a_file_that_is_no_certificate(letsencrypt, own_places):
    root = letsencrypt("mine", *SITE)
    (root / "live" / "mine" / "fullchain.pem").write_text("nonsense")
    assert lineage.look(root).lineages == ()


def test_what_a_killed_certbot_leaves(letsencrypt, own_places):
    root = letsencrypt("piwizard-blog", *SITE)
    assert lineage.leftovers("piwizard-blog", root) == []
    assert lineage.leftovers("piwizard-shop", root) == []
    conf, live = root / "renewal" / "piwizard-blog.conf", root / "live" / "piwizard-blog"
    text = conf.read_text()
    conf.write_text("")
    assert lineage.leftovers("piwizard-blog", root) == [conf, live]
    conf.unlink()
    assert lineage.leftovers("piwizard-blog", root) == [live]
    conf.write_text(text)
    (live / "privkey.pem").unlink()
    assert lineage.leftovers("piwizard-blog", root) == [conf, live]
