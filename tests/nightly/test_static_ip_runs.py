"""Confirm, undo, stop and kill the trial of a static IP address.

tests/journeys/test_static_ip.py shows that the old address returns.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator

import pytest

from tests.lab import addresses, quickstart
from tests.lab.addresses import GRACE, NEW, VARIANTS, Street
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.terminal import Terminal

log = logging.getLogger(__name__)
DOWN, COMMANDS = "\x1b[B", "\x10"


@pytest.fixture
def street(lab: Lab, variant: str) -> Iterator[Street]:
    pi = addresses.ready_pi(lab, variant)
    yield Street(pi, lab.network.laptop.path)
    pi.discard()


@pytest.mark.parametrize("variant", ["trixie", "bookworm"])
def test_screens_confirm_over_the_changing_connection(street: Street) -> None:
    pi = street.pi
    first = _screens(street)
    first.type(COMMANDS)
    first.see("type a part of a command")
    first.type("all steps\r")
    first.see("Web server")
    _onto(first, "Static address")
    first.see("Confirmation time")
    first.rest()
    first.type("\r")
    first.see(pi.mac)
    first.type(f"{NEW}/24\r")
    first.rest(1.0)
    while "Enter install" not in first.lines[-1]:
        first.type("\r")
        first.rest(0.5)
    first.type("\r")
    first.see("Install now?", 60)
    first.see("You are logged in by SSH over eth0")
    first.see("piwizard confirm")
    assert street.addresses() == [street.old]
    first.rest(1.0)  # keys pressed as soon as the question appears are dropped
    first.type("\r")
    street.on_trial()
    pi.address = NEW
    again = _screens(street, greeting=f"This Pi is trying the address {NEW}")
    again.see(f"Testing {NEW}:", 60)
    again.see(f"{street.old} returns.")
    again.rest()  # a key pressed as soon as the dialog opens is ignored
    again.type("\t\r")
    eventually(street.ended, 60)
    assert quickstart.states(pi)["static-ip"] == "done"
    assert street.addresses() == [NEW]
    street.clean()
    for terminal in (first, again):
        terminal.hang_up()


@pytest.mark.parametrize("variant", VARIANTS)
def test_undo_restores_dhcp(street: Street) -> None:
    before = street.settings()
    street.try_out()
    street.on_trial()
    street.pi.run(("piwizard", "confirm"))
    eventually(street.ended)
    undone = street.pi.run(("piwizard", "undo", "static-ip", "--yes"))
    assert f"eth0 has {street.old} now" in undone.output
    assert street.addresses() == [street.old]
    assert NEW not in street.settings()
    assert ("netplan" in before) == ("netplan" in street.settings())
    assert quickstart.states(street.pi)["static-ip"] == "todo"
    street.reaches_the_world()
    street.pi.reboot()
    assert street.addresses() == [street.old]


@pytest.mark.parametrize("variant", ["bookworm"])
def test_stopped_trial_can_be_changed(street: Street) -> None:
    before = street.settings()
    street.try_out(revert_after=600)
    street.on_trial()
    since = time.monotonic()
    street.pi.run(("piwizard", "stop"))
    street.until_back(since, GRACE)
    street.restored(before)
    assert quickstart.states(street.pi)["static-ip"] == "interrupted"
    refused = street.pi.run(("piwizard", "confirm"), check=False)
    assert (refused.exit, refused.errors.splitlines()[0]) == (1, "piwizard: No address is on trial.")

    street.try_out()
    street.on_trial()
    street.pi.run(("piwizard", "confirm"))
    eventually(street.ended)
    (connection,) = street.pi.run(("nmcli", "-g", "UUID", "connection", "show", "--active")).output.split()[:1]
    by_hand = ("ipv4.method", "auto", "ipv4.addresses", "", "ipv4.gateway", "", "ipv4.dns", "")
    street.pi.run(("nmcli", "connection", "modify", "uuid", connection, *by_hand))
    street.pi.run(("nmcli", "connection", "up", "uuid", connection))
    found = {one["step"]: one for one in quickstart.said(street.pi.run(("piwizard", "status", "--json")))["steps"]}
    assert found["static-ip"]["state"] == "drifted"
    assert f"eth0 has {street.old}" in found["static-ip"]["summary"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_trial_killed_at_every_event_can_be_applied_again(lab: Lab, variant: str) -> None:
    """Expect the second run to roll back the trial of the first, and to start again."""
    tried = 0
    while True:
        pi = addresses.ready_pi(lab, variant)
        street = Street(pi, lab.network.laptop.path)
        street.try_out(revert_after=600)
        tried += 1
        came_so_far = addresses.kill_at(pi, tried)
        eventually(lambda: street.try_out(revert_after=600))  # noqa: B023 — refused while dhcpcd restarts
        street.on_trial()
        pi.run(("piwizard", "confirm"))
        eventually(street.ended, 60)
        assert quickstart.states(pi)["static-ip"] == "done", tried
        assert street.addresses() == [NEW]
        street.clean()
        street.reaches_the_world()
        pi.discard()
        if not came_so_far:
            break
    log.info("killed at %s points on %s", tried, variant)


def _screens(street: Street, greeting: str = "") -> Terminal:
    """Log in by SSH, and type `piwizard` into the shell."""
    terminal = Terminal(street.pi.ssh_argv(tty=True))
    if greeting:
        terminal.expect(greeting)
    terminal.expect("$ ")
    terminal.type("piwizard\r")
    terminal.expect("password for alex:")
    terminal.rest()
    terminal.type(f"{street.pi.password}\r")
    terminal.see("[ Start ]" if not greeting else "Keep this address?", 60)
    return terminal


def _onto(terminal: Terminal, title: str) -> None:
    """Move the cursor to a step with the arrow keys."""
    for _ in range(20):
        if any(re.match(rf" [▸>]. {title}", line) for line in terminal.lines):
            terminal.rest(0.7)
            return
        terminal.type(DOWN)
        terminal.rest(0.4)
    raise AssertionError("\n".join(terminal.lines))
