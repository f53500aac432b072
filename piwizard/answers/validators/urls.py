"""Validate URLs and addresses of git repositories."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

from piwizard.answers.repository_address import understand_address
from piwizard.answers.validators.basic import Invalid, text
from piwizard.answers.validators.identifiers import host_or_address

TOKEN = re.compile(r"gh[a-z]_|github_pat_|glpat-|gldt-|[0-9a-f]{40}$")


def repository(value: Any) -> str:
    """Accept an address that git can clone.

    https, http, ssh, git, file, user@host:path, or a full path; github.com/me/app and me/app are understood.
    """
    address = understand_address(text(value)).address
    if " " in address or address.startswith("-"):
        raise Invalid("must be the address of a git repository, without spaces or a leading hyphen")
    if address.startswith("/"):
        return address
    if "://" not in address:
        if re.fullmatch(r"[A-Za-z0-9._-]+@[A-Za-z0-9][A-Za-z0-9.-]*:[^:]+", address):
            return address
        raise Invalid("must begin with https://, ssh://, git://, file:// or /, or be like git@github.com:me/app.git")
    parts = _split(address)
    if parts.scheme not in ("https", "http", "ssh", "git", "file"):
        raise Invalid(f"must not begin with {parts.scheme}://")
    if parts.password:
        raise Invalid("must not contain a password: every user of this machine could read it")
    if TOKEN.match(parts.username or ""):
        raise Invalid("must not contain a token: answer app.token instead")
    if parts.scheme != "file":
        host_or_address(parts.hostname)
    return address


def fingerprint(value: Any) -> str:
    """Accept the fingerprint of a host key, as ssh shows it."""
    shown = text(value).strip()
    if not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", shown):
        raise Invalid('must be like "SHA256:…" with 43 characters: letters, digits, + and /')
    return shown


def directory(value: Any) -> str:
    """Accept the https URL of an ACME server's directory."""
    address = text(value)
    parts = _split(address)
    if parts.scheme != "https" or not parts.hostname or parts.username or not re.fullmatch(r"[!-~]+", address):
        raise Invalid("must be the https:// address of an ACME server's directory")
    host_or_address(parts.hostname)
    return address


def _split(address: str) -> SplitResult:
    """Split an address that has a scheme."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise Invalid("is not a valid address: its host or port is incomplete") from error
    if not (parts.netloc.isascii() and address.isprintable()):
        raise Invalid("must have a host name in ASCII (xn--… for other characters)")
    return parts
