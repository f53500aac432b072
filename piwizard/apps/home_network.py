"""Find what in an app's code needs the home network."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from piwizard.apps.env_vars import SAMPLE_FILES
from piwizard.apps.home_libraries import MQTT, SYSTEM_BUS, home_network_use_of
from piwizard.apps.modules import MAX_IMPORTS, absolute_imports, import_line, is_own_module
from piwizard.apps.mqtt_brokers import brokers_are_elsewhere
from piwizard.apps.private_addresses import private_address, private_place
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script, scan_checkout
from piwizard.apps.requirements import find_requirements
from piwizard.apps.version_specs import distribution_of, normalized_name
from piwizard.system.lazy_dataclass import dataclass

MAX_USES = 20
MAX_USES_PER_FILE = 5
SETTINGS_FILES = (
    *SAMPLE_FILES, ".env", ".flaskenv", "config.ini", "config.cfg", "config.toml", "config.json", "config.yaml",
    "config.yml", "settings.ini", "settings.cfg", "settings.toml", "settings.json", "settings.yaml", "settings.yml",
)  # fmt: skip
MAX_LINES = 2000
MAX_LINE_LENGTH = 2000
OWN_ADDRESS_SETTING = re.compile(
    r"^(?:\w*_)?(?:HOST|BIND|LISTEN|ADDRESS|SERVER_NAME|HOSTS|ORIGINS?|PROXIES|NETWORKS?|SUBNETS?)$", re.I
)
"""Settings with addresses that the app listens on or accepts, not ones that it calls."""
CALLED_SERVICE = re.compile(
    r"MQTT|BROKER|DB|DATABASE|REDIS|MYSQL|POSTGRES|PG|MONGO|SQL|INFLUX|HASS|HOME_?ASSISTANT|HUE|BRIDGE|PRINTER|CAM|NAS|SMB|"
    r"ROUTER|FRITZ|TV|LAMP|LIGHT|PLUG|SHELLY|TASMOTA|DEVICE|SENSOR|API|SMTP|MAIL|REMOTE|TARGET|UPSTREAM",
    re.I,
)
OWN_ADDRESS_CALLS = frozenset(
    {"run", "run_simple", "bind", "serve", "WSGIServer", "make_server", "CORS", "startswith", "ip_network"}
)
"""Calls with addresses of the app itself, or of its visitors."""
ATTACHED_CLASSES = {
    "escpos": frozenset({"Usb", "Serial", "File", "Dummy"}),
    "pymodbus": frozenset({"ModbusSerialClient", "AsyncModbusSerialClient"}),
}
"""Classes for devices at this Pi, of modules that others use for the home network."""
SOCKET_OPTIONS = {
    "SO_BROADCAST": "sends broadcasts",
    "IP_ADD_MEMBERSHIP": "listens to multicast",
    "IP_MULTICAST_TTL": "sends multicast",
    "IP_MULTICAST_IF": "sends multicast",
    "IPV6_JOIN_GROUP": "listens to multicast",
    "IPV6_ADD_MEMBERSHIP": "listens to multicast",
    "IPV6_MULTICAST_HOPS": "sends multicast",
}
NETWORK_WORDS = (
    b"SO_BROADCAST",
    b"MEMBERSHIP",
    b"MULTICAST",
    b"JOIN_GROUP",
    b"<broadcast>",
    b"M-SEARCH",
    b"ssdp",
    b"dbus",
)


@dataclass(frozen=True)
class HomeNetworkUse:
    """A place in an app that needs the home network, or with `dbus` the system bus."""

    why: str
    file: str
    line: int
    dbus: bool = False

    @property
    def text(self) -> str:
        """Return the reason and its place as a person reads it."""
        return f"it {self.why} ({self.file}:{self.line})" if self.line else f"it {self.why} ({self.file})"


def find_home_network(root: Path | RepositoryCheckout) -> tuple[HomeNetworkUse, ...]:
    """Return the places in a checkout that need the home network."""
    checkout = scan_checkout(root)
    found: list[HomeNetworkUse] = []
    for file in checkout.python:
        if not is_script(file):
            found += islice(_uses_in_code(checkout, file), MAX_USES_PER_FILE)
        if len(found) >= MAX_USES:
            break
    found += _uses_in_requirements(checkout)
    for file in SETTINGS_FILES:
        found += islice(_uses_in_settings(checkout, file), MAX_USES_PER_FILE)
    if any(use.why == MQTT for use in found) and brokers_are_elsewhere(checkout):
        found = [use for use in found if use.why != MQTT]
    once = {(use.why, use.dbus): use for use in reversed(found)}
    return tuple(sorted(once.values(), key=found.index)[:MAX_USES])


def _uses_in_code(checkout: RepositoryCheckout, file: str) -> Iterator[HomeNetworkUse]:
    tree = checkout.parsed(file)
    if tree is None:
        return
    yield from _uses_in_imports(checkout, file, tree)
    yield from _uses_in_options(checkout, file)
    yield from _uses_in_literals(checkout, file)


def _uses_in_imports(checkout: RepositoryCheckout, file: str, tree: ast.Module) -> Iterator[HomeNetworkUse]:
    wanted = dict.fromkeys(islice(absolute_imports(tree), MAX_IMPORTS))
    for module in wanted:
        top = module.partition(".")[0]
        why = home_network_use_of(top)
        attached = _uses_attached_devices(top, wanted)
        if why and not attached and top not in sys.stdlib_module_names and not is_own_module(checkout, file, top):
            yield HomeNetworkUse(why, file, import_line(tree, top), why == SYSTEM_BUS)


def _uses_attached_devices(top: str, modules: Iterable[str]) -> bool:
    """Return whether all classes that a file imports from a module are for devices at USB or a serial port."""
    names = {module.rpartition(".")[2] for module in modules if module.startswith(f"{top}.")}
    classes = {name for name in names if name[:1].isupper()}
    return bool(classes) and classes <= ATTACHED_CLASSES.get(top, frozenset())


def _uses_in_options(checkout: RepositoryCheckout, file: str) -> Iterator[HomeNetworkUse]:
    if not checkout.mentions(file, *NETWORK_WORDS):
        return
    documentation = _docstring_ids(checkout.nodes(file))
    for node in checkout.nodes(file):
        match node:
            case ast.Attribute(attr=attr) if attr in SOCKET_OPTIONS:
                yield HomeNetworkUse(SOCKET_OPTIONS[attr], file, node.lineno)
            case ast.ImportFrom(module="socket", names=names):
                for alias in names:
                    if alias.name in SOCKET_OPTIONS:
                        yield HomeNetworkUse(SOCKET_OPTIONS[alias.name], file, node.lineno)
            case ast.Constant(value=str() | bytes() as value) if id(node) not in documentation:
                text = value if isinstance(value, str) else value[:MAX_LINE_LENGTH].decode("latin-1")
                if "<broadcast>" in text[:MAX_LINE_LENGTH]:
                    yield HomeNetworkUse("sends broadcasts", file, node.lineno)
                elif "M-SEARCH" in text[:MAX_LINE_LENGTH] or "ssdp:" in text[:MAX_LINE_LENGTH]:
                    yield HomeNetworkUse("searches for devices with SSDP", file, node.lineno)
                elif "dbus/system_bus_socket" in text[:MAX_LINE_LENGTH] or "org.freedesktop." in text[:MAX_LINE_LENGTH]:
                    yield HomeNetworkUse(SYSTEM_BUS, file, node.lineno, dbus=True)


def _uses_in_literals(checkout: RepositoryCheckout, file: str) -> Iterator[HomeNetworkUse]:
    nodes = checkout.nodes(file)
    own = _docstring_ids(nodes) | _own_address_ids(nodes)
    for node in nodes:
        text = node.value if isinstance(node, ast.Constant) and id(node) not in own else None
        if not isinstance(text, str) or not (place := private_place(text[:MAX_LINE_LENGTH])):
            continue
        if not is_own_module(checkout, file, text.partition(".")[0] or "."):  # the name of a module, as of a logger
            yield HomeNetworkUse(f"uses the address {place}", file, getattr(node, "lineno", 1))


def _docstring_ids(nodes: Iterable[ast.AST]) -> set[int]:
    """Return the ids of texts that are statements of their own: docstrings."""
    return {id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}


def _own_address_ids(nodes: Iterable[ast.AST]) -> set[int]:
    """Return the ids of texts that are the app's own or visitors' addresses."""
    found: set[int] = set()
    for node in nodes:
        inside: list[ast.AST] = []
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in OWN_ADDRESS_CALLS:
                inside = [*node.args, *(keyword.value for keyword in node.keywords)]
            case ast.Call():
                inside = [
                    word.value
                    for word in node.keywords
                    if word.arg and _is_own_address(word.arg) and word.arg.isupper()
                ]
            case ast.Assign(targets=[ast.Name(id=name) | ast.Subscript(slice=ast.Constant(value=str(name)))]):
                inside = [node.value] if _is_own_address(name) else []
            case ast.Compare():
                inside = [node.left, *node.comparators]
        for one in inside:
            found |= {id(part) for part in ast.walk(one) if isinstance(part, ast.Constant)}
    return found


def _is_own_address(name: str) -> bool:
    return bool(OWN_ADDRESS_SETTING.match(name)) and not CALLED_SERVICE.search(name)


def _uses_in_requirements(checkout: RepositoryCheckout) -> Iterator[HomeNetworkUse]:
    wanted = find_requirements(checkout)
    for name in wanted.names if wanted else ():
        if wanted and (why := home_network_use_of(name)):
            lines = enumerate(checkout.text(wanted.file).splitlines()[:MAX_LINES], 1)
            line = next((number for number, text in lines if _requires(text, name)), 1)
            yield HomeNetworkUse(why, wanted.file, line, why == SYSTEM_BUS)


def _requires(line: str, name: str) -> bool:
    listed = distribution_of(line.strip()[:MAX_LINE_LENGTH].strip("\"', "))
    return listed is not None and normalized_name(listed) == normalized_name(name)


def _uses_in_settings(checkout: RepositoryCheckout, file: str) -> Iterator[HomeNetworkUse]:
    if not checkout.is_file(file):
        return
    for number, line in enumerate(checkout.text(file).splitlines()[:MAX_LINES], 1):
        text = line.strip()
        if text.startswith(("#", ";", "//")) or len(text) > MAX_LINE_LENGTH:
            continue
        key, _, value = text.partition(":" if file.endswith(("json", "yaml", "yml")) else "=")
        name = key.removeprefix("export ").strip().strip("\"'")
        if place := None if _is_own_address(name) else private_place(value.strip().strip("\"',")):
            yield HomeNetworkUse(f"uses the address {place}", file, number)


def home_network_in_answers(settings: Mapping[str, object]) -> tuple[HomeNetworkUse, ...]:
    """Return the variables of app.env that need the home network, by name only."""
    return tuple(
        HomeNetworkUse(f"gets a home network address in {name}", "app.env", 0)
        for name, value in settings.items()
        if isinstance(value, str) and not _is_own_address(name) and private_address(value[:MAX_LINE_LENGTH])
    )
