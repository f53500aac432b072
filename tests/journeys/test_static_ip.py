"""Try a static IP on each network manager without losing access."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests.lab import addresses, quickstart
from tests.lab.addresses import GRACE, NEW, SECONDS, VARIANTS, Street
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.network import LAPTOP, ROUTER

EVERY_DAY = {
    ("good", "bookworm"),
    ("wrong gateway", "trixie"),
    ("power cut", "trixie"),
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
    street.restored(before)
    return back, GRACE


def reboot(street: Street) -> tuple[float | None, float]:
    before = street.settings()
    street.try_out(revert_after=600)
    street.on_trial()
    street.pi.shutdown()
    since = time.monotonic()
    street.pi.boot()
    back = street.until_back(since, GRACE)
    street.restored(before)
    return back, GRACE


def killed(street: Street) -> tuple[float | None, float]:
    before = street.settings()
    since = time.monotonic()
    street.try_out()
    street.on_trial()
    street.pi.run(("systemctl", "kill", "--signal=KILL", "piwizard-run-*"))
    back = street.until_back(since, SECONDS + GRACE)
    assert back > SECONDS - 1
    street.restored(before)
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


@pytest.mark.nightly
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


def _comes_back_by_itself(street: Street, **settings: object) -> tuple[float | None, float]:
    before = street.settings()
    since = time.monotonic()
    street.try_out(**settings)
    street.on_trial(str(settings.get("address", NEW)).partition("/")[0])
    back = street.until_back(since, SECONDS + GRACE)
    assert back > SECONDS - 1, "it was never on trial"
    street.restored(before)
    assert quickstart.states(street.pi)["static-ip"] == "failed"
    assert (
        f"Not confirmed within {SECONDS} s, so the old address was restored."
        in street.pi.run(("piwizard", "logs")).output
    )
    return back, SECONDS + GRACE


def eventually_answers(street: Street, address: str) -> bool:
    def check() -> None:
        assert street.answers(address)

    eventually(check)
    return True
