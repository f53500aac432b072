"""HTTPS from a Let's Encrypt of the lab's own, as the Internet sees it, and what stands in its way."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

import pytest

from tests.lab import layers, online, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.internet import Reply
from tests.lab.lab import Lab
from tests.lab.pi import Pi

HTTPS = "\n[tls]\nhttps = true\n"
SECURITY = {
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "strict-origin-when-cross-origin",
}
LIVE = "/etc/letsencrypt/live/piwizard-myflask"
SITE = "/etc/nginx/sites-available/myflask"


@pytest.fixture(scope="module")
def repo(lab: Lab) -> str:
    return layers.repository(lab)


@pytest.fixture(scope="module")
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """A Pi at home, its site served over HTTPS at first. The tests' own fixtures bring it to where each begins."""
    made = layers.https_pi(lab, release)
    with online.at_home(lab, made):
        yield made
    made.discard()


@pytest.fixture
def plain(lab: Lab, pi: Pi) -> Pi:
    """Its site served over HTTP, and nothing remembered of another time."""
    online.well(lab, pi)
    if "443" in pi.read(SITE):
        for step in ("renewal", "certbot"):
            pi.run(("piwizard", "undo", step, "--yes"))
    pi.run(("rm", "-f", "/var/lib/piwizard/attempts.json"))
    return pi


@pytest.fixture
def secure(lab: Lab, pi: Pi, repo: str) -> Pi:
    """Its site served over HTTPS."""
    online.well(lab, pi)
    if "443" not in pi.read(SITE):
        pi.run(("rm", "-f", "/var/lib/piwizard/attempts.json"))
        set_up(pi, repo)
        online.well(lab, pi)
    return pi


def set_up(pi: Pi, repo: str, more: str = HTTPS, *, check: bool = True):
    pi.write(quickstart.ANSWERS, sample_app.answers(repo, more=more))
    return quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS, check=check)


def serial(pi: Pi) -> str:
    return pi.run(("openssl", "x509", "-in", f"{LIVE}/fullchain.pem", "-noout", "-serial")).output


@contextmanager
def a_visitor(lab: Lab) -> Iterator[list[str]]:
    """Somebody far away who looks all the time; gives what failed."""
    failures: list[str] = []
    gone = threading.Event()

    def look() -> None:
        while not gone.wait(0.02):
            try:
                status = lab.internet.visitor.http(quickstart.HOST, scheme="https").status
            except (OSError, HTTPException) as error:
                failures.append(repr(error))
            else:
                failures.extend([str(status)] if status != 200 else [])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield failures
    finally:
        gone.set()
        looking.join()


@pytest.mark.both_releases
def test_from_outside(lab: Lab, secure: Pi) -> None:
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
    assert set(quickstart.states(secure).values()) == {"done"}
    assert "Nothing to do" in quickstart.apply(secure).output
    assert "[warn]" not in secure.run(("nginx", "-t")).errors
    secure.run(("systemctl", "stop", "myflask.socket", "myflask.service"))
    away = visitor.http(quickstart.HOST, scheme="https")
    assert away.status == 502
    assert {name: away.headers.get(name) for name in SECURITY} == SECURITY
    secure.run(("systemctl", "start", "myflask.socket", "myflask.service"))
    assert visitor.http(quickstart.HOST, scheme="https").status == 200


def test_the_checkup_predicts_the_grade(secure: Pi) -> None:
    code, found = checkup(secure)
    assert code == 0, [one for one in found.values() if not one["ok"]]
    assert str(found["ssl-labs-grade"]["detail"]).startswith("A+ expected at SSL Labs: TLS 1.3")
    assert found["tls-protocols"]["detail"] == "TLS 1.2, TLS 1.3"
    assert f"redirected to https://{quickstart.HOST}/" in str(found["redirects"]["detail"])
    assert "strict-transport-security on /, " in str(found["security-headers"]["detail"])
    assert {"port-served", "static-file", "clock-correct", "renewal-timer-running", "name-points-here"} <= set(found)
    assert "A+ expected" in secure.run(("piwizard", "checkup")).output
    config = secure.read(SITE)
    assert '"" max-age=63072000;' in config
    secure.write(
        SITE, config.replace("max-age=63072000", "max-age=86400").replace("return 301 https", "return 302 http")
    )
    secure.run(("systemctl", "restart", "nginx"))
    code, found = checkup(secure)
    assert (code, found["redirects"]["ok"]) == (1, False)
    assert str(found["ssl-labs-grade"]["detail"]).startswith("A expected at SSL Labs: HSTS for 1 days")
    secure.write(SITE, config)
    secure.run(("systemctl", "restart", "nginx"))


def test_a_renewal_is_served_without_a_failed_request(lab: Lab, secure: Pi) -> None:
    secure.run(("certbot", "renew", "--dry-run", "--cert-name", "piwizard-myflask", "--no-random-sleep-on-renew"))
    before = serial(secure)
    with a_visitor(lab) as failures:
        secure.run(("certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew"))
        eventually(lambda: _assert_served(secure, serial(secure)))
    assert serial(secure) != before
    assert failures == []
    assert set(quickstart.states(secure).values()) == {"done"}


def test_the_weekly_look(secure: Pi) -> None:
    def look() -> str:
        secure.run(("systemctl", "start", "piwizard-watch.service"))
        secure.run(("journalctl", "--sync"))
        return secure.run(("journalctl", "-o", "cat", "-p", "notice", "-u", "piwizard-watch.service")).output

    def at_login() -> str:
        return secure.ssh([], tty=True, input="exit\n").output

    assert secure.run(("systemctl", "is-enabled", "piwizard-watch.timer")).output == "enabled\n"
    quiet = look()
    assert "renewal" not in quiet
    assert "piwizard doctor" not in at_login()
    secure.run(("systemctl", "stop", "certbot.timer"))
    told = look().removeprefix(quiet)
    assert "renewal of myflask, Renewal timer running: certbot.timer is inactive" in told
    assert "certbot.timer is inactive, enabled. Run `piwizard apply renewal` to start it again." in at_login()
    assert look().removeprefix(quiet) == told, "it is said once"
    quickstart.apply(secure, "renewal")
    assert "piwizard doctor" not in at_login(), "the run that mended it took it away"


@pytest.mark.nightly
def test_names_come_later_and_it_all_goes_again(lab: Lab, secure: Pi, repo: str) -> None:
    lab.internet.zone.set("blog.ddns.net", "A", lab.router.public)
    answers = sample_app.answers(repo, more=HTTPS).replace('domains = ["', 'domains = ["blog.ddns.net", "')
    secure.write(quickstart.ANSWERS, answers)
    quickstart.apply(secure, "--yes", "--answers", quickstart.ANSWERS)
    assert lab.internet.visitor.http("blog.ddns.net", scheme="https").status == 200
    assert lab.internet.visitor.http(quickstart.HOST, scheme="https").status == 200
    secure.run(("piwizard", "undo", "renewal", "--yes"))
    secure.run(("piwizard", "undo", "certbot", "--yes"))
    assert "443" not in secure.read(SITE)
    assert secure.run(("certbot", "certificates"), check=False).output.count("Certificate Name") == 0
    assert eventually(lambda: lab.internet.visitor.http(quickstart.HOST)).status == 200
    quickstart.apply(secure, "site")
    assert secure.run(("piwizard", "plan", "site"), check=False).exit == 0
    lab.internet.zone.remove("blog.ddns.net")


@pytest.mark.nightly
def test_testssl_grades_it_a_plus(lab: Lab, secure: Pi) -> None:
    """By a version that grades: trixie's, on another machine, through the router."""
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
    assert "[warn]" not in secure.run(("nginx", "-t")).errors


def test_the_checkup_of_a_site_over_http(plain: Pi) -> None:
    _, found = checkup(plain)
    bad = {one["step"]: one["detail"] for one in found.values() if not one["ok"]}
    assert set(bad) <= {"certbot", "renewal"}, "asked for in the answers of another test, and undone"
    assert "served over HTTP only" in str(found["ssl-labs-grade"]["detail"])
    assert "certificate-chain-trusted" not in found
    plain.run(("systemctl", "stop", "myflask.socket", "myflask.service"))
    code, found = checkup(plain)
    assert (code, found["start-page"]["ok"]) == (1, False)
    plain.run(("systemctl", "start", "myflask.socket", "myflask.service"))


def test_what_the_gate_catches(lab: Lab, plain: Pi, repo: str) -> None:
    zone, acme = lab.internet.zone, lab.internet.acme
    here, www = lab.router.public, f"www.{quickstart.HOST}"

    def refused(sentence: str) -> None:
        answer = set_up(plain, repo, check=False)
        assert answer.exit == 1
        assert sentence in answer.output, answer.output
        assert not acme.staging.counts
        assert not acme.production.counts
        assert plain.http("/", host=quickstart.HOST).status == 200, "it is served over HTTP"

    zone.remove(www)
    refused(f"{www} does not resolve")
    zone.set(www, "A", here)
    zone.set(quickstart.HOST, "CAA", '0 issue "digicert.com"')
    refused(f"A CAA record of {quickstart.HOST} forbids Let's Encrypt")
    zone.remove(quickstart.HOST, "CAA")
    clock = Reply("", headers={"Date": "Sun, 21 Nov 2027 08:49:37 GMT"})
    with contextlib.ExitStack() as all_of_them:
        for host in ("icanhazip.com", "checkip.dyndns.org"):
            all_of_them.enter_context(lab.internet.addresses[host].failing(clock))
        refused("The clock is wrong")


def test_name_that_points_elsewhere_is_for_the_dry_run_to_decide(lab: Lab, plain: Pi, repo: str) -> None:
    zone, acme = lab.internet.zone, lab.internet.acme
    here, www = lab.router.public, f"www.{quickstart.HOST}"

    def refused(sentence: str) -> None:
        answer = set_up(plain, repo, check=False)
        assert answer.exit == 1
        assert sentence in answer.output, answer.output
        assert "The dry run failed too: " in answer.output
        assert not acme.production.counts

    zone.set(www, "A", "11.22.35.9")
    refused(f"{www} points to 11.22.35.9, but your public IP is {here}")
    zone.set(www, "A", here)
    zone.set(www, "AAAA", "2a00:7b80:35::9")
    refused(f"{www} points to 2a00:7b80:35::9, but this Pi has no IPv6 address")
    zone.remove(www, "AAAA")


def test_what_only_the_outside_sees(lab: Lab, plain: Pi, repo: str) -> None:
    acme = lab.internet.acme

    def refused(sentence: str, orders: int = 0) -> None:
        answer = set_up(plain, repo, check=False)
        assert answer.exit == 1
        assert sentence in answer.output, answer.output
        assert acme.production.counts["newOrder"] == orders
        assert plain.http("/", host=quickstart.HOST).status == 200, "it is served over HTTP"

    lab.router.unforward(80)
    refused("cannot be reached from the Internet at port 80")
    lab.router.forward(80, plain.address)
    with acme.staging.failing("reset"):
        refused("The ACME server acme-staging-v02.api.letsencrypt.org cannot be reached")
    with acme.staging.failing("untrusted"):
        refused("The certificate of the ACME server acme-staging-v02.api.letsencrypt.org is not trusted")
    acme.production.limit_rate(7200)
    refused("Let's Encrypt accepts no more requests for this site until", orders=1)
    acme.production.relent()
    acme.staging.relent()
    refused("No request was sent: Let's Encrypt accepts no more requests")
    plain.reboot()
    refused("No request was sent: Let's Encrypt accepts no more requests")
    assert not acme.staging.counts
    known = json.loads(plain.read("/var/lib/piwizard/attempts.json"))
    plain.write("/var/lib/piwizard/attempts.json", json.dumps([known[0] | {"retry_at": "2026-01-01T00:00:00+00:00"}]))
    set_up(plain, repo)
    assert acme.production.counts["newOrder"] == 1


def test_over_ipv6(lab: Lab, secure: Pi) -> None:
    lab.router.ipv6()
    address = eventually(lambda: _address_6(secure), timeout=30)
    lab.router.let_in(address, 80, 443)
    for name in online.NAMES:
        lab.internet.zone.set(name, "AAAA", address)
    www = eventually(lambda: lab.internet.visitor.http(f"www.{quickstart.HOST}", "/x", family=6))
    assert (www.status, www.headers["location"]) == (301, f"https://{quickstart.HOST}/x")
    page = lab.internet.visitor.http(quickstart.HOST, scheme="https", family=6)
    assert (page.status, page.headers["strict-transport-security"]) == (200, "max-age=63072000")
    secure.run(("certbot", "renew", "--dry-run", "--no-random-sleep-on-renew"))


def test_a_certificate_from_the_guide_is_used_and_its_renewal_mended(lab: Lab, plain: Pi, repo: str) -> None:
    names = [word for name in online.NAMES for word in ("-d", name)]
    plain.run(("mkdir", "-p", "/var/lib/letsencrypt"))
    plain.run(("certbot", "certonly", "--agree-tos", "--register-unsafely-without-email", "--non-interactive",
               "--webroot", "-w", "/var/lib/letsencrypt", *names))  # fmt: skip
    conf = f"/etc/letsencrypt/renewal/{quickstart.HOST}.conf"
    plain.run(("sed", "-i", "/webroot_path/d; /webroot_map/d; /= .var.lib.letsencrypt$/d", conf))
    before = lab.internet.acme.production.counts["newOrder"]
    set_up(plain, repo)
    assert lab.internet.acme.production.counts["newOrder"] == before
    assert f"/etc/letsencrypt/live/{quickstart.HOST}/fullchain.pem" in plain.read(SITE)
    assert "webroot_path = /var/lib/letsencrypt," in plain.read(conf)
    assert set(quickstart.states(plain).values()) == {"done"}
    plain.run(("piwizard", "undo", "certbot", "--yes"))
    assert plain.run(("certbot", "certificates")).output.count("Certificate Name") == 1


def checkup(pi: Pi) -> tuple[int, dict[str, dict[str, object]]]:
    """What `piwizard checkup` found, by name."""
    result = pi.run(("piwizard", "checkup", "--json"), check=False)
    return result.exit, {one["id"]: one for one in json.loads(result.output)["findings"]}


def _address_6(pi: Pi) -> str:
    shown = json.loads(pi.run(("ip", "-j", "-6", "addr", "show", "dev", "eth0", "scope", "global")).output)
    found = [one["local"] for link in shown for one in link["addr_info"] if "local" in one and not one.get("tentative")]
    assert found, "no IPv6 address yet"
    return str(found[0])


def _assert_served(pi: Pi, wanted: str) -> None:
    shown = pi.run(
        ("bash", "-c", f"openssl s_client -connect 127.0.0.1:443 -servername {quickstart.HOST} </dev/null 2>/dev/null "
         "| openssl x509 -noout -serial"), check=False)  # fmt: skip
    assert shown.output == wanted


def _with_testssl(pi: Pi) -> None:
    pi.run(("apt-get", "update", "-qq"))
    pi.run(("apt-get", "install", "-y", "-qq", "--no-install-recommends", "testssl.sh", "openssl", "bsdextrautils"))
