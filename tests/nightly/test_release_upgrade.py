"""Upgrade a Pi that was set up on bookworm to trixie: reported, explained, fixed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import online, product, quickstart, sample_app, sources
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

KEEP = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
KEPT = ("/etc/xdg/piwizard/answers.toml", "/var/lib/piwizard/secrets.json", "/srv/myflask/app.env")
MOVED = "It was set up on Debian GNU/Linux 12 (bookworm); this is Debian GNU/Linux 13 (trixie) now."


@pytest.fixture(scope="module")
def upgraded(lab: Lab) -> Iterator[tuple[Pi, list[str]]]:
    """Return the upgraded Pi that served HTTPS, and what must not have changed."""
    lab.git.commit("tame", sample_app.FILES)
    pi = product.ready_pi(lab, "bookworm")
    with online.at_home(lab, pi):
        quickstart.set_up(pi, lab.git.url("tame"), more="\n[tls]\nhttps = true\n")
        assert set(quickstart.states(pi).values()) == {"done"}
        assert pi.http("/poll", host=quickstart.HOST, method="POST").status in (200, 301)
        before = [pi.read(path) for path in KEPT]
        pi.write("/etc/apt/sources.list", "\n".join(sources.archives().lines("trixie")) + "\n")
        pi.run(("apt-get", "update"))
        pi.run(("apt-get", "-y", *KEEP, "full-upgrade"), env={"DEBIAN_FRONTEND": "noninteractive"}, timeout=3000)
        pi.reboot()
        yield pi, before
    pi.discard()


def test_upgrade_to_trixie_is_explained_and_fixed(lab: Lab, upgraded: tuple[Pi, list[str]]) -> None:
    pi, before = upgraded
    assert pi.read("/etc/debian_version").startswith("13")

    told = pi.run(("piwizard", "status"), check=False)
    assert (told.exit, len(told.errors.splitlines())) == (1, 1), told.errors
    assert "another Python since piwizard was installed" in told.errors
    assert "Run ./install.sh" in told.errors

    assert "Upgrading: piwizard" in pi.run((f"{product.PUSHED}/install.sh", "--version")).errors
    steps = {one["step"]: one for one in quickstart.said(pi.run(("piwizard", "status", "--json")))["steps"]}
    app, site = steps["app"], steps["site"]
    assert app["state"] == site["state"] == steps["gunicorn"]["state"] == "drifted"
    assert "built for Python 3.11, and this machine has 3.13 now" in app["summary"]
    for one in (app, site, steps["gunicorn"]):
        assert one["summary"].endswith(MOVED)
    found = quickstart.said(pi.run(("piwizard", "doctor", "--json"), check=False))["findings"]
    wrong = {one["subject"] or one["id"]: one for one in found if not one["ok"]}
    assert wrong["site"]["cause"] == MOVED
    assert wrong["python-changed"]["fixable"]

    done = quickstart.apply(pi, check=False)
    assert done.ok, done.output
    assert set(quickstart.states(pi).values()) == {"done"}
    page = eventually(lambda: _page(lab))
    assert page == 'It works. Hello $you "there" 100%'
    assert "http2 on;" in pi.read("/etc/nginx/sites-available/myflask")
    assert "warn" not in pi.run(("nginx", "-t")).errors
    assert [pi.read(path) for path in KEPT] == before, "answers or secrets have changed"
    assert pi.run(("piwizard", "plan"), check=False).exit == 0
    pi.reboot()
    assert eventually(lambda: _page(lab)) == page
    assert set(quickstart.states(pi).values()) == {"done"}


def _page(lab: Lab) -> str:
    answer = lab.internet.visitor.http(quickstart.HOST, scheme="https")
    assert answer.status == 200
    return str(answer.text)
