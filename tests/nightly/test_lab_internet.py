"""Check the lab's Internet and router, on which other tests rely."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.lab import http_client
from tests.lab.eventually import eventually
from tests.lab.fritzbox import FritzBox
from tests.lab.internet import Internet, Reply
from tests.lab.lab import Lab
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.pi import Pi
from tests.lab.router import Router
from tests.lab.upnp import SoapFault

NAME = "songuuli2020.ddns.net"
AGENT = "piwizard/1.0 alex@example.org"


@pytest.fixture(scope="module")
def internet(lab: Lab) -> Internet:
    return lab.internet


@pytest.fixture
def router(lab: Lab) -> Iterator[Router]:
    yield lab.router
    lab.router.reset()


@pytest.fixture(scope="module")
def pi(lab: Lab) -> Iterator[Pi]:
    """Return a Pi with a page, for the tests that need one."""

    def prepare(fresh: Pi) -> None:
        fresh.run(["apt-get", "update"])
        fresh.run(["apt-get", "install", "--yes", "miniupnpc"])
        lab.internet.trust(fresh)
        fresh.write("/srv/page/index.html", "home sweet home\n")

    made = lab.pi("bookworm", layer=lab.layer("bookworm", "internet", f"1 {lab.internet.authority.text}", prepare))
    argv = ["systemd-run", "--unit=page", "--", "python3", "-m", "http.server", "--bind=::", "--directory=/srv/page"]
    made.run([*argv, "80"])
    eventually(lambda: made.http("/"))
    yield made
    made.discard()


def ask(internet: Internet, server: str, name: str, type: str, *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, type)
    how = dns.query.tcp if tcp else dns.query.udp
    return http_client.at(internet.visitor.namespace.path, lambda: how(query, server, timeout=5))


@pytest.mark.parametrize("tcp", [False, True])
def test_dns_records_change_at_once(internet: Internet, tcp: bool) -> None:
    internet.zone.set(NAME, "A", "11.22.33.44")
    (server,) = internet.visitor.resolve("ns1.nameservers.net")
    there = ask(internet, server, NAME, "A", tcp=tcp)
    assert there.flags & dns.flags.AA
    assert there.answer[0][0].to_text() == "11.22.33.44"
    internet.zone.set(NAME, "A", "11.22.33.45")
    internet.zone.set(NAME, "CAA", '0 issue "letsencrypt.org"')
    assert internet.visitor.resolve(NAME) == ["11.22.33.45"]
    assert internet.visitor.resolve(NAME, "CAA", server="1.1.1.1") == ['0 issue "letsencrypt.org"']
    empty, nothing = ask(internet, server, NAME, "AAAA", tcp=tcp), ask(internet, server, f"no.{NAME}", "A", tcp=tcp)
    assert (empty.rcode(), nothing.rcode()) == (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    assert empty.authority[0].rdtype == nothing.authority[0].rdtype == dns.rdatatype.SOA
    assert ask(internet, server, "pypi.org", "A", tcp=tcp).rcode() == dns.rcode.REFUSED
    internet.zone.remove(NAME)
    assert internet.visitor.resolve(NAME) == []


def test_large_dns_answer_uses_tcp(internet: Internet) -> None:
    texts = [f"{number}" * 60 for number in range(10, 40)]
    internet.zone.set("large.example.org", "TXT", *texts)
    assert ask(internet, "8.8.8.8", "large.example.org", "TXT").flags & dns.flags.TC
    assert len(internet.visitor.resolve("large.example.org", "TXT")) == len(texts)


def test_name_servers_can_fail(internet: Internet) -> None:
    internet.zone.fail("ddns.net")
    assert ask(internet, "8.8.8.8", NAME, "A").rcode() == dns.rcode.SERVFAIL
    internet.zone.fail("ddns.net", None)
    assert ask(internet, "8.8.8.8", NAME, "A").rcode() == dns.rcode.NXDOMAIN


def test_pi_resolves_names_through_the_router(internet: Internet, pi: Pi) -> None:
    internet.zone.set(NAME, "A", "11.22.33.44")
    internet.zone.set(NAME, "AAAA", "2a00:7b80:1:1::9")
    assert pi.run(["getent", "ahostsv4", NAME]).output.split()[0] == "11.22.33.44"
    assert pi.run(["getent", "ahostsv6", NAME]).output.split()[0] == "2a00:7b80:1:1::9"
    internet.zone.remove(NAME)
    pi.run(["apt-get", "update"])


def test_address_services_report_the_public_ip(internet: Internet, router: Router, pi: Pi) -> None:
    asked = ["curl", "-sS", "--max-time", "5"]
    for address in ("https://api.ipify.org/", "http://ip1.dynupdate.no-ip.com/", "https://ifconfig.me/ip"):
        assert pi.run([*asked, address]).output.strip() == router.public
    assert f"Address: {router.public}<" in pi.run([*asked, "http://checkip.dyndns.org/"]).output
    router.change_address("11.22.33.99")
    assert pi.run([*asked, "https://checkip.amazonaws.com/"]).output.strip() == "11.22.33.99"


def test_lab_no_ip_follows_its_protocol(internet: Internet, pi: Pi) -> None:
    noip = internet.noip
    noip.account("alex", "secret", NAME)

    def update(query: str = "", password: str = "secret", agent: str = AGENT) -> str:
        argv = ["curl", "-sS", "-A", agent, "-u", f"alex:{password}"]
        return pi.run([*argv, f"https://dynupdate.no-ip.com/nic/update?hostname={NAME}{query}"]).output.strip()

    assert update() == "good 11.22.33.44"
    assert update() == "nochg 11.22.33.44"
    assert internet.visitor.resolve(NAME) == ["11.22.33.44"]
    assert update("&myip=11.22.33.50,2a00:7b80::1") == "good 11.22.33.50,2a00:7b80::1"
    assert internet.visitor.resolve(NAME, "AAAA") == ["2a00:7b80::1"]
    assert update(password="wrong") == "badauth"
    assert update(agent="curl/8.0") == "badagent"
    assert update("x") == "nohost"
    noip.answer = "abuse"
    assert update() == "abuse"
    noip.answer = None
    last = noip.requests[-1]
    assert (last.path, last.params["hostname"], last.headers["user-agent"]) == ("/nic/update", NAME, AGENT)
    assert noip.answers[-2:] == ["nohost", "abuse"]
    internet.zone.remove(NAME)


def test_lab_duckdns_follows_its_protocol(internet: Internet) -> None:
    internet.duckdns.account("token-1", "songuuli")
    ask = internet.visitor.http
    good = ask("www.duckdns.org", "/update?domains=songuuli&token=token-1&ip=11.22.33.44", scheme="https")
    bad = ask("www.duckdns.org", "/update?domains=songuuli&token=other", scheme="https")
    assert (good.text, bad.text) == ("OK", "KO")
    assert internet.visitor.resolve("songuuli.duckdns.org") == ["11.22.33.44"]
    assert ask("www.duckdns.org", "/update?domains=songuuli&token=token-1&txt=proof", scheme="https").text == "OK"
    assert internet.visitor.resolve("_acme-challenge.songuuli.duckdns.org", "TXT") == ['"proof"']


def test_lab_sites_can_fail(internet: Internet) -> None:
    site = internet.addresses["api.ipify.org"]
    ask = internet.visitor.http
    with site.failing("timeout"), pytest.raises(TimeoutError):
        ask("api.ipify.org", timeout=0.3)
    with site.failing("reset"), pytest.raises(ConnectionError):
        ask("api.ipify.org", scheme="https")
    with site.failing("garbage"):
        assert "Free wireless" in ask("api.ipify.org").text
    with site.failing("500"):
        assert ask("api.ipify.org").status == 500
    with site.failing(Reply("1.2.3.4")):
        assert ask("api.ipify.org", scheme="https").text == "1.2.3.4"
    for flaw in ("expired", "other-name", "untrusted"):
        with site.failing(flaw), pytest.raises(ssl.SSLCertVerificationError):
            ask("api.ipify.org", scheme="https")
    assert ask("api.ipify.org", scheme="https").text == "11.22.35.7"
    assert internet.visitor.run(["curl", "-sS", "https://api.ipify.org/"]).output == "11.22.35.7\n"


def test_lab_router_forwards_ports_and_hairpins(internet: Internet, router: Router, pi: Pi, lab: Lab) -> None:
    internet.zone.set(NAME, "A", router.public)
    with pytest.raises(ConnectionRefusedError):
        internet.visitor.http(NAME)
    router.forward(80, pi.address)
    assert internet.visitor.http(NAME).text == "home sweet home\n"
    with pytest.raises(ConnectionRefusedError):
        http_client.get(lab.network.laptop.path, router.outside, "/", timeout=1)
    router.hairpin()
    assert http_client.get(lab.network.laptop.path, router.outside, "/").text == "home sweet home\n"
    router.change_address("11.22.33.71")
    assert internet.visitor.http(NAME, address="11.22.33.71").text == "home sweet home\n"


@pytest.mark.parametrize("kind", [MiniUpnpd, FritzBox])
def test_lab_router_forwards_ports_by_upnp(internet: Internet, router: Router, pi: Pi, kind: type) -> None:
    assert not router.mappings
    box = router.upnp(kind)
    assert box.soap("GetExternalIPAddress")["NewExternalIPAddress"] == router.outside
    router.claim(443)
    assert [(m.protocol, m.port, m.address) for m in router.mappings] == [("tcp", 443, "192.168.1.50")]
    pi.run(["upnpc", "-e", "a page", "-a", pi.address, "80", "80", "tcp"])
    assert internet.visitor.http("home", address=router.public).text == "home sweet home\n"
    taken = pi.run(["upnpc", "-a", pi.address, "443", "443", "tcp"], check=False)
    assert "718" in taken.output + taken.errors
    router.change_address("11.22.33.72")
    assert f"ExternalIPAddress = {router.public}" in pi.run(["upnpc", "-s"]).output
    assert internet.visitor.http("home", address=router.public).text == "home sweet home\n"
    pi.run(["upnpc", "-d", "80", "tcp"])
    with pytest.raises(ConnectionRefusedError):
        internet.visitor.http("home", address=router.public)


def test_lab_router_can_be_behind_another_nat(internet: Internet, router: Router, pi: Pi) -> None:
    asked = ["curl", "-sS", "--max-time", "5", "http://api.ipify.org/"]
    router.forward(80, pi.address)
    for behind, outside in ((router.cgnat, "100.64.7.44"), (router.double_nat, "192.168.178.20")):
        behind()
        assert (router.outside, router.public) == (outside, "11.22.33.44")
        assert pi.run(asked).output.strip() == "11.22.33.44"
        with pytest.raises(ConnectionRefusedError):
            internet.visitor.http("home", address="11.22.33.44", timeout=1)
    router.plain()
    assert internet.visitor.http("home", address="11.22.33.44").text == "home sweet home\n"


def test_lab_router_behind_cgnat_refuses_upnp(router: Router) -> None:
    router.cgnat()
    refusing = router.upnp(MiniUpnpd)
    with pytest.raises(SoapFault):
        refusing.claim(80, "x")
    accepting = router.upnp(FritzBox)
    assert accepting.soap("GetExternalIPAddress")["NewExternalIPAddress"] == "100.64.7.44"
    accepting.claim(80, "x")
    assert router.mappings


def test_lab_router_gives_ipv6_addresses(internet: Internet, router: Router, pi: Pi) -> None:
    router.ipv6()
    address = eventually(lambda: pi_ipv6(pi))
    assert pi.run(["curl", "-sS", "--max-time", "5", "https://api6.ipify.org/"]).output.strip() == address
    with pytest.raises(TimeoutError):
        internet.visitor.http("home", address=address, timeout=1)
    router.let_in(address, 80)
    assert internet.visitor.http("home", address=address).text == "home sweet home\n"


def pi_ipv6(pi: Pi) -> str:
    words = pi.run(["ip", "-6", "-o", "address", "show", "eth0", "scope", "global"]).output.split()
    assert "inet6" in words
    assert "tentative" not in words
    return words[words.index("inet6") + 1].partition("/")[0]
