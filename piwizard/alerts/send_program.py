"""Send one message to one address with Debian's apprise. A program of its own.

systemd runs it with the system's Python, without rights and with limits on memory and time, because the other end is
a stranger. It reads `{"url", "title", "body", "kind"}` from stdin, so that the address, a secret, is in no command
line, and prints `{"result": …}`: sent, address, refused or missing.
"""

from __future__ import annotations

import json
import logging
import sys


def send(wanted: dict[str, str]) -> str:
    """Send a message. Return the result."""
    try:
        import apprise
    except ImportError:
        return "missing"
    logging.disable(logging.CRITICAL)  # apprise logs parts of addresses
    notifier = apprise.Apprise()
    if not notifier.add(wanted["url"]):
        return "address"
    # As text, apprise escapes it for mail and Telegram, which take HTML: part of it is from an app or a server.
    sent = notifier.notify(
        title=wanted["title"], body=wanted["body"], notify_type=wanted["kind"], body_format=apprise.NotifyFormat.TEXT
    )
    return "sent" if sent else "refused"


if __name__ == "__main__":
    print(json.dumps({"result": send(json.load(sys.stdin))}))
