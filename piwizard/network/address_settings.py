"""Suggest the settings of a static IP from the DHCP lease, and validate them."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv4Interface

from piwizard.answers.model import Answers
from piwizard.errors import MissingAnswer, PiwizardError
from piwizard.system.facts import Address, Interface, Network
from piwizard.system.lazy_dataclass import dataclass

MANAGED = ("NetworkManager", "dhcpcd")
INTERFACE, ADDRESS, GATEWAY, DNS = (f"static_ip.{name}" for name in ("interface", "address", "gateway", "dns"))


@dataclass(frozen=True)
class AddressSettings:
    """The settings of one interface; `connection` is its UUID in NetworkManager."""

    interface: str
    address: str
    """With its prefix: "192.168.1.197/24"."""
    gateway: str
    dns: tuple[str, ...]
    manager: str
    connection: str | None = None

    @property
    def host(self) -> str:
        """Return the address without its prefix."""
        return self.address.partition("/")[0]


def current_address(interface: Interface | None) -> Address | None:
    """Return the current IPv4 address of an interface."""
    return next((one for one in (interface.addresses if interface else ()) if _usable(one)), None)


def _usable(address: Address) -> bool:
    return address.family == 4 and address.scope == "global"


def find_gateway(network: Network, interface: str) -> str | None:
    """Return the router behind an interface."""
    found = network.gateway
    return found.address if found and found.interface == interface else None


def find_name_servers(network: Network, gateway: str | None) -> list[str]:
    """Return the name servers in use, or else the router.

    Most routers are name servers, too.
    """
    known = [address for address in network.name_servers if ":" not in address]
    return known or ([gateway] if gateway else [])


def choose_interface(network: Network, answers: Answers) -> Interface:
    """Return the interface from the answers.

    The default is the one with the route to the Internet.
    """
    interfaces = network.interfaces or ()
    name = answers.get(INTERFACE)
    found = next((one for one in interfaces if one.name == name), None) if name else network.main
    if found is None:
        names = ", ".join(one.name for one in interfaces) or "none"
        if name:
            raise PiwizardError(
                f"{INTERFACE}: there is no interface {name} (available: {names}).",
                key=INTERFACE,
                hint="Choose one of these.",
            )
        raise PiwizardError(
            "No interface is connected to the Internet, so none can get a static address.",
            key=INTERFACE,
            hint=f"Connect this machine to the network, or set {INTERFACE} (available: {names}).",
        )
    return found


def read_settings(network: Network, answers: Answers) -> AddressSettings:
    """Return the complete settings from the answers.

    Raise PiwizardError, with the key of the answer, if one does not fit.
    """
    interface = choose_interface(network, answers)
    if interface.manager not in MANAGED:
        raise _unsupported_manager(network, interface)
    if not interface.up or (interface.manager == "NetworkManager" and not interface.connection):
        raise PiwizardError(
            f"{INTERFACE}: {interface.name} is not connected, so its address cannot be tried.",
            key=INTERFACE,
            hint="Connect it, then apply again.",
        )
    detected = find_gateway(network, interface.name)
    gateway = answers.get(GATEWAY, detected)
    if gateway is None:
        raise MissingAnswer(
            f"{GATEWAY} is missing: {interface.name} has no router now.", key=GATEWAY, hint="Enter its address."
        )
    address = IPv4Interface(answers[ADDRESS])
    _require_same_subnet(address, IPv4Address(gateway), answered=GATEWAY in answers.values and gateway != detected)
    _require_unused(network, interface, str(address.ip))
    dns = tuple(answers.get(DNS) or find_name_servers(network, gateway))
    return AddressSettings(interface.name, str(address), gateway, dns, interface.manager, interface.connection)


def _require_same_subnet(address: IPv4Interface, gateway: IPv4Address, *, answered: bool) -> None:
    net = address.network
    if address.ip == gateway:
        raise PiwizardError(f"{ADDRESS}: {gateway} is the router's own address.", key=ADDRESS, hint="Choose another.")
    if gateway not in net:
        if answered:
            raise PiwizardError(
                f"{GATEWAY}: {gateway} is outside of {net}, the subnet of {ADDRESS}.",
                key=GATEWAY,
                hint="The router must be in the same subnet as the address.",
            )
        raise PiwizardError(
            f"{ADDRESS}: {address} is in another subnet than the router, {gateway}.",
            key=ADDRESS,
            hint="Choose an address that starts like the router's, with the prefix of the network.",
        )
    if gateway in (net.network_address, net.broadcast_address):
        raise PiwizardError(
            f"{GATEWAY}: {gateway} is the {_end(gateway, net)} address of {net}.",
            key=GATEWAY,
            hint="Enter the router's own address.",
        )
    if address.ip in (net.network_address, net.broadcast_address):
        raise PiwizardError(
            f"{ADDRESS}: {address.ip} is the {_end(address.ip, net)} address of {net}, which no machine can have.",
            hint="Choose another.",
            key=ADDRESS,
        )


def _end(address: IPv4Address, net: ipaddress.IPv4Network) -> str:
    return "network" if address == net.network_address else "broadcast"


def _require_unused(network: Network, interface: Interface, host: str) -> None:
    for other in network.interfaces or ():
        if other.name != interface.name and any(one.address == host for one in other.addresses):
            raise PiwizardError(
                f"{ADDRESS}: {other.name} of this machine already has {host}.", key=ADDRESS, hint="Choose another."
            )


def _unsupported_manager(network: Network, interface: Interface) -> PiwizardError:
    here = current_address(interface)
    gateway = find_gateway(network, interface.name)
    has = [f"{interface.name} has {here}" if here else f"{interface.name} has no IPv4 address"]
    has += [f"router {gateway}"] if gateway else []
    has += [f"name servers {', '.join(network.name_servers)}"] if network.name_servers else []
    who = "by a program that piwizard does not know" if interface.manager == "unknown" else f"by {interface.manager}"
    return PiwizardError(
        f"{INTERFACE}: {interface.name} is managed {who}, which piwizard does not change.",
        key=INTERFACE,
        hint=f"Now: {', '.join(has)}. Reserve the address for MAC {interface.mac} in the router instead.",
    )
