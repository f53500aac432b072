"""Forwards of the router that lead to this machine, made by UPnP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.network import port_forwarding, router_forwards
from piwizard.network.port_forwarding import ForwardingRefused, UpnpRouter, WantedForwards
from piwizard.system import commands
from piwizard.system.system_cache import SystemCache

NO_ANSWER = "router.forward: the router does not answer to UPnP."
SWITCH_ON = (
    "Switch UPnP on in its settings (often under “network” or “NAT”; in a FRITZ!Box it is allowed for each machine), "
    "or answer by-hand: then you are told what to type in."
)


@dataclass(frozen=True)
class Forwards:
    """The router forwards these TCP ports to `address`. A forward to another machine is left alone and refused.

    `useless` looks whether a forward would be of any use, and raises where it would not.
    """

    kind: ClassVar[str] = "forward"
    gateway: str
    address: str
    ports: tuple[int, ...]
    description: str
    useless: Callable[[UpnpRouter], None]

    @property
    def wanted(self) -> WantedForwards:
        return WantedForwards(self.description, self.address, self.ports)

    def describe(self) -> str:
        return f"Forward ports {' and '.join(map(str, self.ports))} of the router to {self.address}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        url = self._find()
        if not router_forwards.upnpc_installed():
            return self._preview(url, self.ports)
        router = self._look(url)
        lacking = self._lacking(router)
        if not lacking:
            return IN_SYNC
        self.useless(router)
        return self._preview(url, lacking)

    def apply(self, work: ApplyContext) -> None:
        router = self._look(self._find())
        lacking = self._lacking(router)
        work.say("Looking whether a forward can help here at all.")
        self.useless(router)
        for port in lacking:
            before = {"address": self.address, "description": self.description, "gateway": self.gateway}
            work.remember("forward", str(port), before)
            try:
                port_forwarding.add_forward(lambda argv: _asked(argv, work), router, self.wanted, port)
            except ForwardingRefused as refused:
                raise ChangeFailed(refused.sentence, key="router.forward", hint=_mend(refused.code)) from None

    def _preview(self, url: str, ports: list[int] | tuple[int, ...]) -> Preview:
        return Preview(in_sync=False, argv=tuple(port_forwarding.add_argv(url, self.wanted, port) for port in ports))

    def _find(self) -> str:
        url = port_forwarding.find_router(self.gateway)
        if url is None:
            raise ChangeFailed(NO_ANSWER, key="router.forward", hint=SWITCH_ON)
        return url

    def _look(self, url: str) -> UpnpRouter:
        router = router_forwards.read_router(url)
        if router is None:
            raise ChangeFailed(NO_ANSWER, key="router.forward", hint=SWITCH_ON)
        return router

    def _lacking(self, router: UpnpRouter) -> list[int]:
        try:
            return port_forwarding.missing_ports(router, self.wanted)
        except ForwardingRefused as refused:
            raise ChangeFailed(
                refused.sentence,
                key="router.forward",
                hint="It was left alone. Take that forward away in the router's settings if it is no longer wanted; "
                "else let that machine have it and answer by-hand.",
            ) from None


def _asked(argv: Sequence[str], work: ApplyContext) -> str:
    """What the router said. Who answers is somebody in the home network: root's rights have no part in it."""
    return work.command(commands.as_nobody(argv), allow=range(-64, 256)).output


def _mend(code: int | None) -> str:
    if code == 501:
        return "Most routers do so while they have no outside address of their own, or let no program change forwards."
    return 'Look into the router\'s settings: `router.forward = "by-hand"` tells you what to type in there.'


def undo(record: Record, work: ApplyContext) -> str | None:
    """Takes away a forward that piwizard made, if it still leads here."""
    port, before = int(record["target"]), record["before"]
    url = port_forwarding.find_router(before["gateway"]) if router_forwards.upnpc_installed() else None
    router = router_forwards.read_router(url) if url else None
    if url is None or router is None:
        return f"The router does not answer to UPnP: its forward of port {port} may still be there."
    there = router.of(port)
    # By its description, which no other machine's has: the address may be another one by now. Some routers keep none.
    if there is None or (there.description and not port_forwarding.is_ours(there.description, before["description"])):
        return None
    if not there.description and there.address != before["address"]:
        return None
    _asked(port_forwarding.remove_argv(url, port), work)
    after = router_forwards.read_router(url)
    if after is not None and after.of(port) == there:
        return f"The router does not let go of its forward of port {port}: remove it in the router's settings."
    return None
