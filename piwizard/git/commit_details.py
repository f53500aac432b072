"""Read who made the commit that is checked out, when, and its first line."""

from __future__ import annotations

from pathlib import Path

from piwizard.git import git_command
from piwizard.system import commands, printable
from piwizard.system.lazy_dataclass import dataclass

MAX_SECONDS = 20
MAX_DATA_BYTES = 256 << 20
"""Memory of git: a commit's message may have any size."""
FORMAT = "%an%n%cI%n%s"
"""Author, date in ISO 8601, first line of the message: git keeps line feeds out of all three."""
LINES = 3
MAX_AUTHOR, MAX_DATE = 60, 25


@dataclass(frozen=True)
class CommitDetails:
    """First line of a commit's message, its author and date; empty if unknown."""

    subject: str = ""
    author: str = ""
    date: str = ""


def read_commit_details(folder: Path, group: str) -> CommitDetails:
    """Return the details of the commit that is checked out in a folder.

    Author and message are a stranger's: git reads them as nobody, with the group that may read the code, within
    limits, and no control character is left in them.
    """
    read: list[str] = []

    def keep(stream: str, line: str) -> None:
        if stream == "stdout" and len(read) < LINES:
            read.append(line)

    limits = ("prlimit", f"--data={MAX_DATA_BYTES}", f"--cpu={MAX_SECONDS}", "--")
    argv = ("git", "-C", str(folder), "log", "-1", "--no-show-signature", f"--format={FORMAT}")
    result = commands.run(
        commands.as_nobody((*limits, *argv), group=group),
        env=git_command.git_environment(),
        on_line=keep,
        timeout=MAX_SECONDS,
    )
    if not result.ok or len(read) < LINES:
        return CommitDetails()
    author, date, subject = read
    return CommitDetails(
        _visible(subject, git_command.MAX_SUBJECT), _visible(author, MAX_AUTHOR), _visible(date, MAX_DATE)
    )


def _visible(text: str, most: int) -> str:
    """Return a text without the characters that a terminal does not show as themselves."""
    return "".join(char for char in text[: 4 * most] if printable.is_visible(char)).strip()[:most]
