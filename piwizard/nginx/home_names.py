"""Name this machine as visitors in the home network do.

No certificate authority can know these names and addresses, so sites answer them over HTTP.
"""

from __future__ import annotations

import re

HOME_ENDINGS = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localhost", ".localdomain", ".fritz.box")
"""Endings of names that exist only in a home network."""
PRIVATE_ADDRESS = (
    r"10(\.\d{1,3}){3}|192\.168(\.\d{1,3}){2}|172\.(1[6-9]|2\d|3[01])(\.\d{1,3}){2}|169\.254(\.\d{1,3}){2}|"
    r"\[(f[cd]|fe[89ab])[0-9a-f:]+\]"
)
"""IPv4 and IPv6 addresses of home networks, as they are typed."""
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def is_home_name(host: str) -> bool:
    """Return whether only the home network can know a host name."""
    return "." not in host or host.endswith(HOME_ENDINGS)


def is_home_address(address: str) -> bool:
    """Return whether sites answer an address over HTTP, as one of a home network."""
    return re.fullmatch(PRIVATE_ADDRESS, address) is not None


def home_patterns(hostname: str) -> tuple[str, ...]:
    """Return patterns for `server_name`: local IPs, and this machine's name.

    Each site has the same ones, and nginx uses the first file, in the order of names: so the next site takes over if
    one is removed. A site that lists such a name in its domains gets it before.
    """
    addresses = f"~^({PRIVATE_ADDRESS})$"
    name = hostname.lower().partition(".")[0]
    if not LABEL.fullmatch(name):
        return (addresses,)
    endings = "|".join(re.escape(ending[1:]) for ending in HOME_ENDINGS)
    return (addresses, rf"~^{name}(\.({endings}))?$")
