"""Build git commands that use no prompts, no hooks and only common protocols.

They work whoever owns the repository.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from piwizard.git.git_access import ANONYMOUS, GitAccess, Lend

REMOTE_PROTOCOLS = "https:http:ssh:git"
BUNDLE_SUFFIX = ".bundle"
MAX_SUBJECT = 100
"""Characters of a commit's first line that are shown."""


def git_environment(access: GitAccess = ANONYMOUS, lend: Lend = Path) -> dict[str, str]:
    """Return the environment of every git command.

    `lend` is as in `GitAccess.environment`. piwizard's own configuration file replaces root's. Local folders are
    allowed only if the repository itself is one: a remote repository could name them as submodules, and root would
    fetch what the app's user may not read.

    Raise PiwizardError if the host of the repository has another key than expected.
    """
    return {
        "GIT_CONFIG_GLOBAL": str(resources.files("piwizard.templates") / "git" / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **_allowed_protocols(access),
        **access.environment(lend),
    }


def _allowed_protocols(access: GitAccess) -> dict[str, str]:
    """Allow the common protocols, and files only for the repository itself.

    A bundle was pushed by a user who may not read this machine's folders, so its submodules must not name any.
    """
    if not access.repo.endswith(BUNDLE_SUFFIX):
        files = ":file" if access.address.scheme == "file" else ""
        return {"GIT_ALLOW_PROTOCOL": f"{REMOTE_PROTOCOLS}{files}"}
    settings = {"protocol.allow": "never", "protocol.file.allow": "user"}
    settings |= {f"protocol.{name}.allow": "always" for name in REMOTE_PROTOCOLS.split(":")}
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def clone_command(repo: str, folder: Path, ref: str | None, *, shallow: bool = False) -> tuple[str, ...]:
    """Return the argv that clones a repository with its submodules.

    `ref` is a branch or a tag. All files of a local repository are copied: a hard link would be the user's own file.
    """
    branch = ("--branch", ref) if ref else ()
    depth = ("--depth", "1", "--shallow-submodules") if shallow and "://" in repo else ()
    return (
        "git",
        "clone",
        "--quiet",
        "--no-hardlinks",
        "--recurse-submodules",
        *branch,
        *depth,
        "--",
        repo,
        str(folder),
    )


def checkout_command(folder: Path, commit: str) -> tuple[str, ...]:
    """Return the argv that checks out a commit of a clone, with its submodules."""
    return ("git", "-C", str(folder), "checkout", "--quiet", "--detach", "--recurse-submodules", commit)


def large_files_command(repo: str, folder: Path) -> tuple[str, ...]:
    """Return the argv that fetches the files of Git LFS into a checkout.

    Over https they are fetched from the repository's own server, whatever its .lfsconfig says.
    """
    filters = ("clean=git-lfs clean -- %f", "smudge=git-lfs smudge -- %f", "process=git-lfs filter-process")
    settings = [f"filter.lfs.{one}" for one in filters]
    if repo.startswith(("https://", "http://")):
        settings.append(f"lfs.url={repo.removesuffix('/').removesuffix('.git')}.git/info/lfs")
    return ("git", "-C", str(folder), *(word for one in settings for word in ("-c", one)), "lfs", "pull")
