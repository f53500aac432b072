"""Count failed SSH logins of the last hour."""

from __future__ import annotations

from piwizard.system import commands
from piwizard.system.checks import Check
from piwizard.system.remedies import Advice, RunCommand

MAX_PER_HOUR = 60
"""A person who mistypes a password stays far below that."""
MAX_COUNTED = 5000
FAILED = "^(Failed [a-z/-]+ for|Invalid user|Connection closed by invalid user)"
"""What sshd writes; each attempt counts once or twice."""
SECONDS = 60.0


def count_failed_logins() -> int | None:
    """Return the failed logins of the last hour; None if the journal cannot be read."""
    units = ("--unit=ssh.service", "--unit=ssh@*.service")
    limits = ("--since=-1h", f"--lines={MAX_COUNTED}", f"--grep={FAILED}", "--output=cat", "--quiet", "--no-pager")
    count = 0

    def note(_stream: str, _line: str) -> None:
        nonlocal count
        count += 1

    result = commands.run(("journalctl", *units, *limits), on_line=note, timeout=SECONDS)
    return count if result.exit in (0, 1) else None  # 1: no such line


def check_failed_logins(count: int) -> Check:
    """Check the number of failed logins of an hour."""
    return Check(
        "failed-logins",
        f"Failed SSH logins below {MAX_PER_HOUR} an hour",
        count < MAX_PER_HOUR,
        f"{count} in the last hour",
        fix=(
            Advice("Use SSH keys instead of passwords, or do not forward port 22 in the router."),
            RunCommand("sudo lastb | head -30", "to see where they come from"),
        ),
    )
