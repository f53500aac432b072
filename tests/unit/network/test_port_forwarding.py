"""Test port forwarding with real output of upnpc 2.2.4 and 2.2.8."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.network import port_forwarding
from piwizard.network.port_forwarding import ForwardingRefused, PortForward, UpnpRouter, WantedForwards

SAMPLES = Path(__file__).with_name("upnpc")
URL = "http://192.168.1.1:5000/rootDesc.xml"
OURS = "piwizard dc:a6:32:00:00:01"
WANTED = WantedForwards(OURS, "192.168.1.100", (80, 443))
VERSIONS = ("2.2.4", "2.2.8")
versions = pytest.mark.parametrize("version", VERSIONS)


def printed(name, version):
    return (SAMPLES / f"{name}-{version}.txt").read_text()


def forward(port=80, address="192.168.1.100", description=OURS, lease=0, inside=None):
    return PortForward("TCP", port, address, inside or port, description, lease)


def router(*forwards):
    return UpnpRouter(URL, "11.22.33.44", forwards)


class Upnpc:
    """Answers each command with the next text, and records the commands."""

    def __init__(self, *texts):
        self.texts, self.asked = list(texts), []

    def __call__(self, argv):
        self.asked.append(tuple(argv))
        return self.texts.pop(0)


@versions
def test_listing_is_parsed(version):
    found = port_forwarding.parse_listing(URL, printed("list", version))
    assert found.outside == "11.22.33.44"
    assert found.of(80).address == "192.168.1.100"
    assert found.of(80).description == OURS
    assert 0 < found.of(80).lease <= 604800
    assert (found.of(443).address, found.of(443).description) == ("192.168.1.101", "web"), "only TCP counts, not UDP"
    assert (found.of(8443).inside, found.of(8443).description) == (443, "kid's web 'server'")
    assert found.of(22) is None


@versions
def test_listing_without_a_public_ip(version):
    found = port_forwarding.parse_listing(URL, printed("list-cgnat", version))
    assert found.outside is None
    assert found.forwards == ()


@versions
def test_listing_without_a_router_is_none(version):
    assert port_forwarding.parse_listing(URL, printed("gone", version)) is None


@versions
def test_forwarding_to_another_machine_is_refused(version):
    found = port_forwarding.parse_listing(URL, printed("list", version))
    with pytest.raises(ForwardingRefused, match=r"forwards port 443 to another machine, 192\.168\.1\.101 \(“web”\)"):
        port_forwarding.missing_ports(found, WANTED)


@pytest.mark.parametrize(
    ("there", "missing", "ending"),
    [
        ((), [80, 443], []),
        ((forward(80), forward(443)), [], []),
        ((forward(80, description="by hand"), forward(443, lease=60)), [], [443]),
        ((forward(80, "192.168.1.7"), forward(443)), [80], []),  # ours, from an earlier address
        ((forward(80, description="another program, but to this machine", lease=60),), [443], []),
    ],
)
def test_missing_and_expiring_ports_are_found(there, missing, ending):
    assert port_forwarding.missing_ports(router(*there), WANTED) == missing
    assert port_forwarding.expiring_ports(router(*there), WANTED) == ending


def test_forwarding_to_another_port_is_refused():
    with pytest.raises(ForwardingRefused, match="port 80 to port 8080 of this machine"):
        port_forwarding.missing_ports(router(forward(80, inside=8080)), WANTED)


@versions
def test_forwarding_is_added(version):
    upnpc = Upnpc(printed("add", version))
    port_forwarding.add_forward(upnpc, router(), WANTED, 80)
    assert upnpc.asked == [("upnpc", "-e", OURS, "-u", URL, "-a", "192.168.1.100", "80", "80", "TCP", "0")]


def test_forwarding_of_another_own_interface_is_ours(monkeypatch, tmp_path):
    """Recognise a mapping made over Wi-Fi after a change to cable.

    Address and MAC differ, but both belong to this machine.
    """
    for name, mac in (("eth0", "dc:a6:32:00:00:01"), ("wlan0", "dc:a6:32:00:00:02")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "address").write_text(f"{mac}\n")
    monkeypatch.setattr(port_forwarding, "CARDS", tmp_path)
    wlan, strange = (forward(80, "192.168.1.7", f"piwizard dc:a6:32:00:00:{end}") for end in ("02", "99"))
    assert 80 in port_forwarding.missing_ports(router(wlan), WANTED)
    with pytest.raises(ForwardingRefused, match="another machine"):
        port_forwarding.missing_ports(router(strange), WANTED)


def test_outdated_forwarding_is_removed_first():
    upnpc = Upnpc("", printed("add", "2.2.8"))
    port_forwarding.add_forward(upnpc, router(forward(80, "192.168.1.7")), WANTED, 80)
    assert upnpc.asked[0] == ("upnpc", "-u", URL, "-d", "80", "TCP")


@versions
def test_hidden_conflict_is_refused(version):
    with pytest.raises(ForwardingRefused, match="to another machine, or uses it itself") as refused:
        port_forwarding.add_forward(Upnpc(printed("conflict", version)), router(), WANTED, 443)
    assert refused.value.code == 718


def test_router_without_a_public_ip_refuses():
    upnpc = Upnpc(printed("add-cgnat", "2.2.4"))
    with pytest.raises(ForwardingRefused, match=r"refuses to forward port 80 \(501, Action Failed\)"):
        port_forwarding.add_forward(upnpc, router(), WANTED, 80)
    assert len(upnpc.asked) == 1


def test_router_that_requires_a_lease_gets_one():
    refuses = printed("conflict", "2.2.8").replace("718 (ConflictInMappingEntry)", "402 (Invalid Args)")
    upnpc = Upnpc(refuses, printed("add", "2.2.8"))
    port_forwarding.add_forward(upnpc, router(), WANTED, 80)
    assert [argv[-1] for argv in upnpc.asked] == ["0", str(port_forwarding.LEASE_SECONDS)]


def test_forwarding_to_a_wrong_machine_is_noticed():
    lies = printed("add", "2.2.8").replace("internal 192.168.1.100:80", "internal 192.168.1.9:80")
    with pytest.raises(ForwardingRefused, match=r"another machine, 192\.168\.1\.9"):
        port_forwarding.add_forward(Upnpc(lies), router(), WANTED, 80)


def test_vanished_router_is_reported():
    with pytest.raises(ForwardingRefused, match="no longer answers"):
        port_forwarding.add_forward(Upnpc(printed("gone", "2.2.8")), router(), WANTED, 80)


def keep(monkeypatch, *texts, ports=("80",)):
    """Run the program as the timer does, with this output of upnpc."""
    upnpc = Upnpc(*texts)
    monkeypatch.setattr(port_forwarding, "_run", upnpc)
    monkeypatch.setattr(port_forwarding, "find_router", lambda gateway: URL)
    return port_forwarding.main("192.168.1.1", OURS, "192.168.1.100", list(ports)), upnpc


@versions
def test_timer_renews_expiring_ports(monkeypatch, version):
    said, upnpc = keep(monkeypatch, printed("list", version), printed("add", version))
    assert said == "Forwarded to 192.168.1.100: 80."
    assert [argv[-1] for argv in upnpc.asked] == ["-l", "0"]


@versions
def test_timer_without_a_router_fails(monkeypatch, version):
    with pytest.raises(ForwardingRefused, match="No router answers"):
        keep(monkeypatch, printed("gone", version))


def test_timer_leaves_other_machines_alone(monkeypatch):
    with pytest.raises(ForwardingRefused, match="another machine"):
        keep(monkeypatch, printed("list", "2.2.8"), ports=("80", "443"))
