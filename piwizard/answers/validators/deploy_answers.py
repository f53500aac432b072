"""Validate how new versions are deployed, and the keys that may push."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from piwizard.answers.validators.basic import Invalid, Validator, list_of, text

KEY_TYPES = (
    *("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"),
    *("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"),
)


def deploy_ways(known: tuple[str, ...], alone: tuple[str, ...]) -> Validator:
    """Return a validator for a way of deploying, or a list of ways that fit together.

    Those that are `alone` fit to no other.
    """

    def validate(value: Any) -> list[str]:
        ways: list[str] = list_of(text, len(known), least=1)([value] if isinstance(value, str) else value)
        for way in ways:
            if way not in known:
                raise Invalid(f"must be one of {', '.join(known)}, or a list of them, not {way[:100]!r}")
        if len(ways) > 1 and (single := next((way for way in ways if way in alone), None)):
            raise Invalid(f"must not combine {single} with another way")
        return ways

    return validate


def ssh_public_key(value: Any) -> str:
    """Accept one line of a public key file, and return it without options."""
    line = text(value)
    if "PRIVATE KEY" in line:
        raise Invalid("must be a public key, the content of a file such as id_ed25519.pub, never a private key")
    kind, _, rest = line.strip().partition(" ")
    key, _, comment = rest.strip().partition(" ")
    if kind not in KEY_TYPES or not _is_key(kind, key):
        raise Invalid("must be a public key, the content of a file such as id_ed25519.pub")
    kept = re.sub(r"[^A-Za-z0-9@._+ -]", "", comment).strip()
    return f"{kind} {key} {kept}".rstrip()


def _is_key(kind: str, key: str) -> bool:
    """Return whether a base64 text is a key of its type: it begins with the length and the name of the type."""
    try:
        content = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return False
    name = kind.encode()
    return content.startswith(len(name).to_bytes(4, "big") + name) and len(content) > len(name) + 36
