"""Build git commands that use no prompts, no hooks and only common protocols.

They work whoever owns the repository.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from piwizard.git.git_access import ANONYMOUS, GitAccess, Lend
from piwizard.git.git_address import parse_address

REMOTE_PROTOCOLS = "https:http:ssh:git"
UNGUARDED = {
    "protocol.allow": "never",
    **{f"protocol.{name}.allow": "user" for name in REMOTE_PROTOCOLS.split(":")},
    "http.followRedirects": "false",
}
"""The protocols are for the repository itself: git refuses what only the user may name in submodules."""
BUNDLE_SUFFIX = ".bundle"
MAX_SUBJECT = 100
"""Characters of a commit's first line that are shown."""


def git_environment(
    access: GitAccess = ANONYMOUS, lend: Lend = Path, *, servers: bool = False, guarded: bool = True
) -> dict[str, str]:
    """Return the environment of every git command.

    `lend` is as in `GitAccess.environment`. piwizard's own configuration file replaces root's. git may read either
    folders of this machine or servers, as the repository is one of them: a repository at a server could name folders
    as submodules, and root would fetch what the app's user may not read. `servers`: for the submodules of a repository
    on this machine, by a git without root's rights. Unless it is `guarded` by a packet filter, git follows neither
    submodules nor redirections to other servers, which could be devices at home.

    Raise PiwizardError if the host of the repository has another key than expected.
    """
    return {
        "GIT_CONFIG_GLOBAL": str(resources.files("piwizard.templates") / "git" / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **({"GIT_ALLOW_PROTOCOL": _allowed_protocols(access, servers=servers)} if guarded else _settings(UNGUARDED)),
        **access.environment(lend),
    }


def _settings(values: Mapping[str, str]) -> dict[str, str]:
    """Return settings as environment variables; the files of the user and of the system are not read."""
    found = {"GIT_CONFIG_COUNT": str(len(values))}
    for number, (key, value) in enumerate(values.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def _allowed_protocols(access: GitAccess, *, servers: bool) -> str:
    if access.address.scheme != "file":
        return REMOTE_PROTOCOLS
    if not servers:
        return "file"
    return REMOTE_PROTOCOLS if is_bundle(access.repo) else f"{REMOTE_PROTOCOLS}:file"


def is_bundle(repo: str) -> bool:
    """Return whether an address is a file with code that was pushed."""
    return repo.endswith(BUNDLE_SUFFIX)


def clone_command(repo: str, folder: Path, ref: str | None, *, shallow: bool = False) -> tuple[str, ...]:
    """Return the argv that clones a repository.

    Submodules are cloned with it if it is at a server. `ref` is a branch or a tag. All files of a local repository are
    copied: a hard link would be the user's own file.
    """
    branch = ("--branch", ref) if ref else ()
    depth = ("--depth", "1", "--shallow-submodules") if shallow and "://" in repo else ()
    return (
        "git",
        "clone",
        "--quiet",
        "--no-hardlinks",
        *(() if parse_address(repo).scheme == "file" else ("--recurse-submodules",)),
        *branch,
        *depth,
        "--",
        repo,
        str(folder),
    )


def checkout_command(folder: Path, commit: str) -> tuple[str, ...]:
    """Return the argv that checks out a commit of a clone, with its submodules."""
    return ("git", "-C", str(folder), "checkout", "--quiet", "--detach", "--recurse-submodules", commit)


def submodules_command(folder: Path) -> tuple[str, ...]:
    """Return the argv that fetches the submodules of a checkout."""
    return ("git", "-C", str(folder), "submodule", "--quiet", "update", "--init", "--recursive")


def large_files_command(repo: str, folder: Path) -> tuple[str, ...]:
    """Return the argv that fetches the files of Git LFS into a checkout.

    They come from the repository itself, whatever its .lfsconfig says: from its own server over https, or from its
    folder. Only for code that was pushed, .lfsconfig says where they are.
    """
    filters = ("clean=git-lfs clean -- %f", "smudge=git-lfs smudge -- %f", "process=git-lfs filter-process")
    settings = [f"filter.lfs.{one}" for one in filters]
    if repo.startswith(("https://", "http://")):
        settings.append(f"lfs.url={repo.removesuffix('/').removesuffix('.git')}.git/info/lfs")
    elif parse_address(repo).scheme == "file" and not is_bundle(repo):
        settings.append(f"lfs.url=file://{parse_address(repo).path}")
    return ("git", "-C", str(folder), *(word for one in settings for word in ("-c", one)), "lfs", "pull")
