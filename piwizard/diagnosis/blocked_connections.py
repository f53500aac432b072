"""Find connections that piwizard's own rules block.

These are connections to the home network, the name server and the system bus.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from piwizard.apps.network_access import INTERNET, RefusedConnection
from piwizard.apps.private_addresses import private_address
from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import Failure
from piwizard.system.remedies import Advice, Fix, RunCommand

HOME_BLOCKED = ("home-network-blocked", "Home network open to the app")
BUS_BLOCKED = ("system-bus-blocked", "System services open to the app")
NAME_SERVER_BLOCKED = ("name-server-blocked", "Name server open to the app")
UNREACHABLE = re.compile(
    r"\[Errno (?:1|101|110|113)\]|Operation not permitted|No route to host|(?:Host|Network) is unreachable|"
    r"timed? ?out|Max retries exceeded|connection attempts failed|Can't connect|[Cc]ould not connect|failed to connect|"
    r"connection to server at|Connect call failed|Name or service not known|Failed to resolve"
)
"""Printed by the system, requests, httpx, paho and database drivers if no answer came, or sending was refused."""
NOT_PERMITTED = re.compile(r"\[Errno 1\] Operation not permitted")
SENDING = frozenset({"connect", "create_connection", "sendto", "sendall", "send", "connect_ex", "reconnect"})
TIMEOUTS = frozenset({"TimeoutError", "ConnectTimeout", "ConnectTimeoutError", "timeout"})
SYSTEM_BUS = re.compile(r"dbus/system_bus_socket|org\.freedesktop\.DBus\.Error\.(?:FileNotFound|AccessDenied|NoServer)")
NO_NAMES = re.compile(r"\[Errno -3\]|Temporary failure in name resolution")
HOME_LINE = 'network = "home"'
MAX_SHOWN = 4


def blocked_connection(failure: Failure, context: AppContext) -> Finding | None:
    """Return the finding if a failure comes from a blocked connection."""
    if context.network != INTERNET:
        return None
    if SYSTEM_BUS.search(failure.text):
        cause = f"The app uses system services over D-Bus, but {_limit(context.site)}."
        return context.finding(BUS_BLOCKED, failure, cause, _allow(context))
    if NO_NAMES.search(failure.text) and context.unreachable_resolvers:
        servers = ", ".join(context.unreachable_resolvers)
        cause = f"The name servers have changed to {servers}, and the rules do not allow the app to reach them yet."
        fix = (
            RunCommand("sudo systemctl start piwizard-egress.service", "to update the rules"),
            RunCommand("journalctl -u piwizard-egress", "to see more"),
        )
        return context.finding(NAME_SERVER_BLOCKED, failure, cause, fix)
    target = _home_target(failure, context)
    if target is None:
        return None
    cause = f"The app tries to reach {target}, but {_limit(context.site)}."
    return context.finding(HOME_BLOCKED, failure, cause, _allow(context))


def blocked_by_filter(
    refused: Sequence[RefusedConnection], context: AppContext, since: datetime | None
) -> list[Finding]:
    """Return a finding if the packet filter has blocked anything since `since`.

    It does not depend on the output of the app.
    """
    recent = [one for one in refused if since is None or one.at >= since.replace(microsecond=0)]
    if context.network != INTERNET or not recent:
        return []
    detail = f"blocked: {_listed(recent)}, last at {recent[-1].at:%H:%M} UTC"
    cause = f"The app tried to reach the home network, but {_limit(context.site)}."
    return [Finding(*HOME_BLOCKED, False, detail, cause, _allow(context), step="app", site=context.site)]


def _home_target(failure: Failure, context: AppContext) -> str | None:
    """Return the target at home that the app could not reach; None if the failure has another cause."""
    sources = [frame.source for frame in failure.frames if context.inside(frame.file) is not None]
    unreachable = bool(UNREACHABLE.search(failure.text)) or failure.kind in TIMEOUTS
    if not unreachable:
        return None
    for text in (failure.text, *reversed(sources)):
        if target := _address_in(text):
            return target
    sending = bool(failure.frames) and failure.frames[-1].function in SENDING
    if context.refused:
        return _listed(context.refused)
    if NOT_PERMITTED.search(failure.text) and sending:
        return "an address in your home network"
    if context.home_network and (sending or failure.kind in TIMEOUTS):
        return f"something in your home network, probably: {context.home_network[0].text}"
    return None


def _address_in(text: str) -> str | None:
    words = re.split(r"[\s'\"(),;=\[\]<>]+", text[:2000])
    return next((target for word in words if (target := private_address(word))), None)


def _listed(refused: Sequence[RefusedConnection]) -> str:
    texts = list(dict.fromkeys(one.text for one in refused))[-MAX_SHOWN:]
    return ", ".join(texts)


def _limit(site: str) -> str:
    return f'{site} has access to the Internet only (app.network = "internet")'


def _allow(context: AppContext) -> Fix:
    trust = (
        f"If you trust the app with your router and the other devices at home, add the line {HOME_LINE} under [app] of "
        f"{context.site} in the answers."
    )
    return (Advice(trust), RunCommand(context.apply_command, "after that"))
