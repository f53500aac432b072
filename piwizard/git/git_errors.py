"""The error message for a failed clone, which names the answer to correct."""

from __future__ import annotations

import re

from piwizard.errors import AnswerRefused
from piwizard.git import deploy_key, git_address
from piwizard.git.git_access import GitAccess

LOGIN_MESSAGES = (
    *("could not read username", "could not read password", "authentication failed", "permission denied"),
    *("repository not found", "could not be found or you don't have permission", "invalid credentials"),
    *("access denied", "returned error: 403", "not authorized"),
)
UNREACHABLE_MESSAGES = (
    *("could not resolve host", "network is unreachable", "temporary failure", "no route to host"),
    *("connection timed out", "connection refused", "failed to connect"),
)
DROPPED_MESSAGES = ("connection reset by", "connection closed by")
BOILERPLATE = ("fatal: could not read from remote repository", "please make sure you have", "and the repository exists")


def explain_failure(repo: str, ref: str | None, words: str, access: GitAccess | None = None) -> AnswerRefused:
    """Explain git's output as an error in an answer. `access` is what the command ran with."""
    low = words.lower()
    submodule = re.search(r"clone of '([^']+)' into submodule path", words)
    if submodule and submodule[1] != repo:
        return _refused(
            f"the submodule {submodule[1]} of {repo} cannot be fetched: {_last(words)}",
            "Submodules on another host must be public.",
        )
    if "remote branch" in low and "not found" in low:
        return AnswerRefused("app.branch", f"the repository {repo} has no branch or tag {ref}.")
    if "cannot run ssh" in low:
        return _refused(
            f"{repo} needs ssh, which is not installed.", "Install it with `sudo apt install openssh-client`."
        )
    changed = re.search(r"host key for (\S+) has changed", words, re.IGNORECASE)
    if changed:
        return _refused(
            f"{changed[1]} shows another host key than the one that is trusted, so nothing was fetched.",
            f"Ask its administrator. If the key was changed on purpose, run `piwizard key --trust {changed[1]}`.",
        )
    unknown = re.search(r"host key is known for (\S+) and you have requested strict", words, re.IGNORECASE)
    if unknown or "host key verification failed" in low:
        host = unknown[1] if unknown else git_address.parse_address(repo).known_as
        return _refused(
            f"the host key of {host} is not known yet.",
            f"Run `piwizard key --trust {host}`: it shows the fingerprint, and saves the key if you confirm.",
        )
    if any(sign in low for sign in LOGIN_MESSAGES) or _missing_behind_login(low, access):
        return _login(repo, access)
    if any(sign in low for sign in DROPPED_MESSAGES):
        return _refused(
            f"the host of {repo} drops the connection.",
            "Servers do this for some minutes after several failed logins: wait, then try again.",
        )
    if any(sign in low for sign in UNREACHABLE_MESSAGES):
        return _refused(f"the host of {repo} cannot be reached.", "Check the address and the network.")
    return _refused(f"{repo} cannot be cloned: {_last(words)}", "Check the address, then try again.")


def _missing_behind_login(low: str, access: GitAccess | None) -> bool:
    """Return whether a repository may be missing only because the login cannot see it: forges do not tell."""
    return bool(access and access.token and access.address.scheme == "https" and "not found" in low)


def _login(repo: str, access: GitAccess | None) -> AnswerRefused:
    address = git_address.parse_address(repo)
    command = f"`piwizard key --site {access.site}`" if access and access.site else "`piwizard key`"
    if address.ssh and (access is None or not access.site or not deploy_key.has_key(access.site)):
        return _refused(
            f"{repo} needs a deploy key, and this site has none yet.",
            f"Run {command} to create one and to see where to add it.",
        )
    if address.ssh:
        return _refused(
            f"{address.host} does not let this site's deploy key read {repo}.",
            f"Check the address. {command} shows the key and where to add it.",
        )
    if access and access.token:
        return AnswerRefused(
            "app.token",
            f"{address.host} does not accept the token for {repo}.",
            hint="Check for typos, its expiry date, and that it may read this repository; "
            f"the user name sent with it is {address.user or access.user} (app.token_user).",
        )
    return _refused(
        f"{repo} needs a login, or does not exist.",
        f"Check the address. For a private repository, run {command} to create a deploy key, or set app.token.",
    )


def _refused(words: str, hint: str) -> AnswerRefused:
    return AnswerRefused("app.repo", words, hint=hint)


def _last(words: str) -> str:
    lines = [line for line in words.strip().splitlines() if line.strip() and not line.lower().startswith(BOILERPLATE)]
    return lines[-1].strip() if lines else "git said nothing"
