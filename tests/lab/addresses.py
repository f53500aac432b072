"""Try a static IP address on a Pi, and measure how soon the old one is back."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from piwizard.system.commands import Result
from tests.lab import http_client, product, quickstart
from tests.lab.eventually import eventually
from tests.lab.images import Layer
from tests.lab.lab import Lab
from tests.lab.network import ROUTER
from tests.lab.pi import Pi

NEW = "192.168.1.230"
SECONDS = 30
"""The shortest allowed trial."""
GRACE = 25
"""Seconds until the old address must answer after the trial: dhcpcd probes it first, and sshd must respond."""
VARIANTS = ("trixie", "trixie-netplan", "bookworm", "bookworm-dhcpcd")
NETPLAN = """network:
  version: 2
  renderer: NetworkManager
  ethernets:
    eth0:
      dhcp4: true
      optional: true
"""


def ready_pi(lab: Lab, variant: str) -> Pi:
    """Return a booted Pi of a variant with piwizard installed."""
    if variant != "trixie-netplan":
        return product.ready_pi(lab, variant)
    return lab.pi("trixie", layer=_netplan(lab))


def _netplan(lab: Lab) -> Layer:
    installed = product.installed(lab, "trixie")
    return lab.layer("trixie", "netplan", NETPLAN + Path(__file__).read_text(), _put_netplan, on=installed)


def _put_netplan(pi: Pi) -> None:
    """Write the settings as cloud-init does, in a netplan file.

    NetworkManager's settings are generated from it.
    """
    pi.run(("apt-get", "install", "-y", "-qq", "--no-install-recommends", "netplan.io"))
    pi.write("/etc/netplan/50-cloud-init.yaml", NETPLAN)
    pi.run(("chmod", "600", "/etc/netplan/50-cloud-init.yaml"))


@dataclass
class Street:
    """A Pi, its old address, and the actions of the test."""

    pi: Pi
    namespace: Path
    old: str = field(init=False)

    def __post_init__(self) -> None:
        self.old = self.pi.address

    def answers(self, address: str) -> bool:
        """Return whether the laptop reaches sshd at this address."""
        return http_client.listening(self.namespace, address, 22)

    def try_out(self, *, check: bool = True, detach: bool = True, **settings: object) -> Result:
        """Run `piwizard apply static-ip` with these answers, from an answers file."""
        chosen = {"address": f"{NEW}/24", "revert_after": SECONDS} | settings
        lines = [f"{name} = {json.dumps(value)}" for name, value in chosen.items() if value is not None]
        self.pi.write(quickstart.ANSWERS, "\n".join(["[static_ip]", *lines, ""]))
        more = ("--detach",) if detach else ()
        return quickstart.apply(self.pi, "static-ip", "--yes", "--answers", quickstart.ANSWERS, *more, check=check)

    def on_trial(self, address: str = NEW) -> None:
        """Wait until the new address is set and waits for the confirmation."""

        def asked() -> None:
            assert self.trial() is not None
            assert address in self.addresses()
            assert self.notes(), self.events()[-3:]

        eventually(asked, 60)

    def trial(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = quickstart.said(self.pi.run(("piwizard", "status", "--json")))["trial"]
        return found

    def events(self) -> list[dict[str, Any]]:
        return quickstart.events(self.pi)

    def notes(self) -> list[str]:
        """Return the messages of the run since it began to wait."""
        return [one["text"] for one in self.events() if one["event"] == "note" and "is on trial:" in one["text"]]

    def addresses(self) -> list[str]:
        """Return the IPv4 addresses of eth0."""
        shown = json.loads(self.pi.run(("ip", "-j", "-4", "address", "show", "dev", "eth0")).output)
        return [info["local"] for row in shown for info in row.get("addr_info", ())]

    def settings(self) -> str:
        """Return, as text, all settings that a network manager keeps for the next boot."""
        places = (
            "/etc/NetworkManager/system-connections",
            "/etc/netplan",
            "/etc/dhcpcd.conf",
            "/var/lib/NetworkManager",
        )
        found = self.pi.run(
            ("find", *places, "-type", "f", "(", "-name", "*.nmconnection", "-o", "-name", "*.yaml", "-o", "-name",
             "*.conf", "-o", "-name", "no-auto-default.state", ")"), check=False,
        ).output.split("\n")  # fmt: skip
        return "".join(f"{path}\n{self.pi.read(path)}" for path in sorted(found) if path)

    def until_back(self, since: float, longest: float) -> float:
        """Return the seconds from `since` until the old address answers again."""

        def back() -> None:
            assert self.answers(self.old)

        eventually(back, longest)
        return time.monotonic() - since

    def ended(self) -> None:
        """Assert that no run is in progress."""
        units = self.pi.run(("systemctl", "list-units", "--no-legend", "piwizard-*")).output
        assert units == "", units

    def clean(self) -> None:
        """Assert that nothing of a trial is left except its result."""
        left = self.pi.run(
            ("ls", "-d", "/run/motd.d/piwizard-trial", "/etc/systemd/system/piwizard-network-boot.service",
             "/etc/systemd/system/multi-user.target.wants/piwizard-network-boot.service",
             "/var/lib/piwizard/network/copies", "/var/lib/piwizard/network/take-back",
             "/var/lib/piwizard/network/looked-at",
             "/var/lib/piwizard/network/trial.json", "/var/lib/piwizard/network/taking-back.json"), check=False,
        ).output  # fmt: skip
        assert left == ""
        timers = self.pi.run(("systemctl", "list-units", "--all", "--no-legend", "piwizard-network-take-back*")).output
        assert timers == ""

    def restored(self, settings: str) -> None:
        """Assert that the old address and these settings are back, and that nothing of a trial is left."""
        eventually(self.ended)
        assert self.addresses() == [self.old]
        assert self.settings() == settings
        assert self.trial() is None
        self.clean()
        self.reaches_the_world()

    def reaches_the_world(self) -> None:
        """Assert that the router and the DNS server can be reached."""
        self.pi.run(("ping", "-c1", "-W2", ROUTER))
        self.pi.run(("getent", "hosts", "git.lan"))


def kill_at(pi: Pi, point: int) -> bool:
    """Kill the run at the event of this number.

    Return False if the run began to wait for the confirmation before that event.
    """
    (record,) = eventually(lambda: _records(pi))
    until = time.monotonic() + 60
    while True:
        lines = record.read_bytes().split(b"\n")[:-1]
        waiting = any(b" is on trial: " in line for line in lines)
        if len(lines) >= point or waiting:
            pi.run(("systemctl", "kill", "--signal=KILL", "piwizard-run-*"))
            return len(lines) >= point and not waiting
        assert time.monotonic() < until, f"the run never came to event {point}"
        time.sleep(0.002)


def _records(pi: Pi) -> list[Path]:
    found = list((pi.files / "var/log/piwizard").glob("*/events.jsonl"))
    assert found
    return found
