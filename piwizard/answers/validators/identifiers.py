"""Validate names of sites, hosts and accounts."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from piwizard.answers.validators.basic import Invalid, text

TAKEN_NAMES = {"default", "piwizard", "root", "www-data", "nginx", "nobody", "originals", "unfinished"}
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def site_name(value: Any) -> str:
    """Accept a site name: it also names the folder, the system user and the services."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z]([a-z0-9-]{0,29}[a-z0-9])?", value):
        raise Invalid("must be 1 to 31 lowercase letters, digits and hyphens, beginning with a letter")
    if value in TAKEN_NAMES:
        raise Invalid(f"must not be {value}: the system uses that name")
    return value


def host_name(value: Any) -> str:
    """Accept a host name and return it in lowercase."""
    name = text(value).lower()
    labels = name.split(".")
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise Invalid(
            f"must look like myapp.ddns.net, with letters, digits and hyphens between the dots, not {value!r}"
        )
    if labels[-1].isdigit():
        raise Invalid(f"must look like myapp.ddns.net, not like an IP address ({value})")
    return name


def full_name(value: Any) -> str:
    """Accept a host name with a domain.

    Programs may complete one without a domain in different ways.
    """
    name = host_name(value)
    if "." not in name:
        raise Invalid(f"must look like myapp.ddns.net, with a dot, not {name!r}")
    return name


def host_or_address(value: Any) -> str:
    """Accept a host name or an IP address."""
    try:
        return str(ipaddress.ip_address(text(value)))
    except Invalid:
        raise
    except ValueError:
        return host_name(value)


def login(value: Any) -> str:
    """Accept a user name of a git server."""
    name = text(value)
    if not re.fullmatch(r"[A-Za-z0-9._@+-]{1,100}", name):
        raise Invalid("must be letters, digits and . _ @ + -")
    return name


def email(value: Any) -> str:
    """Accept an email address. Only its form is checked."""
    address = text(value)
    user, _, host = address.rpartition("@")
    # A leading hyphen would make it an option of the program that gets it.
    if not re.fullmatch(r"[A-Za-z0-9._%+][A-Za-z0-9._%+-]{0,63}", user) or "." not in host or not host.isascii():
        raise Invalid(f"must be an email address, not {value!r}")
    host_name(host)
    return address
