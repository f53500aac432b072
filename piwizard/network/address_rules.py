"""Validate the answers of the static IP step."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

from piwizard.answers.validators import Invalid, text


def ipv4_address(value: Any) -> str:
    """Return an IPv4 address that a machine can have."""
    shown = text(value).strip()
    try:
        found = IPv4Address(shown)
    except ValueError:
        raise Invalid(f"must be an IPv4 address such as 192.168.1.1, not {value!r}") from None
    for is_unusable, description in _UNUSABLE:
        if is_unusable(found):
            raise Invalid(f"cannot be {found}: that is {description}")
    return str(found)


_UNUSABLE: tuple[tuple[Callable[[IPv4Address], bool], str], ...] = (
    (lambda found: found.is_loopback, "a loopback address, which every machine has"),
    (lambda found: found.is_multicast, "a multicast address, for groups of machines"),
    (lambda found: found.is_link_local, "a link-local address, for machines that got none"),
    (lambda found: found.is_unspecified or found.packed[0] in (0, *range(240, 256)), "reserved"),
)


def address_with_prefix(value: Any) -> str:
    """Return an IPv4 address with the prefix length of its network."""
    shown = text(value).strip()
    host, slash, prefix = shown.partition("/")
    if not slash or not re.fullmatch("[0-9]{1,3}", prefix) or not 8 <= int(prefix) <= 30:
        raise Invalid('must be an address with its prefix, such as "192.168.1.197/24"')
    return f"{ipv4_address(host)}/{int(prefix)}"


def interface_name(value: Any) -> str:
    """Return the name of a network interface."""
    name = text(value).strip()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}", name):
        raise Invalid("must be the name of an interface, such as eth0")
    return name
