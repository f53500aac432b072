"""Generate the passphrase of the backups, and the sheet that a person keeps."""

from __future__ import annotations

import re
import secrets

from piwizard.answers.secret_store import SecretStore
from piwizard.backups.target import Target
from piwizard.system import paths
from piwizard.system.lazy_dataclass import dataclass

KEY, ACCESS_KEY = "backup.passphrase", "backup.secret"
CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike on paper. 30 of them have 148 bits."""
GROUPS, GROUP_LENGTH = 6, 5


def generate_passphrase() -> str:
    """Return a new passphrase in groups, to be read from paper and typed."""
    groups = ("".join(secrets.choice(CHARACTERS) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def normalize_passphrase(typed: str) -> str:
    """Return a passphrase as it was generated, whatever case and spaces are typed.

    A passphrase of a person is returned as it is.
    """
    plain = re.sub(r"[\s-]", "", typed).lower()
    if len(plain) == GROUPS * GROUP_LENGTH and set(plain) <= set(CHARACTERS):
        return "-".join(plain[start : start + GROUP_LENGTH] for start in range(0, len(plain), GROUP_LENGTH))
    return typed.strip()


def kept_secret(key: str) -> str:
    """Return a secret of the backups; "" if this machine has none."""
    store = SecretStore(paths.state_dir())
    return store.resolve(None, {key: {"asked": True}})[key] if store.knows(None, key) else ""


def keep_passphrase() -> str:
    """Return the passphrase of this machine; generate it if there is none."""
    if not kept_secret(KEY):
        store = SecretStore(paths.state_dir())
        store.keep(None, KEY, generate_passphrase())
        store.save()
    return kept_secret(KEY)


@dataclass(frozen=True)
class RecoverySheet:
    """The values that a restore on another Pi asks for."""

    target: Target
    passphrase: str
    host: str

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Return labels and values, as they are written on paper."""
        access = (("User", self.target.user), ("Secret", self.target.secret)) if self.target.secret else ()
        return (("Target", self.target.location), *access, ("Passphrase", self.passphrase), ("This Pi", self.host))

    @property
    def text(self) -> str:
        """Return the sheet as text, which is also the content of its QR code."""
        lines = [f"{label}: {value}" for label, value in self.rows]
        return "\n".join(("piwizard recovery sheet", *lines, "On a new Pi: sudo piwizard restore"))
