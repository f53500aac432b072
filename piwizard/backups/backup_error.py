"""Explain why restic refused something, in one sentence with what to do next."""

from __future__ import annotations

import re
from typing import Literal

from piwizard.errors import PiwizardError

Reason = Literal["passphrase", "full", "away", "locked", "missing", "damaged", "refused", "memory", "clock", "other"]
"""away: the target cannot be reached. missing: it is reached, and has no backup repository."""

EXIT_CODES: dict[int, Reason] = {10: "missing", 11: "locked", 12: "passphrase"}
"""restic 0.17 and later."""
MESSAGES: tuple[tuple[Reason, str], ...] = (
    ("passphrase", r"wrong password or no key found"),
    ("locked", r"repository is already locked"),
    ("full", r"no space left on device|disk quota exceeded|insufficient storage|quota exceeded|entity too large"),
    ("refused", r"permission denied|read-only file system|access denied|\(40[13]\)|unauthorized|forbidden|"
                r"invalidaccesskeyid|signaturedoesnot"),
    ("memory", r"out of memory|pthread_create failed|cannot allocate memory"),
    ("away", r"no such host|connection refused|no route to host|network is unreachable|i/o timeout|connection reset|"
             r"connection timed out|host key verification|unable to start the sftp|server misbehaving|"
             r"bad gateway|service unavailable|context deadline"),
    ("missing", r"is there a repository at the following location|unable to open config file"),
    ("damaged", r"ciphertext verification failed|invalid data returned|does not match id|pack .* contains|"
                r"tree .* not found|not found in index|repository contains errors|hash mismatch|load.*invalid"),
    ("away", r"broken pipe|input/output error|unexpected eof|no such file or directory|transport endpoint|"
             r"stale file handle"),
)  # fmt: skip
"""What older versions print, and what servers answer; the first that fits counts."""

SENTENCES: dict[Reason, tuple[str, str]] = {
    "passphrase": (
        "The passphrase does not open the backups at {target}.",
        "Copy it from the recovery sheet that belongs to this target, and try again.",
    ),
    "full": (
        "The backup target {target} is full.",
        "Free space there, or choose a larger target in backup.target, then run `piwizard backup now`. The earlier "
        "backups are unchanged.",
    ),
    "away": (
        "The backup target {target} cannot be reached.",
        "Connect the drive or check the network and the server; piwizard tries again by itself.",
    ),
    "locked": (
        "Another backup is using {target}.",
        "Wait until it ends, or after a power cut for up to 30 minutes; piwizard tries again by itself.",
    ),
    "missing": (
        "There are no backups at {target}.",
        "Check backup.target. To start new backups there, run `piwizard apply backup`.",
    ),
    "damaged": (
        "The backups at {target} are damaged.",
        "Run `piwizard backup verify`, and choose another target in backup.target for new backups.",
    ),
    "refused": (
        "The backup target {target} refused access.",
        "Check backup.user and backup.secret, and the permissions at the target.",
    ),
    "memory": (
        "restic needs more memory for the backups at {target} than it may use on this Pi.",
        "Choose an empty folder in backup.target, then run `piwizard apply backup`. The backups so far stay where they "
        "are.",
    ),
    "clock": (
        "The clock of this Pi is wrong, so no backup was made: it would have the wrong date.",
        "Run `sudo timedatectl set-ntp true`; piwizard tries again by itself.",
    ),
    "other": ("restic failed at {target}: {said}", "Run `piwizard backup verify` to check the target."),
}
RETRIED: frozenset[Reason] = frozenset(("away", "locked", "clock"))
"""What may be over in a while: a scheduled backup is tried again."""


FOR_PERSON: frozenset[Reason] = frozenset(("passphrase", "full", "missing", "damaged", "memory"))
"""What no later attempt ends: it is reported at once."""
UNWRITABLE: frozenset[Reason] = frozenset(("full", "refused"))
"""The target may still be read."""
KILLED = (-9, 137)
"""Exit codes of a process that the kernel ended for its memory; nothing else kills restic so."""


class BackupError(PiwizardError):
    """A backup or a restore that failed; `reason` is for programs."""

    def __init__(self, reason: Reason, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, key="backup.target" if reason == "missing" else None)
        self.reason = reason

    @property
    def retried(self) -> bool:
        """Return whether the next attempt may succeed without a person."""
        return self.reason in RETRIED


def backup_error(reason: Reason, target: str, said: str = "") -> BackupError:
    """Return the error for a reason."""
    message, hint = SENTENCES[reason]
    return BackupError(reason, message.format(target=target, said=said or "no message"), hint=hint)


def explain_failure(code: int, said: str, target: str) -> BackupError:
    """Return the error for restic's exit code and what it printed."""
    killed: Reason | None = "memory" if code in KILLED else None
    reason = EXIT_CODES.get(code) or killed or find_reason(said.replace(target, ""))  # it may be called /mnt/forbidden
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return backup_error(reason, target, lines[-1][:300] if lines else f"exit code {code}")


def find_reason(said: str) -> Reason:
    """Return the reason for what restic printed."""
    text = said.lower()
    return next((reason for reason, pattern in MESSAGES if re.search(pattern, text)), "other")
