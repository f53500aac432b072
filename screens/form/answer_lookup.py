"""Looks outside of the machine at an answer just given. Slow: for threads only."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from piwizard.errors import AnswerRefused, PiwizardError
from piwizard.git import git_command, git_errors
from piwizard.git.git_access import ANONYMOUS, GitAccess
from piwizard.system import commands

SECONDS = 25


@dataclass(frozen=True)
class LookupResult:
    """What a look said: whether it is well, and in which words."""

    ok: bool
    words: str


def repository(address: str, access: GitAccess = ANONYMOUS) -> LookupResult:
    """Whether the repository answers, and which branches it has."""
    try:
        result = commands.run(
            ("git", "ls-remote", "--symref", "--", address, "HEAD", "refs/heads/*"),
            env=git_command.git_environment(access),
            timeout=SECONDS,
        )
        if not result.ok:
            raise git_errors.explain_failure(address, None, result.last_words, access)
    except AnswerRefused as refusal:
        return LookupResult(False, f"{refusal.reason} {refusal.hint}" if refusal.hint else refusal.reason)
    except PiwizardError as error:
        return LookupResult(False, error.sentence)
    branches, main = [], ""
    for line in result.output.splitlines():
        what, _, name = line.partition("\t")
        if what.startswith("ref: refs/heads/") and name == "HEAD":
            main = what.removeprefix("ref: refs/heads/")
        elif name.startswith("refs/heads/"):
            branches.append(name.removeprefix("refs/heads/"))
    if not branches:
        return LookupResult(False, "The repository answers, and is empty.")
    others = sorted(branch for branch in branches if branch != main)
    names = [f"{main} (its main branch)" if main else "", *others[:6]]
    more = f" and {len(others) - 6} more" if len(others) > 6 else ""
    return LookupResult(True, f"The repository answers. Branches: {', '.join(filter(None, names))}{more}.")


def names(domains: list[str]) -> LookupResult:
    """Where the names lead to."""
    said = [_name(domain) for domain in domains]
    return LookupResult(all(found.ok for found in said), " ".join(found.words for found in said))


def _name(domain: str) -> LookupResult:
    try:
        found = socket.getaddrinfo(domain, 80, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return LookupResult(False, f"{domain} leads nowhere yet.")
    addresses = sorted({str(entry[4][0]) for entry in found})
    if all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses):
        return LookupResult(False, f"{domain} leads to this machine's own inside ({addresses[0]}).")
    return LookupResult(True, f"{domain} leads to {', '.join(addresses[:3])}.")


LOOKUPS: dict[str, Callable[[Any], LookupResult]] = {
    "app.repo": repository,
    "site.domains": names,
    "ddns.hostname": lambda name: names([name]),
}
"""By the key of the question."""
