import pytest

from piwizard.answers import file_reader as answers_module
from piwizard.changes.address import FixedAddress
from piwizard.errors import PiwizardError
from piwizard.network import address_trial, neighbors
from piwizard.steps.registry import all_questions
from piwizard.steps.static_ip import StaticIp

ROUTER = "08:96:d7:00:00:01"


@pytest.fixture
def asked(context, machine):
    """Return defaults and their origin on a recorded machine, by key."""

    def ask(name, text=""):
        questions = StaticIp().questions(context(machine=machine(name)), answered(text))
        return {one.key.removeprefix("static_ip."): (one.default, one.detected) for one in questions}

    return ask


def answered(text=""):
    return answers_module.parse(f"[static_ip]\n{text}", all_questions()).of(None)


def test_defaults_come_from_the_lease(asked):
    assert asked("pi4-trixie") == {
        "address": ("192.168.1.197/24", "assigned by the router now"),
        "interface": ("eth0", "used for the Internet"),
        "gateway": ("192.168.1.1", "current value"),
        "dns": (["192.168.1.1"], "current values"),
        "revert_after": (180, ""),
    }
    assert asked("zero-w-bookworm")["interface"][0] == "wlan0"


def test_defaults_follow_the_answered_interface(asked):
    assert asked("pi4-trixie", 'interface = "wlan0"')["gateway"] == (None, "")
    assert asked("pi4-trixie", 'interface = "eth9"')["address"] == (None, "")


def test_mac_address_for_a_reservation_is_shown(context, machine):
    address, *_ = StaticIp().questions(context(machine=machine("pi4-trixie")), answered())
    assert "the MAC address is dc:a6:32:01:02:03" in address.help


def test_explanation_prefers_a_reservation_in_the_router():
    why = StaticIp().why
    assert why.index("reserve") < why.index("sets a static address here")
    assert "skip this step" in why


def test_address_is_planned_after_arp_requests(context, machine, monkeypatch):
    monkeypatch.setattr(FixedAddress, "in_sync", lambda self: False)
    monkeypatch.setattr(neighbors.arp, "who_has", lambda address, *_: ROUTER if address.endswith(".1") else None)
    text = 'address = "192.168.1.230/24"\nrevert_after = 60'
    (change,) = StaticIp().plan(context(machine=machine("pi4-trixie")), answered(text))
    assert change.describe() == "Address 192.168.1.230/24 on eth0"
    assert change.seconds == 60


@pytest.mark.parametrize(
    ("there", "key", "words"),
    [
        ({"192.168.1.230": "aa:bb:cc:00:00:01", "192.168.1.1": ROUTER}, "static_ip.address", "already in use"),
        ({}, "static_ip.gateway", "no device answers at 192.168.1.1"),
    ],
)  # fmt: skip
def test_address_of_a_neighbor_is_refused(context, machine, monkeypatch, there, key, words):
    monkeypatch.setattr(FixedAddress, "in_sync", lambda self: False)
    monkeypatch.setattr(neighbors.arp, "who_has", lambda address, *_: there.get(address))
    with pytest.raises(PiwizardError, match=words) as raised:
        StaticIp().plan(context(machine=machine("pi4-trixie")), answered('address = "192.168.1.230/24"'))
    assert raised.value.key == key


def test_plan_is_refused_during_a_restore(context, machine, monkeypatch):
    now = address_trial.AddressTrial("a1", "eth0", "192.168.1.230/24", None, 180, 0.0)
    monkeypatch.setattr(address_trial, "current_trial", lambda: now)
    monkeypatch.setattr(address_trial, "live_addresses", lambda interface: [])
    with pytest.raises(PiwizardError, match="eth0 is being restored"):
        StaticIp().plan(context(machine=machine("pi4-trixie")), answered('address = "192.168.1.230/24"'))


def test_unsupported_network_manager_is_refused(context, machine):
    with pytest.raises(PiwizardError, match="managed by ifupdown, which piwizard does not change"):
        StaticIp().plan(context(machine=machine("vm-bookworm-apache")), answered('address = "192.168.122.60/24"'))
