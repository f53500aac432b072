"""Test the plans of the router step: by UPnP, by hand, and refusals."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from piwizard.answers.file_reader import parse
from piwizard.changes.base import ChangeFailed
from piwizard.changes.file import File
from piwizard.changes.forward import Forwards
from piwizard.errors import PiwizardError
from piwizard.network.port_forwarding import ForwardingRefused, UpnpRouter
from piwizard.steps import forward_timer, router
from piwizard.steps.registry import all_questions
from piwizard.steps.router import Router
from piwizard.system.system_cache import SystemCache


@pytest.fixture(autouse=True)
def empty_unit_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(forward_timer, "UNITS", tmp_path)


def plan(context, forward):
    answers = parse(f'[router]\nforward = "{forward}"\n', all_questions()).of(None)
    return Router().plan(context, answers)


def test_upnp_plan_forwards_ports_and_keeps_them(context):
    changes = plan(context(), "upnp")
    (forwards,) = [change for change in changes if isinstance(change, Forwards)]
    network = context().machine.network
    assert forwards.ports == (80, 443)
    assert (forwards.gateway, forwards.address) == (network.gateway.address, network.address.address)
    assert forwards.description == f"piwizard {network.main.mac}"
    assert [change.kind for change in changes] == ["package", "forward", "folder", "group", "unit"]


def test_silent_router_does_not_stop_the_plan(context, tmp_path, monkeypatch):
    """The timer tries again, so an `apply` of another step must not fail."""
    monkeypatch.setattr(router.port_forwarding, "find_router", lambda gateway: None)
    assert "forward" in [change.kind for change in plan(context(), "upnp")]
    (tmp_path / forward_timer.TIMER).touch()
    assert "forward" not in [change.kind for change in plan(context(), "upnp")]


def test_silent_router_error_says_what_to_enter(context, monkeypatch, working):
    monkeypatch.setattr(router.port_forwarding, "find_router", lambda gateway: None)
    network = context().machine.network
    (forwards,) = [change for change in plan(context(), "upnp") if isinstance(change, Forwards)]
    for attempt in (lambda: forwards.probe(SystemCache(), working()), lambda: forwards.apply(working())):
        with pytest.raises(ChangeFailed, match="does not answer UPnP requests") as refused:
            attempt()
        hint = refused.value.hint
        for port in (80, 443):
            assert f"TCP port {port} to {network.address.address} port {port}" in hint
        assert f"http://{network.gateway.address}/" in hint
        assert f"Reserve {network.address.address} for MAC {network.main.mac}" in hint
        assert hint.endswith('Then set router.forward = "by-hand".')


def test_refused_forwarding_says_what_to_enter(context, monkeypatch, working):
    monkeypatch.setattr(router.port_forwarding, "find_router", lambda gateway: "http://192.168.1.1:5000/")
    seen = UpnpRouter("http://192.168.1.1:5000/", None, ())
    monkeypatch.setattr(router.router_forwards, "read_router", lambda url: seen)
    (forwards,) = [change for change in plan(context(), "upnp") if isinstance(change, Forwards)]

    def refuse(*_):
        raise ForwardingRefused("The router does not allow this machine to forward port 80.", 606)

    monkeypatch.setattr(router.port_forwarding, "add_forward", refuse)
    with pytest.raises(ChangeFailed, match="does not allow") as refused:
        dataclasses.replace(forwards, require_useful=lambda seen: None).apply(working())
    assert f"TCP port 443 to {context().machine.network.address.address} port 443" in refused.value.hint


def test_by_hand_plan_writes_only_instructions(context):
    (text,) = plan(context(), "by-hand")
    network = context().machine.network
    assert isinstance(text, File)
    for value in (network.gateway.address, network.address.address, network.main.mac, "80", "443", "TCP"):
        assert value in text.content
    assert max(map(len, text.content.splitlines())) <= 80


def test_change_from_upnp_to_by_hand_is_refused(context, tmp_path):
    (tmp_path / forward_timer.TIMER).touch()
    with pytest.raises(PiwizardError, match="already forwarded by UPnP") as refused:
        plan(context(), "by-hand")
    assert "piwizard undo router" in refused.value.hint


def test_plan_without_a_gateway_is_refused(context, machine):
    known = machine()
    alone = dataclasses.replace(known, network=dataclasses.replace(known.network, gateway=None))
    with pytest.raises(PiwizardError, match="no default gateway"):
        plan(context(machine=alone), "upnp")


def test_unknown_forwarding_is_refused(context):
    with pytest.raises(PiwizardError, match=r"router\.forward must be one of upnp, by-hand"):
        plan(context(), "nat-pmp")


def test_timer_program_needs_no_piwizard(context):
    """The system's Python runs it, even after piwizard is removed."""
    service, timer = forward_timer.units(
        "192.168.1.1", next(change for change in plan(context(), "upnp") if isinstance(change, Forwards)).wanted
    )
    (start,) = [line for line in service.content.splitlines() if line.startswith("ExecStart=")]
    mac = context().machine.network.main.mac
    address = context().machine.network.address.address
    program = "/usr/bin/python3 -I /usr/local/lib/piwizard/forwards.py"
    assert start == f'ExecStart={program} 192.168.1.1 "piwizard {mac}" {address} 80 443'
    assert "import piwizard" not in forward_timer.program().content
    assert "from piwizard" not in forward_timer.program().content
    assert timer.path == Path(forward_timer.UNITS / forward_timer.TIMER)


def test_forwarding_question_is_required():
    (question,) = router.QUESTIONS
    assert question.required
    assert [*question.choices] == ["upnp", "by-hand"]
