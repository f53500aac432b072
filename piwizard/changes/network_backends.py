"""Who keeps the settings of an interface, and how each is told of a fixed address and of what was before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from piwizard.changes.base import ApplyContext, Before, OwnershipIndex
from piwizard.errors import PiwizardError
from piwizard.network import dhcpcd, netplan, networkmanager
from piwizard.network.address_rollback import NetworkService
from piwizard.network.address_settings import INTERFACE, AddressSettings
from piwizard.network.netplan import NetplanDefinition
from piwizard.system import files

Argv = tuple[str, ...]


class NetworkBackend(Protocol):
    """One network manager, for one interface."""

    @property
    def manager(self) -> NetworkService:
        """Who takes settings up."""

    def kept(self) -> bool:
        """Whether the address will be set again at the next start."""

    def paths(self) -> list[Path]:
        """The files that have to be put back for everything to be as before."""

    def diff(self) -> str:
        """What would be altered."""

    def argv(self) -> tuple[Argv, ...]:
        """The commands that would be run."""

    def before(self) -> Before:
        """What undo has to know."""

    def set(self, work: ApplyContext) -> None:
        """Alters the settings and takes them up."""


def of(settings: AddressSettings) -> NetworkBackend:
    """The keeper of an interface's settings."""
    if settings.connection is None:
        return Dhcpcd(settings)
    found = netplan.find_definition(networkmanager.find_file(settings.connection), settings.interface)
    return Netplan(settings, settings.connection, found) if found else NetworkManager(settings, settings.connection)


@dataclass(frozen=True)
class NetworkManager:
    """Settings that nmcli alters for good."""

    settings: AddressSettings
    connection: str

    @property
    def manager(self) -> NetworkService:
        return NetworkService(networkmanager.SERVICE, self.connection)

    def kept(self) -> bool:
        return networkmanager.read_connection(self.connection) == networkmanager.wanted_values(self.settings)

    def paths(self) -> list[Path]:
        return networkmanager.settings_files(self.connection, networkmanager.find_file(self.connection))

    def diff(self) -> str:
        now, wanted = networkmanager.read_connection(self.connection) or {}, networkmanager.wanted_values(self.settings)
        changed = [name for name, value in wanted.items() if now.get(name) != value]
        pairs = [(sign, name, at.get(name, "")) for name in changed for sign, at in (("-", now), ("+", wanted))]
        return "\n".join(f"{sign}{name} {value}".rstrip() for sign, name, value in pairs)

    def argv(self) -> tuple[Argv, ...]:
        modify = networkmanager.modify_command(self.connection, networkmanager.wanted_values(self.settings))
        return (modify, networkmanager.up_command(self.connection, self.settings.interface))

    def before(self) -> Before:
        return {"keeper": "NetworkManager", "ipv4": networkmanager.read_connection(self.connection)}

    def set(self, work: ApplyContext) -> None:
        for argv in self.argv():
            work.command(argv)


@dataclass(frozen=True)
class Netplan:
    """Settings that netplan makes NetworkManager's from, at each start."""

    settings: AddressSettings
    connection: str
    definition: NetplanDefinition

    @property
    def manager(self) -> NetworkService:
        return NetworkService(networkmanager.SERVICE, self.connection)

    def kept(self) -> bool:
        now = networkmanager.read_connection(self.connection) or {}
        if now.get("ipv4.addresses") and not netplan.OWN_FILE.exists():
            raise PiwizardError(
                f"{INTERFACE}: {self.settings.interface} has an address in {netplan.FOLDER} already, set by hand.",
                key=INTERFACE,
                hint="Either leave it so and skip this step, or take it out first.",
            )
        return _text(netplan.OWN_FILE) == self._text() and now == networkmanager.wanted_values(self.settings)

    def paths(self) -> list[Path]:
        return networkmanager.settings_files(self.connection, networkmanager.find_file(self.connection))

    def diff(self) -> str:
        return files.diff(files.read(netplan.OWN_FILE), self._text().encode(), netplan.OWN_FILE)

    def argv(self) -> tuple[Argv, ...]:
        return _netplan_argv(self.connection, self.settings.interface)

    def before(self) -> Before:
        return {"keeper": "netplan"}

    def set(self, work: ApplyContext) -> None:
        work.write(netplan.OWN_FILE, self._text().encode(), 0o600, files.ROOT.ids())
        for argv in self.argv():
            work.command(argv)

    def _text(self) -> str:
        return netplan.own_file_text(self.definition, self.settings)


@dataclass(frozen=True)
class Dhcpcd:
    """Settings in dhcpcd's own file."""

    settings: AddressSettings

    @property
    def manager(self) -> NetworkService:
        return NetworkService(dhcpcd.SERVICE, None)

    def kept(self) -> bool:
        text = _text(dhcpcd.CONFIG)
        return text == dhcpcd.add_block(text, self.settings)

    def paths(self) -> list[Path]:
        return [dhcpcd.CONFIG]

    def diff(self) -> str:
        before = _text(dhcpcd.CONFIG)
        return files.diff(before.encode(), dhcpcd.add_block(before, self.settings).encode(), dhcpcd.CONFIG)

    def argv(self) -> tuple[Argv, ...]:
        return (dhcpcd.restart_command(self.settings.interface),)

    def before(self) -> Before:
        return {"keeper": "dhcpcd"}

    def set(self, work: ApplyContext) -> None:
        _rewrite(dhcpcd.add_block(_text(dhcpcd.CONFIG), self.settings), work)
        work.command(dhcpcd.restart_command(self.settings.interface))


def edited(keeper: NetworkBackend, memory: OwnershipIndex) -> Path | None:
    """The file that is wholly piwizard's, where somebody edited it since it was written."""
    now = files.read(netplan.OWN_FILE) if isinstance(keeper, Netplan) else None
    return None if now is None or memory.wrote(netplan.OWN_FILE, files.digest(now)) else netplan.OWN_FILE


def put_back(before: Before, interface: str, connection: str | None, work: ApplyContext) -> str | None:
    """What undo does: the settings before, in force. Returns a sentence where something was left alone."""
    if connection is None:
        _rewrite(dhcpcd.remove_block(_text(dhcpcd.CONFIG)), work)
        work.command(dhcpcd.restart_command(interface))
        return None
    now = networkmanager.read_connection(connection)
    if now is None:
        return f"The connection {connection} is no longer there, so nothing of it was altered."
    if before["keeper"] == "netplan":
        _take_out(netplan.OWN_FILE, work)
        for argv in _netplan_argv(connection, interface):
            work.command(argv)
        return None
    if now != before["ipv4"]:
        work.command(networkmanager.modify_command(connection, before["ipv4"]))
    came_up = work.command(networkmanager.up_command(connection, interface), allow=range(256))
    if not came_up.ok:
        work.command(networkmanager.modify_command(connection, now))
        work.command(networkmanager.up_command(connection, interface), allow=range(256))
        raise PiwizardError(
            f"{interface} got no address with its former settings, so the fixed address stays.",
            hint="Look whether the router lends addresses (DHCP), then undo again.",
        )
    return None


def _take_out(path: Path, work: ApplyContext) -> None:
    """Remove a file of ours; one that somebody edited since is kept beside it, where netplan does not read it."""
    now = files.read(path)
    if now is not None and not work.wrote(path, files.digest(now)):
        kept = path.with_name(f"{path.name}.edited")
        while kept.exists():
            kept = kept.with_name(f"{kept.name}-")
        path.rename(kept)
        work.say(f"{path} was edited by hand: it is no longer in force, and is kept as {kept}.")
    path.unlink(missing_ok=True)
    files.sync_folder(path.parent)


def _netplan_argv(connection: str, interface: str) -> tuple[Argv, ...]:
    reload = ("nmcli", "connection", "reload")
    return ((str(netplan.find_generator()),), reload, networkmanager.up_command(connection, interface))


def _rewrite(text: str, work: ApplyContext) -> None:
    """Writes dhcpcd's file anew, where it is another."""
    if text != _text(dhcpcd.CONFIG):
        mode, uid, gid = files.mode_and_owner(dhcpcd.CONFIG)
        work.write(dhcpcd.CONFIG, text.encode("utf-8", "surrogateescape"), mode, (uid, gid))


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "surrogateescape")
