"""Ask a git server for its branches and their newest commits, within limits."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from piwizard.errors import AnswerRefused
from piwizard.git import git_errors
from piwizard.git.git_access import GitAccess
from piwizard.git.server_git import git_for
from piwizard.system import commands
from piwizard.system.commands import Result

MAX_SECONDS = 30.0
MAX_CHARACTERS = 1 << 20
POLL_SECONDS = 0.02
LINE = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\t(\S+)")


def newest_commit(access: GitAccess, ref: str | None) -> str:
    """Return the newest commit of a branch or tag.

    `ref` None is the default branch. Raise AnswerRefused if the server does not tell: `reason` says why.
    """
    # A tag object has another hash than its commit, which git names last.
    wanted = (f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}") if ref else ("HEAD",)
    lines = list_refs(access, wanted, ref)
    found = {match[2]: match[1] for match in map(LINE.fullmatch, lines) if match}
    for name in wanted:
        if name in found:
            return found[name]
    raise git_errors.branch_missing(access.repo, ref, access)


def list_refs(access: GitAccess, wanted: Sequence[str], ref: str | None = None, *, symbolic: bool = False) -> list[str]:
    """Return the lines of `git ls-remote` for these branches and tags.

    `symbolic`: also which branch is the default. Raise AnswerRefused, with what is known about `ref`, if the server
    does not tell.
    """
    argv = ("git", "ls-remote", "--quiet", *(("--symref",) if symbolic else ()), "--", access.repo, *wanted)
    lines: list[str] = []
    result = _run(argv, access, lines)
    if result is None:
        raise AnswerRefused(
            "app.repo",
            f"the server of {access.repo} takes too long to answer.",
            hint="Check the address and the network.",
        )
    if not result.ok:
        raise git_errors.explain_failure(access.repo, ref, result.last_lines, access)
    return lines


def _run(argv: tuple[str, ...], access: GitAccess, lines: list[str]) -> Result | None:
    """Run git and collect the lines of its output; None if it exceeded a limit."""
    got = 0

    def keep(stream: str, line: str) -> None:
        nonlocal got
        got += len(line) + 1
        if stream == "stdout" and got <= MAX_CHARACTERS:
            lines.append(line)

    with git_for(access) as git:
        process = commands.start(git.argv(argv), env=git.env, on_line=keep)
        until = time.monotonic() + MAX_SECONDS
        try:
            while process.alive:
                if got > MAX_CHARACTERS or time.monotonic() >= until:
                    process.end(grace=2.0)
                    process.wait()
                    return None
                time.sleep(POLL_SECONDS)
        except BaseException:
            process.end(grace=2.0)
            raise
        result = process.wait()
    return None if got > MAX_CHARACTERS else result
