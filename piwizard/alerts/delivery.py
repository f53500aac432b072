"""Send what waits to be sent. No address delays the others for long."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from piwizard.alerts import sending
from piwizard.alerts.alert_state import KEEP_UNSENT_SECONDS, AlertState, Unsent
from piwizard.alerts.sending import Send, SendResult

MAX_DELIVERY_SECONDS = 240.0
"""Then the rest waits for the next check, 5 minutes after this one."""


def deliver(
    state: AlertState, addresses: Sequence[str], send: Send, now: float
) -> tuple[AlertState, Mapping[str, SendResult]]:
    """Send each waiting notification to the addresses that lack it.

    Return the new state, and by the id of each address "sent" or its first failure.
    """
    until = time.monotonic() + MAX_DELIVERY_SECONDS
    results: dict[str, SendResult] = {}
    lacking: dict[str, list[Unsent]] = {}
    for address in addresses:  # others are no longer in the answers
        identifier = sending.address_id(address)
        waiting = [one for one in state.unsent if identifier in one.addresses]
        if waiting:
            results[identifier], lacking[identifier] = _send_all(address, waiting, send, until)
    left = [
        replace(one, addresses=names)
        for one in state.unsent
        if now - one.at < KEEP_UNSENT_SECONDS
        and (names := tuple(name for name in one.addresses if any(one is kept for kept in lacking.get(name, ()))))
    ]
    return replace(state, unsent=tuple(left)), results


def _send_all(address: str, waiting: Sequence[Unsent], send: Send, until: float) -> tuple[SendResult, list[Unsent]]:
    """Send all to one address. Return "sent" or the first failure, and what the address lacks.

    After a refusal, the newest one follows. If that is refused, too, the server is left alone until the next time.
    Otherwise it refuses one text for good, which must not keep all later ones from a person.
    """
    queue, lacking = [*waiting], list[Unsent]()
    failure: SendResult = "sent"
    last: SendResult = "sent"
    while queue and time.monotonic() <= until:
        one = queue.pop(0 if last == "sent" else -1)
        before, last = last, send(address, one.notification)
        if last == "sent":
            continue
        failure = failure if lacking else last
        lacking.append(one)
        if last != "refused" or before == "refused":
            break
    return failure, [*lacking, *queue]
