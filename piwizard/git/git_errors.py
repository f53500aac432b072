"""Explain why a clone failed, with the answer to correct."""

from __future__ import annotations

import re
from enum import Enum, auto

from piwizard.errors import AnswerRefused, RepositoryLoginRequired
from piwizard.git import deploy_key, git_address
from piwizard.git.git_access import ANONYMOUS, GitAccess
from piwizard.system.lazy_dataclass import dataclass

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
SHORT_COMMIT = 7
"""Characters of a commit that are shown."""
SUBMODULE = re.compile(r"clone of '([^']+)' into submodule path")
HOST = r"([a-z0-9_.:[\]-]{1,300})"
"""A host as in known_hosts. A server may print any text, and the hint has a command with the host."""
CHANGED_HOST_KEY = re.compile(rf"host key for {HOST} has changed", re.IGNORECASE)
UNKNOWN_HOST_KEY = re.compile(rf"host key is known for {HOST} and you have requested strict", re.IGNORECASE)


class GitProblem(Enum):
    """The reason why git cannot clone a repository."""

    SUBMODULE_FAILED = auto()
    BRANCH_MISSING = auto()
    SSH_MISSING = auto()
    HOST_KEY_CHANGED = auto()
    HOST_KEY_UNKNOWN = auto()
    DEPLOY_KEY_MISSING = auto()
    DEPLOY_KEY_REFUSED = auto()
    TOKEN_REFUSED = auto()
    LOGIN_REQUIRED = auto()
    CONNECTION_DROPPED = auto()
    HOST_UNREACHABLE = auto()
    OTHER = auto()


@dataclass(frozen=True)
class GitFailure:
    """A problem, and what it is about: a host, or the address of a submodule."""

    problem: GitProblem
    subject: str = ""


EXPLANATIONS = {
    GitProblem.SUBMODULE_FAILED: (
        "the submodule {subject} of {repo} cannot be fetched: {last_line}",
        "Submodules on another host must be public, on the Internet, and not on this machine or a device at home. "
        "They also need the packet filter of Debian's package nftables.",
    ),
    GitProblem.BRANCH_MISSING: (
        "the repository {repo} has no branch or tag {ref}.",
        "Correct it, or remove it to use the default branch.",
    ),
    GitProblem.SSH_MISSING: (
        "{repo} needs ssh, which is not installed.",
        "Install it with `sudo apt install openssh-client`.",
    ),
    GitProblem.HOST_KEY_CHANGED: (
        "{subject} shows another host key than the one that is trusted, so nothing was fetched.",
        "Ask its administrator. If the key was changed on purpose, run `piwizard key --trust {subject}`.",
    ),
    GitProblem.HOST_KEY_UNKNOWN: (
        "the host key of {subject} is not known yet.",
        "Run `piwizard key --trust {subject}`: it shows the fingerprint, and saves the key if you confirm.",
    ),
    GitProblem.DEPLOY_KEY_MISSING: (
        "{repo} needs a deploy key, and this site has none yet.",
        "Run {key_command} to create one and to see where to add it.",
    ),
    GitProblem.DEPLOY_KEY_REFUSED: (
        "{host} does not let this site's deploy key read {repo}.",
        "Check the address. {key_command} shows the key and where to add it.",
    ),
    GitProblem.TOKEN_REFUSED: (
        "{host} does not accept the token for {repo}.",
        "Check for typos, its expiry date, and that it may read this repository; "
        "the user name sent with it is {user} (app.token_user).",
    ),
    GitProblem.LOGIN_REQUIRED: (
        "{repo} needs a login, or does not exist.",
        "Check the address. For a private repository, run {key_command} to create a deploy key, or set app.token.",
    ),
    GitProblem.CONNECTION_DROPPED: (
        "the host of {repo} drops the connection.",
        "Servers do this for some minutes after several failed logins: wait, then try again.",
    ),
    GitProblem.HOST_UNREACHABLE: ("the host of {repo} cannot be reached.", "Check the address and the network."),
    GitProblem.OTHER: ("{repo} cannot be cloned: {last_line}", "Check the address, then try again."),
}
"""The message for each problem, and what to do next."""
LOGIN_PROBLEMS = (
    GitProblem.DEPLOY_KEY_MISSING,
    GitProblem.DEPLOY_KEY_REFUSED,
    GitProblem.TOKEN_REFUSED,
    GitProblem.LOGIN_REQUIRED,
)
KEYS = {GitProblem.BRANCH_MISSING: "app.branch", GitProblem.TOKEN_REFUSED: "app.token"}
"""The answer to correct, where that is not app.repo."""


def explain_failure(repo: str, ref: str | None, output: str, access: GitAccess | None = None) -> AnswerRefused:
    """Explain git's output as an error in an answer.

    `access` is the access that the command used.
    """
    access = access or ANONYMOUS
    return _explain(classify_failure(repo, output, access), repo, ref, output, access)


def branch_missing(repo: str, ref: str | None, access: GitAccess) -> AnswerRefused:
    """Return the error for a repository without the branch, the tag or any commit."""
    return _explain(GitFailure(GitProblem.BRANCH_MISSING), repo, ref or "HEAD", "", access)


def commit_missing(repo: str, commit: str) -> AnswerRefused:
    """Return the error for a planned commit that the repository no longer has."""
    return AnswerRefused(
        "app.repo",
        f"the commit {commit[:SHORT_COMMIT]}, which was planned, is no longer in {repo}.",
        hint="Run `piwizard deploy` to plan with the newest commit.",
    )


def _explain(failure: GitFailure, repo: str, ref: str | None, output: str, access: GitAccess) -> AnswerRefused:
    address = git_address.parse_address(repo)
    values = {
        "repo": repo,
        "ref": ref,
        "subject": failure.subject,
        "host": address.host,
        "user": address.user or access.user,
        "key_command": f"`piwizard key --site {access.site}`" if access.site else "`piwizard key`",
        "last_line": _last_line(output),
    }
    message, hint = EXPLANATIONS[failure.problem]
    key = KEYS.get(failure.problem, "app.repo")
    error = RepositoryLoginRequired if failure.problem in LOGIN_PROBLEMS else AnswerRefused
    return error(key, message.format_map(values), hint=hint.format_map(values))


def classify_failure(repo: str, output: str, access: GitAccess = ANONYMOUS) -> GitFailure:
    """Return the problem that git's output describes."""
    lower = output.lower()
    submodule = SUBMODULE.search(output)
    if submodule and submodule[1] != repo:
        return GitFailure(GitProblem.SUBMODULE_FAILED, submodule[1])
    if "remote branch" in lower and "not found" in lower:
        return GitFailure(GitProblem.BRANCH_MISSING)
    if "cannot run ssh" in lower:
        return GitFailure(GitProblem.SSH_MISSING)
    if changed := CHANGED_HOST_KEY.search(output):
        return GitFailure(GitProblem.HOST_KEY_CHANGED, changed[1])
    unknown = UNKNOWN_HOST_KEY.search(output)
    if unknown or "host key verification failed" in lower:
        host = unknown[1] if unknown else git_address.parse_address(repo).known_as
        return GitFailure(GitProblem.HOST_KEY_UNKNOWN, host)
    if any(message in lower for message in LOGIN_MESSAGES) or _hidden_by_login(lower, access):
        return GitFailure(_login_problem(repo, access))
    if any(message in lower for message in DROPPED_MESSAGES):
        return GitFailure(GitProblem.CONNECTION_DROPPED)
    if any(message in lower for message in UNREACHABLE_MESSAGES):
        return GitFailure(GitProblem.HOST_UNREACHABLE)
    return GitFailure(GitProblem.OTHER)


def _hidden_by_login(lower: str, access: GitAccess) -> bool:
    """Return whether a repository may only seem to be missing, because the login cannot see it.

    Forges answer the same in both cases.
    """
    return bool(access.token and access.address.scheme == "https" and "not found" in lower)


def _login_problem(repo: str, access: GitAccess) -> GitProblem:
    if git_address.parse_address(repo).ssh:
        has_key = access.site and deploy_key.has_key(access.site)
        return GitProblem.DEPLOY_KEY_REFUSED if has_key else GitProblem.DEPLOY_KEY_MISSING
    return GitProblem.TOKEN_REFUSED if access.token else GitProblem.LOGIN_REQUIRED


def _last_line(output: str) -> str:
    lines = [line for line in output.strip().splitlines() if line.strip() and not line.lower().startswith(BOILERPLATE)]
    return lines[-1].strip() if lines else "git printed nothing"
