"""Find where the MQTT brokers are that an app connects to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from piwizard.apps.bindings import decorator_name
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import ConstantEvaluator
from piwizard.apps.local_services import (
    HOST_WORDS,
    LOCAL_HOSTS,
    MAX_NODES,
    SERVICES,
    host_of,
    is_host_setting,
    local_by_default,
    name_of,
)
from piwizard.apps.modules import MAX_IMPORTS, absolute_imports
from piwizard.apps.private_addresses import private_place
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script

MQTT = "mqtt"
CONNECTING_CALLS = frozenset({"connect", "connect_async", "single", "multiple", "simple", "callback"})
CLIENT_MODULES = frozenset({"aiomqtt", "asyncio_mqtt"})
"""Libraries whose class Client gets the host. Others get a name for the client."""
WORDS = (b"mqtt", b"MQTT", b"BROKER")


def brokers_are_elsewhere(checkout: RepositoryCheckout) -> bool:
    """Return whether the code shows all brokers, none of them in the home network."""
    code = CodeIndex.of(checkout)
    hosts = {
        host
        for file in checkout.python
        if not is_script(file) and checkout.mentions(file, *WORDS)
        for host in _hosts(code, file)
    }
    return bool(hosts) and all(host in LOCAL_HOSTS or ("." in host and not private_place(host)) for host in hosts)


def _hosts(code: CodeIndex, file: str) -> Iterator[str]:
    """Yield the hosts of the brokers in one file; "" for one that is known only when the app runs."""
    tree = code.checkout.parsed(file)
    imported = {name.partition(".")[0] for name in islice(absolute_imports(tree), MAX_IMPORTS)} if tree else set()
    values = ConstantEvaluator(code, file)
    for node in code.checkout.nodes(file)[:MAX_NODES] if tree else ():
        match node:
            case ast.Call() if imported & SERVICES[MQTT].modules:
                yield from _hosts_of_call(node, imported, values)
            case ast.Assign(targets=[target], value=value) if is_host_setting(MQTT, name_of(target)):
                yield host_of(values, value)


def _hosts_of_call(call: ast.Call, imported: set[str], values: ConstantEvaluator) -> Iterator[str]:
    called = decorator_name(call.func)
    owner = getattr(getattr(call.func, "value", None), "id", "")
    named = [word.value for word in call.keywords if word.arg in HOST_WORDS]
    if local_by_default(called, imported):
        yield host_of(values, named[0]) if named else "localhost"
    elif (called in CONNECTING_CALLS and owner != "sqlite3") or (called == "Client" and imported & CLIENT_MODULES):
        yield from (host_of(values, one) for one in (*call.args[:1], *named)[:1])
