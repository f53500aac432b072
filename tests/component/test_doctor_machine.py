"""Check the doctor's findings about the machine: cause each one, then fix it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import home, layers, online, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.internet import Reply
from tests.lab.lab import Lab
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.network import ROUTER
from tests.lab.pi import Pi


@pytest.fixture(scope="module")
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi with a site, and port forwarding by the router."""
    made = layers.served_pi(lab, release)
    with online.at_home(lab, made):
        home.open_accounts(lab)
        lab.router.upnp(MiniUpnpd)
        for name in online.NAMES:
            lab.internet.zone.set(name, "A", lab.router.public)
        quickstart.set_up(made, lab.git.url(layers.REPOSITORY), more='\n[router]\nforward = "upnp"\n')
        yield made
    made.discard()


def bad(pi: Pi, *options: str) -> dict[str, dict[str, Any]]:
    """Return the failed findings of `piwizard doctor` by id."""
    said = pi.run(("piwizard", "doctor", "--json", *options), check=False).output.splitlines()[-1]
    return {one["id"]: one for one in json.loads(said)["findings"] if not one["ok"] and one["step"] != "certbot"}


@pytest.mark.nightly
def test_doctor_fixes_a_masked_nginx_and_reports_edits(pi: Pi) -> None:
    assert bad(pi) == {}
    pi.run(("systemctl", "mask", "--now", "nginx.service"))
    found = bad(pi)["nginx-service-running"]
    assert (found["detail"], found["fixable"]) == ("inactive, masked", True)
    assert bad(pi, "--fix", "--yes") == {}
    pi.run(("sed", "-i", "s/gzip on;/gzip off;/", "/etc/nginx/nginx.conf"))
    assert "edited by hand" in bad(pi)["step-in-sync"]["cause"]
    pi.run(("piwizard", "apply", "nginx", "--yes"))
    assert bad(pi) == {}


@pytest.mark.nightly
def test_doctor_reports_lost_and_taken_port_forwarding(lab: Lab, pi: Pi) -> None:
    lab.router.upnp(None)
    assert "UPnP was switched off" in bad(pi)["ports-forwarded"]["cause"]
    lab.router.upnp(MiniUpnpd)
    found = bad(pi)["ports-forwarded"]
    assert (found["cause"], found["fixable"]) == ("The router has forgotten them.", True)
    assert "ports-forwarded" not in bad(pi, "--fix", "--yes")
    lab.router.upnp(None)
    lab.router.upnp(MiniUpnpd)
    lab.router.claim(80)
    found = bad(pi)["step-in-sync"]
    assert found["detail"].startswith("The router forwards port 80 to another machine, 192.168.1.")
    assert not found["fixable"]
    lab.router.upnp(None)
    lab.router.upnp(MiniUpnpd)
    pi.run(("piwizard", "apply", "router"))


@pytest.mark.nightly
def test_doctor_reports_a_wrong_clock_and_an_unconfirmed_address(lab: Lab, pi: Pi) -> None:
    clock = Reply("", headers={"Date": "Sun, 21 Nov 2027 08:49:37 GMT"})
    with lab.internet.addresses["icanhazip.com"].failing(clock):
        assert "but it is 2027-11-21 08:49" in bad(pi)["clock-correct"]["detail"]
    more = f'\n[static_ip]\naddress = "{pi.address}/24"\ngateway = "{ROUTER}"\nrevert_after = 600\n'
    pi.write(
        quickstart.ANSWERS,
        sample_app.answers(lab.git.url(layers.REPOSITORY), more=f'\n[router]\nforward = "upnp"\n{more}'),
    )
    quickstart.apply(pi, "static-ip", "--yes", "--detach", "--answers", quickstart.ANSWERS)
    eventually(lambda: pi.read("/var/lib/piwizard/network/trial.json"), timeout=60)
    found = bad(pi)["new-address-confirmed"]
    assert found["detail"].startswith(f"{pi.address} waits to be confirmed: ")
    pi.run(("systemctl", "stop", "piwizard-network-take-back.timer"))
    assert "without a time limit" in bad(pi)["new-address-confirmed"]["detail"]
    pi.run(("piwizard", "confirm"))
    eventually(lambda: _ended(pi), timeout=60)
    assert bad(pi) == {}


def _ended(pi: Pi) -> None:
    assert quickstart.states(pi)["static-ip"] == "done"
