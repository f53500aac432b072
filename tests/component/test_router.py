"""Test the router step with real UPnP servers, NAT and firewalls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import product, quickstart
from tests.lab.eventually import eventually
from tests.lab.fritzbox import FritzBox
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.network import LAPTOP

ANSWERS = '[router]\nforward = "{}"\n'
HERE = "The Pi was here."
PAGE = f"""\
server {{
    listen 80 default_server;
    server_name pi.example.org;
    location / {{ return 200 "{HERE}"; }}
}}
"""


@pytest.fixture(scope="module")
def layer(lab, release):
    """Return a Pi with a page and the step's packages, before the step runs."""

    def prepare(pi):
        pi.run(("apt-get", "install", "-y", "--no-install-recommends", "miniupnpc"))
        lab.internet.trust(pi)
        pi.run(("rm", "/etc/nginx/sites-enabled/default"))
        pi.write("/etc/nginx/sites-enabled/page", PAGE)

    key = PAGE + lab.internet.authority.certificate.read_text() + Path(__file__).read_text().partition("def lay")[0]
    return lab.layer(release, "served", key, prepare, on=product.prepared(lab, release))


@pytest.fixture
def pi(lab, layer, release):
    made = lab.pi(release, layer=layer)
    yield made
    made.discard()
    lab.router.reset()


def set_up(pi, forward="upnp", *, check=True):
    """Run `piwizard apply router`."""
    pi.write(quickstart.ANSWERS, ANSWERS.format(forward))
    return quickstart.apply(pi, "router", "--yes", "--answers", quickstart.ANSWERS, check=check)


def refused(pi, **kind):
    result = set_up(pi, check=False, **kind)
    assert not result.ok
    return result.output + result.errors


def checks(pi):
    """Return the events of the last run's checks by name."""
    return {event["id"]: event for event in quickstart.events(pi) if event["event"] == "check"}


def verdict(pi):
    return checks(pi)["reachable-from-internet"]["detail"]


def visited(lab, *, status=200):
    """Assert that a remote visitor gets the Pi's page at the public IP."""
    page = lab.internet.visitor.http("pi.example.org", "/", address=lab.router.public)
    assert (page.status, page.text) == (status, HERE)


def ours(lab, pi):
    """Return the router's mappings to the Pi."""
    return sorted(one.port for one in lab.router.mappings if one.address == pi.address)


@pytest.mark.parametrize("kind", [MiniUpnpd, pytest.param(FritzBox, marks=pytest.mark.nightly)])
def test_forwarded_ports_carry_visitors_until_undo(lab, pi, kind):
    lab.router.upnp(kind)
    lab.router.claim(8443, description="console")
    set_up(pi)
    visited(lab)
    assert ours(lab, pi) == [80, 443]
    assert {one.description for one in lab.router.mappings if one.address == pi.address} == {f"piwizard {pi.mac}"}
    assert "cannot be checked from inside" in verdict(pi), "missing hairpin NAT counts as a failure"
    assert quickstart.states(pi)["router"] == "done"

    lab.router.hairpin()
    found = quickstart.said(pi.run(("piwizard", "doctor", "--json"), check=False))["findings"]
    (way,) = [one for one in found if one["id"] == "reachable-from-internet"]
    assert way["ok"]
    assert way["detail"].startswith("reachable: ")

    pi.run(("piwizard", "undo", "router", "--yes"))
    assert [(one.port, one.address) for one in lab.router.mappings] == [(8443, LAPTOP)]
    assert not any(pi.files.glob("etc/systemd/system/**/*piwizard-forwards*"))
    assert not (pi.files / "usr/local/lib/piwizard").exists()


def test_forwarded_port_of_another_machine_stays(lab, pi):
    lab.router.upnp(MiniUpnpd)
    lab.router.claim(443, description="console")
    said = refused(pi)
    assert f"forwards port 443 to another machine, {LAPTOP} (“console”)" in said
    assert [(one.port, one.address) for one in lab.router.mappings] == [(443, LAPTOP)], (
        "port 80 was mapped before the failure"
    )


def test_router_without_upnp_gets_instructions(lab, pi):
    said = refused(pi)
    assert "the router does not answer UPnP requests" in said
    assert all(f"TCP port {port} to {pi.address} port {port}" in said for port in (80, 443)), (
        "another question was asked"
    )
    assert pi.mac in said
    set_up(pi, "by-hand")
    text = pi.read("/var/lib/piwizard/router-by-hand.txt")
    for value in (pi.address, pi.mac, "80", "443"):
        assert value in text
    assert "cannot be checked from inside" in verdict(pi)
    assert "the router itself has" in verdict(pi), "its WAN address does not answer one hop away"
    lab.router.forward(80, pi.address)
    visited(lab)
    lab.router.hairpin()
    assert quickstart.states(pi)["router"] == "done"


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("cgnat", FritzBox),
        ("double_nat", MiniUpnpd),
        pytest.param("cgnat", MiniUpnpd, marks=pytest.mark.nightly),
        pytest.param("double_nat", FritzBox, marks=pytest.mark.nightly),
    ],
)
def test_port_forwarding_behind_another_nat_is_refused(lab, pi, place, kind):
    getattr(lab.router, place)()
    lab.router.upnp(kind)
    said = refused(pi)
    assert ("CGNAT: " if place == "cgnat" else "Double NAT: ") in said
    assert ("DNS-01" if place == "cgnat" else "bridge mode") in said
    assert ours(lab, pi) == []


@pytest.mark.nightly
@pytest.mark.parametrize("place", ["cgnat", "double_nat"])
def test_nat_is_detected_without_upnp(lab, pi, place):
    """Detect NAT by the next hop behind the router."""
    getattr(lab.router, place)()
    refused(pi, forward="by-hand")
    assert verdict(pi).startswith({"cgnat": "CGNAT: ", "double_nat": "double NAT: "}[place])


@pytest.mark.nightly
def test_timer_restores_forgotten_ports(lab, pi):
    lab.router.upnp(MiniUpnpd)
    set_up(pi)
    lab.router.upnp(None)
    lab.router.upnp(MiniUpnpd)
    assert ours(lab, pi) == []
    # Runs its service with the system's Python, without piwizard.
    pi.run(("mv", "/opt/piwizard", "/opt/gone"))
    pi.run(("systemctl", "start", "piwizard-forwards.service"))
    assert ours(lab, pi) == [80, 443]
    visited(lab)
    timers = pi.run(("systemctl", "list-timers", "--all", "--no-legend", "piwizard-forwards.timer")).output
    assert "piwizard-forwards.service" in timers


@pytest.mark.nightly
def test_ufw_rules_allow_visitors_until_undo(lab, pi):
    pi.run(("apt-get", "install", "-y", "--no-install-recommends", "ufw"))
    pi.run(("ufw", "allow", "22/tcp"))
    pi.run(("ufw", "--force", "enable"))
    before = pi.read("/etc/ufw/user.rules")
    lab.router.upnp(MiniUpnpd)
    lab.router.forward(80, pi.address)
    with pytest.raises((OSError, AssertionError)):
        visited(lab)
    set_up(pi)
    eventually(lambda: visited(lab))
    assert checks(pi)["firewall-open"]["ok"]
    assert "Nothing to do" in quickstart.apply(pi, "router", "--yes").output
    pi.run(("piwizard", "undo", "router", "--yes"))
    assert pi.read("/etc/ufw/user.rules") == before
