"""Look up an answer in DNS or at the Git host. Slow: only for threads."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import replace

from piwizard.errors import PiwizardError
from piwizard.git.git_access import ANONYMOUS, GitAccess
from piwizard.git.newest_commit import list_refs
from piwizard.setup.answer_labels import sentence_of
from piwizard.system import printable
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class AnswerLookup:
    """The result of a lookup, and a sentence that describes it."""

    ok: bool
    text: str


def look_up_repository(address: str, access: GitAccess = ANONYMOUS) -> AnswerLookup:
    """Return whether the repository can be read, and its branches."""
    try:
        lines = list_refs(replace(access, repo=address), ("HEAD", "refs/heads/*"), symbolic=True)
    except PiwizardError as error:
        return AnswerLookup(False, sentence_of(error))
    branches, main = [], ""
    for line in lines:
        what, _, name = line.partition("\t")
        if what.startswith("ref: refs/heads/") and name == "HEAD":
            main = printable.value(what.removeprefix("ref: refs/heads/"))
        elif name.startswith("refs/heads/"):
            branches.append(printable.value(name.removeprefix("refs/heads/")))
    if not branches:
        return AnswerLookup(False, "The repository is empty. Push a commit to it, then try again.")
    others = sorted(branch for branch in branches if branch != main)
    more = f" and {len(others) - 6} more" if len(others) > 6 else ""
    default = f" Default branch: {main}." if main else ""
    branches_text = f" Other branches: {', '.join(others[:6])}{more}." if others else ""
    return AnswerLookup(True, f"Found.{default}{branches_text}")


def look_up_domains(domains: list[str]) -> AnswerLookup:
    """Return the addresses that host names point to."""
    said = [_resolve(domain) for domain in domains]
    return AnswerLookup(all(found.ok for found in said), " ".join(found.text for found in said))


def _resolve(domain: str) -> AnswerLookup:
    try:
        found = socket.getaddrinfo(domain, 80, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return AnswerLookup(False, f"{domain} does not resolve yet.")
    addresses = sorted({str(entry[4][0]) for entry in found})
    if all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses):
        return AnswerLookup(False, f"{domain} points to {addresses[0]}, which other machines cannot reach.")
    return AnswerLookup(True, f"{domain} points to {', '.join(addresses[:3])}.")
