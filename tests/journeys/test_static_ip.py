"""Try a static IP on each network manager without losing access."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

import pytest

from tests.lab import addresses, quickstart
from tests.lab.addresses import GRACE, NEW, SECONDS, VARIANTS, Street
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.network import LAPTOP, ROUTER
from tests.lab.terminal import Terminal

EVERY_DAY = {
    ("good", "bookworm"),
    ("wrong gateway", "trixie"),
    ("power cut", "bookworm-dhcpcd"),
}
ROWS: list[tuple[str, str, float | None, float]] = []


@pytest.fixture
def street(lab: Lab, variant: str) -> Iterator[Street]:
    pi = addresses.ready_pi(lab, variant)
    yield Street(pi, lab.network.laptop.path)
    pi.discard()


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print how long the old address took to come back."""
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print()
        for case, variant, seconds, promised in ROWS:
            took = "stays, also after a reboot" if seconds is None else f"back after {seconds:4.1f} s of {promised:.0f}"
            print(f"{case:16} {variant:16} {took}")


def good(street: Street) -> tuple[float | None, float]:
    street.try_out()
    street.on_trial()
    assert eventually_answers(street, NEW)
    street.pi.address = NEW
    kept = street.pi.ssh(["sudo", "-S", "piwizard", "confirm"], input=f"{street.pi.password}\n")
    assert f"This Pi keeps the address {NEW}" in kept.output
    eventually(street.ended)
    assert quickstart.states(street.pi)["static-ip"] == "done"
    street.clean()
    street.pi.reboot()
    assert street.addresses() == [NEW]
    assert quickstart.states(street.pi)["static-ip"] == "done"
    assert street.trial() is None
    street.reaches_the_world()
    return None, 0


def unconfirmed(street: Street) -> tuple[float | None, float]:
    return _comes_back_by_itself(street)


def wrong_gateway(street: Street) -> tuple[float | None, float]:
    """Return the laptop's address: it answers, but is not a gateway."""
    return _comes_back_by_itself(street, gateway=LAPTOP)


def wrong_prefix(street: Street) -> tuple[float | None, float]:
    return _comes_back_by_itself(street, address="192.168.1.4/29")


def in_use(street: Street) -> tuple[float | None, float]:
    before = street.settings()
    since = time.monotonic()
    refused = street.try_out(address=f"{LAPTOP}/24", check=False)
    assert refused.exit == 1
    assert f"static_ip.address: {LAPTOP} is already in use" in refused.errors
    assert street.settings() == before
    street.clean()
    return street.until_back(since, 10), 0


def power_cut(street: Street) -> tuple[float | None, float]:
    before = street.settings()
    street.try_out(revert_after=600)
    street.on_trial()
    assert NEW in street.settings()
    street.pi.power_cut()
    since = time.monotonic()
    street.pi.boot()
    back = street.until_back(since, GRACE)
    _as_before(street, before)
    return back, GRACE


def reboot(street: Street) -> tuple[float | None, float]:
    before = street.settings()
    street.try_out(revert_after=600)
    street.on_trial()
    street.pi.shutdown()
    since = time.monotonic()
    street.pi.boot()
    back = street.until_back(since, GRACE)
    _as_before(street, before)
    return back, GRACE


def killed(street: Street) -> tuple[float | None, float]:
    before = street.settings()
    since = time.monotonic()
    street.try_out()
    street.on_trial()
    street.pi.run(("systemctl", "kill", "--signal=KILL", "piwizard-run-*"))
    back = street.until_back(since, SECONDS + GRACE)
    assert back > SECONDS - 1
    _as_before(street, before)
    assert quickstart.states(street.pi)["static-ip"] == "interrupted"
    return back, SECONDS + GRACE


CASES: dict[str, Callable[[Street], tuple[float | None, float]]] = {
    "good": good,
    "not confirmed": unconfirmed,
    "wrong gateway": wrong_gateway,
    "wrong prefix": wrong_prefix,
    "in use": in_use,
    "power cut": power_cut,
    "reboot": reboot,
    "killed": killed,
}


@pytest.mark.parametrize(
    ("case", "variant"),
    [
        pytest.param(case, variant, marks=() if (case, variant) in EVERY_DAY else pytest.mark.nightly)
        for variant in VARIANTS
        for case in CASES
    ],
)
def test_address_trial_keeps_the_pi_reachable(street: Street, case: str, variant: str) -> None:
    seconds, promised = CASES[case](street)
    ROWS.append((case, variant, seconds, promised))


@pytest.mark.parametrize("variant", ["trixie"])
def test_unsuitable_address_changes_nothing(street: Street) -> None:
    before = street.settings()
    for settings, key, words in (
        ({"address": "192.168.2.5/24"}, "static_ip.address", "another subnet than the router"),
        ({"address": "192.168.1.0/24"}, "static_ip.address", "network address"),
        ({"address": "192.168.1.255/24"}, "static_ip.address", "broadcast address"),
        ({"address": f"{ROUTER}/24"}, "static_ip.address", "router's own"),
        ({"address": "127.0.0.1/24"}, "static_ip.address", "loopback"),
        ({"address": "224.0.0.5/24"}, "static_ip.address", "multicast"),
        ({"address": NEW}, "static_ip.address", "prefix"),
        ({"address": f"{LAPTOP}/24"}, "static_ip.address", "already in use"),
        ({"gateway": "10.0.0.1"}, "static_ip.gateway", "outside of 192.168.1.0/24"),
        ({"gateway": "192.168.1.99"}, "static_ip.gateway", "no device answers at 192.168.1.99"),
        ({"dns": ["router"]}, "static_ip.dns", "IPv4 address"),
        ({"interface": "eth7"}, "static_ip.interface", "there is no interface eth7"),
        ({"revert_after": 5}, "static_ip.revert_after", "30 to 3600"),
    ):
        lines = {"address": f"{NEW}/24"} | settings
        written = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        street.pi.write(quickstart.ANSWERS, f"[static_ip]\n{written}")
        refused = quickstart.apply(street.pi, "static-ip", "--json", "--answers", quickstart.ANSWERS, check=False)
        error = quickstart.said(refused)["error"]
        assert (refused.exit, error["key"]) == (1, key), error
        assert words in error["message"]
        assert key in error["message"]
    assert street.settings() == before
    assert street.addresses() == [street.old]


@pytest.mark.nightly
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


@pytest.mark.nightly
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


@pytest.mark.nightly
@pytest.mark.parametrize("variant", ["bookworm"])
def test_stopped_trial_can_be_changed(street: Street) -> None:
    before = street.settings()
    street.try_out(revert_after=600)
    street.on_trial()
    since = time.monotonic()
    street.pi.run(("piwizard", "stop"))
    street.until_back(since, GRACE)
    _as_before(street, before)
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


@pytest.mark.nightly
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
    ROWS.append((f"killed at {tried} points", variant, None, 0))


DOWN, COMMANDS = "\x1b[B", "\x10"


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


def _comes_back_by_itself(street: Street, **settings: object) -> tuple[float | None, float]:
    before = street.settings()
    since = time.monotonic()
    street.try_out(**settings)
    street.on_trial(str(settings.get("address", NEW)).partition("/")[0])
    back = street.until_back(since, SECONDS + GRACE)
    assert back > SECONDS - 1, "it was never on trial"
    _as_before(street, before)
    assert quickstart.states(street.pi)["static-ip"] == "failed"
    assert (
        f"Not confirmed within {SECONDS} s, so the old address was restored."
        in street.pi.run(("piwizard", "logs")).output
    )
    return back, SECONDS + GRACE


def _as_before(street: Street, settings: str) -> None:
    eventually(street.ended)
    assert street.addresses() == [street.old]
    assert street.settings() == settings
    assert street.trial() is None
    street.clean()
    street.reaches_the_world()


def eventually_answers(street: Street, address: str) -> bool:
    def check() -> None:
        assert street.answers(address)

    eventually(check)
    return True
