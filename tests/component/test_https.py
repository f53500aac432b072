"""Test HTTPS with the lab's Let's Encrypt, as visitors from the Internet see it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

import pytest

from tests.lab import https, online, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

SECURITY = {
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "strict-origin-when-cross-origin",
}


@contextmanager
def a_visitor(lab: Lab) -> Iterator[list[str]]:
    """Request the site all the time from far away; return the failures."""
    failures: list[str] = []
    gone = threading.Event()

    def request() -> None:
        while not gone.wait(0.02):
            try:
                status = lab.internet.visitor.http(quickstart.HOST, scheme="https").status
            except (OSError, HTTPException) as error:
                failures.append(repr(error))
            else:
                failures.extend([str(status)] if status != 200 else [])

    thread = threading.Thread(target=request)
    thread.start()
    try:
        yield failures
    finally:
        gone.set()
        thread.join()


@pytest.mark.both_releases
def test_https_site_is_complete_from_the_internet(lab: Lab, https_site: Pi) -> None:
    visitor = lab.internet.visitor
    www = visitor.http(f"www.{quickstart.HOST}", "/x?y=1")
    assert (www.status, www.headers["location"]) == (301, f"https://{quickstart.HOST}/x?y=1")
    assert (
        visitor.http(f"www.{quickstart.HOST}", "/x", scheme="https").headers["location"]
        == f"https://{quickstart.HOST}/x"
    )
    assert "location" not in visitor.http(quickstart.HOST, "/.well-known/acme-challenge/x").headers
    page = visitor.http(quickstart.HOST, scheme="https")
    assert (page.status, page.text) == (200, 'It works. Hello $you "there" 100%')
    assert visitor.http(quickstart.HOST, "/seen", scheme="https").text.count('"https"') == 1
    for path, status in (("/", 200), ("/static/style.css", 200), ("/static/gone", 404), ("/gone", 404)):
        answer = visitor.http(quickstart.HOST, path, scheme="https")
        assert answer.status == status
        assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY, path
    assert set(quickstart.states(https_site).values()) == {"done"}
    assert "Nothing to do" in quickstart.apply(https_site).output
    assert "[warn]" not in https_site.run(("nginx", "-t")).errors
    https_site.run(("systemctl", "stop", "myflask.socket", "myflask.service"))
    away = visitor.http(quickstart.HOST, scheme="https")
    assert away.status == 502
    assert {name: away.headers.get(name) for name in SECURITY} == SECURITY
    https_site.run(("systemctl", "start", "myflask.socket", "myflask.service"))
    assert visitor.http(quickstart.HOST, scheme="https").status == 200


def test_checkup_predicts_the_ssl_labs_grade(https_site: Pi) -> None:
    code, found = https.checkup(https_site)
    assert code == 0, [one for one in found.values() if not one["ok"]]
    assert str(found["ssl-labs-grade"]["detail"]).startswith("A+ expected at SSL Labs: TLS 1.3")
    assert found["tls-protocols"]["detail"] == "TLS 1.2, TLS 1.3"
    assert f"redirected to https://{quickstart.HOST}/" in str(found["redirects"]["detail"])
    assert "strict-transport-security on /, " in str(found["security-headers"]["detail"])
    assert {"port-served", "static-file", "clock-correct", "renewal-timer-running", "name-points-here"} <= set(found)
    assert "A+ expected" in https_site.run(("piwizard", "checkup")).output
    config = https_site.read(https.SITE)
    assert "https: max-age=63072000;" in config
    https_site.write(
        https.SITE, config.replace("max-age=63072000", "max-age=86400").replace("return 301 https", "return 302 http")
    )
    https_site.run(("systemctl", "restart", "nginx"))
    code, found = https.checkup(https_site)
    assert (code, found["redirects"]["ok"]) == (1, False)
    assert str(found["ssl-labs-grade"]["detail"]).startswith("A expected at SSL Labs: HSTS for 1 day")
    https_site.write(https.SITE, config)
    https_site.run(("systemctl", "restart", "nginx"))


def test_renewed_certificate_is_served_without_a_failed_request(lab: Lab, https_site: Pi) -> None:
    https_site.run(("certbot", "renew", "--dry-run", "--cert-name", "piwizard-myflask", "--no-random-sleep-on-renew"))
    before = https.serial(https_site)
    with a_visitor(lab) as failures:
        https_site.run(("certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew"))
        eventually(lambda: _assert_served(https_site, https.serial(https_site)))
    assert https.serial(https_site) != before
    assert failures == []
    assert set(quickstart.states(https_site).values()) == {"done"}


def test_weekly_check_reports_only_changes(https_site: Pi) -> None:
    def refresh() -> str:
        https_site.run(("systemctl", "start", "piwizard-watch.service"))
        https_site.run(("journalctl", "--sync"))
        return https_site.run(("journalctl", "-o", "cat", "-p", "notice", "-u", "piwizard-watch.service")).output

    def at_login() -> str:
        return https_site.ssh([], tty=True, input="exit\n").output

    assert https_site.run(("systemctl", "is-enabled", "piwizard-watch.timer")).output == "enabled\n"
    quiet = refresh()
    assert "renewal" not in quiet
    assert "piwizard doctor" not in at_login()
    https_site.run(("systemctl", "stop", "certbot.timer"))
    told = refresh().removeprefix(quiet)
    assert "Renewal (myflask), Renewal timer running: certbot.timer is inactive" in told
    assert "certbot.timer is inactive, enabled. Run `piwizard apply renewal` to start it again." in at_login()
    assert refresh().removeprefix(quiet) == told, "it is reported more than once"
    quickstart.apply(https_site, "renewal")
    assert "piwizard doctor" not in at_login(), "the notice is still there after the run that fixed the problem"


@pytest.mark.nightly
def test_domain_can_be_added_and_https_undone(lab: Lab, https_site: Pi, sample_repo: str) -> None:
    lab.internet.zone.set("blog.ddns.net", "A", lab.router.public)
    answers = sample_app.answers(sample_repo, more=https.HTTPS).replace('domains = ["', 'domains = ["blog.ddns.net", "')
    https_site.write(quickstart.ANSWERS, answers)
    quickstart.apply(https_site, "--yes", "--answers", quickstart.ANSWERS)
    assert lab.internet.visitor.http("blog.ddns.net", scheme="https").status == 200
    assert lab.internet.visitor.http(quickstart.HOST, scheme="https").status == 200
    https_site.run(("piwizard", "undo", "renewal", "--yes"))
    https_site.run(("piwizard", "undo", "certbot", "--yes"))
    assert "443" not in https_site.read(https.SITE)
    assert https_site.run(("certbot", "certificates"), check=False).output.count("Certificate Name") == 0
    assert eventually(lambda: lab.internet.visitor.http(quickstart.HOST)).status == 200
    quickstart.apply(https_site, "site")
    assert https_site.run(("piwizard", "plan", "site"), check=False).exit == 0
    lab.internet.zone.remove("blog.ddns.net")


@pytest.mark.nightly
def test_testssl_grade_is_a_plus(lab: Lab, https_site: Pi) -> None:
    """Run trixie's testssl.sh, which gives grades, from outside the home network."""
    judge = lab.pi("trixie", layer=lab.layer("trixie", "testssl", "1", _with_testssl))
    lab.internet.trust(judge)
    lab.router.hairpin()
    said = judge.run(
        ("testssl", "--add-ca=/etc/ssl/certs/ca-certificates.crt", "--warnings=batch", "--color=0", "--ip=one",
         "--nodns=min", quickstart.HOST), check=False).output  # fmt: skip
    judge.discard()
    grade = re.search(r"Overall Grade\s+(\S+)", said)
    score = re.search(r"Final Score\s+(\d+)", said)
    assert grade, said
    assert score, said
    assert (grade[1], int(score[1]) >= 96) == ("A+", True), said[said.index("Rating") :]
    assert "[warn]" not in https_site.run(("nginx", "-t")).errors


@pytest.mark.nightly
def test_checkup_of_an_http_site_shows_no_grade(http_site: Pi) -> None:
    _, found = https.checkup(http_site)
    bad = {one["step"]: one["detail"] for one in found.values() if not one["ok"]}
    assert set(bad) <= {"certbot", "renewal"}, "another check fails than those of HTTPS, which another test has undone"
    assert "served over HTTP only" in str(found["ssl-labs-grade"]["detail"])
    assert "certificate-chain-trusted" not in found
    http_site.run(("systemctl", "stop", "myflask.socket", "myflask.service"))
    code, found = https.checkup(http_site)
    assert (code, found["start-page"]["ok"]) == (1, False)
    http_site.run(("systemctl", "start", "myflask.socket", "myflask.service"))


def test_https_site_is_served_over_ipv6(lab: Lab, https_site: Pi) -> None:
    lab.router.ipv6()
    address = eventually(lambda: _address_6(https_site), timeout=60)
    lab.router.let_in(address, 80, 443)
    for name in online.NAMES:
        lab.internet.zone.set(name, "AAAA", address)
    www = eventually(lambda: lab.internet.visitor.http(f"www.{quickstart.HOST}", "/x", family=6))
    assert (www.status, www.headers["location"]) == (301, f"https://{quickstart.HOST}/x")
    page = lab.internet.visitor.http(quickstart.HOST, scheme="https", family=6)
    assert (page.status, page.headers["strict-transport-security"]) == (200, "max-age=63072000")
    https_site.run(("certbot", "renew", "--dry-run", "--no-random-sleep-on-renew"))


def _address_6(pi: Pi) -> str:
    shown = json.loads(pi.run(("ip", "-j", "-6", "addr", "show", "dev", "eth0", "scope", "global")).output)
    found = [one["local"] for link in shown for one in link["addr_info"] if "local" in one and not one.get("tentative")]
    assert found, "an IPv6 address already"
    return str(found[0])


def _assert_served(pi: Pi, wanted: str) -> None:
    shown = pi.run(
        ("bash", "-c", f"openssl s_client -connect 127.0.0.1:443 -servername {quickstart.HOST} </dev/null 2>/dev/null "
         "| openssl x509 -noout -serial"), check=False)  # fmt: skip
    assert shown.output == wanted


def _with_testssl(pi: Pi) -> None:
    pi.run(("apt-get", "update", "-qq"))
    pi.run(("apt-get", "install", "-y", "-qq", "--no-install-recommends", "testssl.sh", "openssl", "bsdextrautils"))
