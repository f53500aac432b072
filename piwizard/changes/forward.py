"""Port forwarding in the router to this Pi, set up by UPnP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.network import port_forwarding, router_forwards
from piwizard.network.port_forwarding import ForwardingRefused, UpnpRouter, WantedForwards
from piwizard.system import commands
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

NO_ANSWER = "router.forward: the router does not answer UPnP requests."
SWITCH_ON = (
    "Enable UPnP in its settings (often under “network” or “NAT”; in a FRITZ!Box for each device), then apply again. "
    "Or forward the ports by hand: "
)
AFTER_BY_HAND = 'Then set router.forward = "by-hand".'


@dataclass(frozen=True)
class Forwards:
    """The router forwards these TCP ports to `address`.

    Ports forwarded to another machine are left alone and refused.

    `require_useful` raises an error if port forwarding cannot help. `entries` says what to enter in a router that does
    not accept the request.
    """

    kind: ClassVar[str] = "forward"
    gateway: str
    address: str
    ports: tuple[int, ...]
    description: str
    require_useful: Callable[[UpnpRouter], None]
    entries: str

    @property
    def wanted(self) -> WantedForwards:
        return WantedForwards(self.description, self.address, self.ports)

    def describe(self) -> str:
        return f"Forward ports {' and '.join(map(str, self.ports))} of the router to {self.address}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        url = self._find()
        if not router_forwards.upnpc_installed():
            return self._preview(url, self.ports)
        router = self._read(url)
        missing = self._missing(router)
        if not missing:
            return IN_SYNC
        self.require_useful(router)
        return self._preview(url, missing)

    def apply(self, work: ApplyContext) -> None:
        router = self._read(self._find())
        missing = self._missing(router)
        work.say("Checking whether port forwarding can help.")
        self.require_useful(router)
        for port in missing:
            before = {"address": self.address, "description": self.description, "gateway": self.gateway}
            work.remember("forward", str(port), before)
            try:
                port_forwarding.add_forward(lambda argv: _asked(argv, work), router, self.wanted, port)
            except ForwardingRefused as refused:
                raise ChangeFailed(refused.sentence, key="router.forward", hint=self._hint(refused.code)) from None

    def _preview(self, url: str, ports: list[int] | tuple[int, ...]) -> Preview:
        return Preview(in_sync=False, argv=tuple(port_forwarding.add_argv(url, self.wanted, port) for port in ports))

    def _find(self) -> str:
        url = port_forwarding.find_router(self.gateway)
        if url is None:
            raise self._no_answer()
        return url

    def _read(self, url: str) -> UpnpRouter:
        router = router_forwards.read_router(url)
        if router is None:
            raise self._no_answer()
        return router

    def _no_answer(self) -> ChangeFailed:
        return ChangeFailed(NO_ANSWER, key="router.forward", hint=f"{SWITCH_ON}{self.entries} {AFTER_BY_HAND}")

    def _hint(self, code: int | None) -> str:
        why = "Most routers refuse this if they have no public IP, or if programs may not change port forwarding. "
        return f"{why if code == 501 else ''}{self.entries} {AFTER_BY_HAND}"

    def _missing(self, router: UpnpRouter) -> list[int]:
        try:
            return port_forwarding.missing_ports(router, self.wanted)
        except ForwardingRefused as refused:
            raise ChangeFailed(
                refused.sentence,
                key="router.forward",
                hint="It was not changed. If nothing needs it, remove it in the router's settings, then apply again.",
            ) from None


def _asked(argv: Sequence[str], work: ApplyContext) -> str:
    """Return the answer of the router.

    It comes from the home network, so the command does not run as root.
    """
    return work.command(commands.as_nobody(argv), allow=range(-64, 256)).output


def undo(record: Record, work: ApplyContext) -> str | None:
    """Remove a forwarded port that piwizard set up, if it still points to this Pi."""
    port, before = int(record["target"]), record["before"]
    url = port_forwarding.find_router(before["gateway"]) if router_forwards.upnpc_installed() else None
    router = router_forwards.read_router(url) if url else None
    if url is None or router is None:
        return f"The router does not answer UPnP requests: it may still forward port {port}."
    there = router.of(port)
    # Recognized by its description, as the address may have changed. Some routers do not store descriptions.
    if there is None or (there.description and not port_forwarding.is_ours(there.description, before["description"])):
        return None
    if not there.description and there.address != before["address"]:
        return None
    _asked(port_forwarding.remove_argv(url, port), work)
    after = router_forwards.read_router(url)
    if after is not None and after.of(port) == there:
        return f"The router still forwards port {port}: remove that in the router's settings."
    return None
