"""Git's last words after a failed clone, as a sentence about the answer at fault."""

from __future__ import annotations

import re

from piwizard.errors import AnswerRefused
from piwizard.git import deploy_key, git_address
from piwizard.git.git_access import Access

LOGIN = (
    *("could not read username", "could not read password", "authentication failed", "permission denied"),
    *("repository not found", "could not be found or you don't have permission", "invalid credentials"),
    *("access denied", "returned error: 403", "not authorized"),
)
UNREACHABLE = (
    *("could not resolve host", "network is unreachable", "temporary failure", "no route to host"),
    *("connection timed out", "connection refused", "failed to connect"),
)
DROPPED = ("connection reset by", "connection closed by")
DULL = ("fatal: could not read from remote repository", "please make sure you have", "and the repository exists")


def explain(repo: str, ref: str | None, words: str, access: Access | None = None) -> AnswerRefused:
    """`access` is what the command was run with."""
    low = words.lower()
    submodule = re.search(r"clone of '([^']+)' into submodule path", words)
    if submodule and submodule[1] != repo:
        return _refused(
            f"the submodule {submodule[1]} of {repo} cannot be fetched: {_last(words)}",
            "A submodule on another host must be open to everybody.",
        )
    if "remote branch" in low and "not found" in low:
        return AnswerRefused("app.branch", f"the repository {repo} has no branch or tag {ref}.")
    if "cannot run ssh" in low:
        return _refused(f"{repo} needs ssh, which is not installed.", "`sudo apt install openssh-client` brings it.")
    changed = re.search(r"host key for (\S+) has changed", words, re.IGNORECASE)
    if changed:
        return _refused(
            f"{changed[1]} shows another host key than the one that is trusted, so nothing was fetched.",
            f"Ask its owner. Only if it was changed on purpose: `piwizard key --trust {changed[1]}` takes the new one.",
        )
    unknown = re.search(r"host key is known for (\S+) and you have requested strict", words, re.IGNORECASE)
    if unknown or "host key verification failed" in low:
        host = unknown[1] if unknown else git_address.parse(repo).known_as
        return _refused(
            f"the host key of {host} is not known yet.",
            f"`piwizard key --trust {host}` shows its fingerprint, and keeps it if you say yes.",
        )
    if any(sign in low for sign in LOGIN) or _missing_behind_login(low, access):
        return _login(repo, access)
    if any(sign in low for sign in DROPPED):
        return _refused(
            f"the host of {repo} drops the connection.",
            "Servers do so for some minutes after several refused logins: wait, then try again.",
        )
    if any(sign in low for sign in UNREACHABLE):
        return _refused(f"the host of {repo} cannot be reached.", "Check the address and the network.")
    return _refused(f"{repo} cannot be cloned: {_last(words)}", "Check the address.")


def _missing_behind_login(low: str, access: Access | None) -> bool:
    """Forges say that a repository is not there where the login may not see it."""
    return bool(access and access.token and access.address.scheme == "https" and "not found" in low)


def _login(repo: str, access: Access | None) -> AnswerRefused:
    address = git_address.parse(repo)
    command = f"`piwizard key --site {access.site}`" if access and access.site else "`piwizard key`"
    if address.ssh and (access is None or not access.site or not deploy_key.made(access.site)):
        return _refused(
            f"{repo} asks for a key, and this site has none yet.",
            f"{command} makes one and says where to add it.",
        )
    if address.ssh:
        return _refused(
            f"{address.host} does not let this site's key read {repo}.",
            f"Check the address. {command} shows the key and where to add it.",
        )
    if access and access.token:
        return AnswerRefused(
            "app.token",
            f"{address.host} does not take the token for {repo}.",
            hint="It may be mistyped or out of date, or not allowed to read this repository; "
            f"the user name sent with it is {address.user or access.user} (app.token_user).",
        )
    return _refused(
        f"{repo} asks for a login, or is not there.",
        f"Check the address. For a private repository: {command} makes a key for it, or give a token as app.token.",
    )


def _refused(words: str, hint: str) -> AnswerRefused:
    return AnswerRefused("app.repo", words, hint=hint)


def _last(words: str) -> str:
    lines = [line for line in words.strip().splitlines() if line.strip() and not line.lower().startswith(DULL)]
    return lines[-1].strip() if lines else "git said nothing"
