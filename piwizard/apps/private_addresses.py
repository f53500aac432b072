"""Find home network addresses in a text: 192.168.1.50, fd00::1, printer.local."""

from __future__ import annotations

import ipaddress
import re

from piwizard.system.egress_filter import denied_networks

PRIVATE_NETWORKS = tuple(ipaddress.ip_network(network) for network in denied_networks())
# Not inside a path, a version or a longer number; after the "//" or "@" of a URL, or at the start of a word.
IPV4 = re.compile(r"(?:(?<=//)|(?<=@)|(?<![\w./-]))(\d{1,3}(?:\.\d{1,3}){3})(?![\w]|\.\d)(/\d{1,2}(?![\w/]))?")
IPV6 = re.compile(r"(?<![\w:.])(f[cdef][0-9a-f]{2}:[0-9a-f:]{1,35})(?![\w:])(/\d{1,3})?", re.IGNORECASE)
ADDRESS_PART = re.compile(
    r"(?:^|//|@)(192\.168\.\d{1,3}|10\.\d{1,3}\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])\.\d{1,3})\.(?=$|[{%*])"
)
"""The start of an address that the code completes: f"http://192.168.1.{number}/"."""
LOCAL_NAME = re.compile(
    r"(?:(?://|@)|^)((?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.){1,4}(?:local|lan|home|home\.arpa|localdomain|internal)"
    r"|fritz\.box|speedport\.ip|routerlogin\.net|tplinkwifi\.net)\.?(?=$|[:/?#])",
    re.IGNORECASE,
)
NOT_A_HOST = re.compile(
    r"^(?:\w*settings|\w*config|configs|env|threading|localhost|localhost6|docker|host\.docker|gateway\.docker|kubernetes|"
    r"metadata\.google)\.",
    re.IGNORECASE,
)
"""Python modules that end in .local or .internal, and names outside the home network."""


def private_place(text: str) -> str | None:
    """Return the first home network address or name in a text; None if there is none."""
    if address := private_address(text):
        return address
    if match := ADDRESS_PART.search(text):
        return f"{match[1]}.…"
    return None


def private_address(text: str) -> str | None:
    """Return the first complete address or name; 10.0.0.0/8 is neither."""
    for pattern in (IPV4, IPV6):
        for match in pattern.finditer(text):
            in_url = text[max(0, match.start() - 2) : match.start()] == "//"
            if is_private(match[1]) and (in_url or not match[2]):
                return match[1]
    for match in LOCAL_NAME.finditer(text):
        if not NOT_A_HOST.match(match[1]):
            return match[1]
    return None


def is_private(address: str) -> bool:
    """Return whether an app with Internet access only must not reach an address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if parsed.is_unspecified or (parsed.version == 4 and _is_mask(str(parsed))):
        return False
    return any(parsed.version == network.version and parsed in network for network in PRIVATE_NETWORKS)


def _is_mask(address: str) -> bool:
    """Return whether a text is a netmask such as 255.255.255.0."""
    return address.startswith("255.") and address != "255.255.255.255"
