"""Set and restore a fixed address with the network manager of an interface."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from piwizard.changes.base import ApplyContext, Before, OwnershipIndex
from piwizard.errors import PiwizardError
from piwizard.network import dhcpcd, netplan, networkmanager
from piwizard.network.address_rollback import NetworkService
from piwizard.network.address_settings import INTERFACE, AddressSettings
from piwizard.network.netplan import NetplanDefinition
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass

Argv = tuple[str, ...]


class NetworkBackend(Protocol):
    """One network manager, for one interface."""

    @property
    def manager(self) -> NetworkService:
        """Return the service that activates settings."""

    def kept(self) -> bool:
        """Check whether the address will be set again at the next start."""

    def paths(self) -> list[Path]:
        """Return the files that have to be restored to roll everything back."""

    def diff(self) -> str:
        """Return what would change."""

    def argv(self) -> tuple[Argv, ...]:
        """Return the commands that would run."""

    def before(self) -> Before:
        """Return the state for undo."""

    def set(self, work: ApplyContext) -> None:
        """Change the settings and activate them."""


def of(settings: AddressSettings) -> NetworkBackend:
    """Return the backend that stores an interface's settings."""
    if settings.connection is None:
        return Dhcpcd(settings)
    found = netplan.find_definition(networkmanager.find_file(settings.connection), settings.interface)
    return Netplan(settings, settings.connection, found) if found else NetworkManager(settings, settings.connection)


@dataclass(frozen=True)
class NetworkManager:
    """Settings that nmcli stores."""

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
    """Settings in netplan, which generates those of NetworkManager at each start."""

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
                f"{INTERFACE}: {self.settings.interface} already has an address in {netplan.FOLDER}, set by hand.",
                key=INTERFACE,
                hint="Skip this step to keep that address, or remove it first.",
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
    """Settings in the file of dhcpcd."""

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


def edited(backend: NetworkBackend, memory: OwnershipIndex) -> Path | None:
    """Return the file that piwizard wrote, if it was edited since; otherwise None.

    NetworkManager's own files are left to nmcli, which changes only the settings it gets.
    """
    if isinstance(backend, Netplan):
        path, owned = netplan.OWN_FILE, True
    elif isinstance(backend, Dhcpcd):
        path, owned = dhcpcd.CONFIG, memory.owns(dhcpcd.CONFIG)
    else:
        return None
    now = files.read(path)
    return path if owned and now is not None and not memory.wrote(path, files.digest(now)) else None


def put_back(before: Before, interface: str, connection: str | None, work: ApplyContext) -> str | None:
    """Restore and activate the former settings.

    Return a sentence if something was left alone.
    """
    if connection is None:
        _rewrite(dhcpcd.remove_block(_text(dhcpcd.CONFIG)), work)
        work.command(dhcpcd.restart_command(interface))
        return None
    now = networkmanager.read_connection(connection)
    if now is None:
        return f"The connection {connection} no longer exists, so nothing was changed."
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
            f"{interface} got no address with its former settings, so the fixed address is kept.",
            hint="Check that DHCP is enabled in the router, then undo again.",
        )
    return None


def _take_out(path: Path, work: ApplyContext) -> None:
    """Remove piwizard's file.

    Keep one that was edited since under another name, which netplan does not read.
    """
    now = files.read(path)
    if now is not None and not work.wrote(path, files.digest(now)):
        kept = path.with_name(f"{path.name}.edited")
        while kept.exists():
            kept = kept.with_name(f"{kept.name}-")
        path.rename(kept)
        work.say(f"{path} was edited by hand: it is no longer active, and is kept as {kept}.")
    path.unlink(missing_ok=True)
    files.sync_folder(path.parent)


def _netplan_argv(connection: str, interface: str) -> tuple[Argv, ...]:
    reload = ("nmcli", "connection", "reload")
    return ((str(netplan.find_generator()),), reload, networkmanager.up_command(connection, interface))


def _rewrite(text: str, work: ApplyContext) -> None:
    """Write the file of dhcpcd, if it changes."""
    if text != _text(dhcpcd.CONFIG):
        mode, uid, gid = files.mode_and_owner(dhcpcd.CONFIG)
        work.write(dhcpcd.CONFIG, text.encode("utf-8", "surrogateescape"), mode, (uid, gid))


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "surrogateescape")
