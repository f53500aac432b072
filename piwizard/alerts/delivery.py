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

    Return the new state, and the last result of each address by its id. After a failure, an address is left alone
    until the next time.
    """
    of_id = {sending.address_id(address): address for address in addresses}
    results: dict[str, SendResult] = {}
    left: list[Unsent] = []
    began = time.monotonic()
    for one in state.unsent:
        lacking = []
        for identifier in one.addresses:
            if identifier not in of_id:  # the address is no longer in the answers
                continue
            late = time.monotonic() - began > MAX_DELIVERY_SECONDS
            if not late and results.get(identifier, "sent") == "sent":
                results[identifier] = send(of_id[identifier], one.notification)
            if late or results[identifier] != "sent":
                lacking.append(identifier)
        if lacking and now - one.at < KEEP_UNSENT_SECONDS:
            left.append(replace(one, addresses=tuple(lacking)))
    return replace(state, unsent=tuple(left)), results
