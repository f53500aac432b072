"""Validate what an answer says of the machine: devices, packages, restarts."""

from __future__ import annotations

import re
from typing import Any

from piwizard.answers.validators.basic import Invalid, Validator, list_of, text

PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}")


def hardware(*known: str) -> Validator:
    """Return a validator for a list of device classes."""
    return list_of(_member(known, "names the hardware"), len(known))


def power_actions(*known: str) -> Validator:
    """Return a validator for a list of what an app may do with the whole machine."""
    return list_of(_member(known, "names the action"), len(known))


def debian_package(value: Any) -> str:
    """Accept the name of a Debian package."""
    name = text(value)
    if not PACKAGE.fullmatch(name) or name.startswith("-"):
        raise Invalid(f"must be the name of a Debian package, such as libgl1, not {name[:100]!r}")
    return name


def _member(known: tuple[str, ...], what: str) -> Validator:
    def validate(value: Any) -> str:
        if value not in known:
            raise Invalid(f"{what} {str(value)[:100]!r}, which must be one of {', '.join(known)}")
        return str(value)

    return validate
