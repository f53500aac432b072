"""Names: of sites, hosts, people."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from piwizard.answers.validators.basic import Invalid, text

TAKEN_NAMES = {"default", "piwizard", "root", "www-data", "nginx", "nobody", "originals", "unfinished"}
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def site_name(value: Any) -> str:
    """The name of a site's folder, user, units and server block."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z]([a-z0-9-]{0,29}[a-z0-9])?", value):
        raise Invalid("must be 1 to 31 small letters, digits and hyphens, beginning with a letter")
    if value in TAKEN_NAMES:
        raise Invalid(f"cannot be {value}: the system uses that name")
    return value


def host_name(value: Any) -> str:
    """A DNS name, kept in small letters."""
    name = text(value).lower()
    labels = name.split(".")
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise Invalid(f"must be a host name such as myapp.ddns.net, not {value!r}")
    if labels[-1].isdigit():
        raise Invalid(f"must be a name, not an address ({value})")
    return name


def full_name(value: Any) -> str:
    """A DNS name with its domain: what no program completes in a way of its own."""
    name = host_name(value)
    if "." not in name:
        raise Invalid(f"must be a whole name such as myapp.ddns.net, not {name!r}")
    return name


def host_or_address(value: Any) -> str:
    """A host name or an IP address."""
    try:
        return str(ipaddress.ip_address(text(value)))
    except Invalid:
        raise
    except ValueError:
        return host_name(value)


def login(value: Any) -> str:
    """A user name at a git server."""
    name = text(value)
    if not re.fullmatch(r"[A-Za-z0-9._@+-]{1,100}", name):
        raise Invalid("must be letters, digits and . _ @ + -")
    return name


def email(value: Any) -> str:
    """A mail address, as far as that can be told without sending anything."""
    address = text(value)
    user, _, host = address.rpartition("@")
    # One that begins with a hyphen would be an option of the program that it is handed to.
    if not re.fullmatch(r"[A-Za-z0-9._%+][A-Za-z0-9._%+-]{0,63}", user) or "." not in host or not host.isascii():
        raise Invalid(f"must be a mail address, not {value!r}")
    host_name(host)
    return address
