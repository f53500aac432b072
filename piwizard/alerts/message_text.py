"""Write the messages for people: one notification for all that happened at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from piwizard.alerts.problem_log import Kind, Message
from piwizard.alerts.sending import Notification, NotificationKind

OF: dict[Kind, NotificationKind] = {
    "failed": "failure",
    "flapping": "warning",
    "recovered": "success",
    "notice": "info",
}
BY_URGENCY: tuple[Kind, ...] = ("failed", "flapping", "recovered", "notice")
MAX_LISTED = 20


def compose(messages: Sequence[Message], host: str) -> Notification:
    """Return the notification for some messages, the most urgent first."""
    ordered = sorted(messages, key=lambda one: BY_URGENCY.index(one.kind))
    first = ordered[0]
    more = f" (and {len(ordered) - 1} more)" if len(ordered) > 1 else ""
    lines = [line for one in ordered[:MAX_LISTED] for line in _lines(one)]
    if len(ordered) > MAX_LISTED:
        lines.append(f"{len(ordered) - MAX_LISTED} more: run `piwizard alerts list` on the Pi.")
    return Notification(f"{host}: {_headline(first)}{more}", "\n".join(lines), OF[first.kind])


def test_notification(host: str) -> Notification:
    """Return the message that shows that an address works."""
    return Notification(
        f"{host}: test message of piwizard",
        "Alerts of this Raspberry Pi arrive here. You do not need to do anything.",
        "info",
    )


def _headline(message: Message) -> str:
    return f"{message.label}: OK again" if message.kind == "recovered" else message.label


def _lines(message: Message) -> list[str]:
    at = f"{datetime.fromtimestamp(message.at):%Y-%m-%d %H:%M}"
    match message.kind:
        case "recovered":
            return [f"[{at}] {message.label}: OK again."]
        case "flapping":
            text = f"{message.label}: fails and recovers again and again. You get the next message when it is stable."
            return [f"[{at}] {text}", *_details(message)]
    return [f"[{at}] {message.label}", *_details(message)]


def _details(message: Message) -> list[str]:
    return [f"  {text}" for text in (message.text, message.hint) if text]
