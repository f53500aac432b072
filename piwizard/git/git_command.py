"""How git is called: no questions, no hooks, no odd protocols, whoever owns the repository."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.git.git_access import NOBODY, Access
from piwizard.system import commands


def environment(access: Access = NOBODY) -> dict[str, str]:
    """The environment of every git command. The configuration file takes the place of root's own.

    Folders of this machine are only for who has their own repository in one: a repository from elsewhere could name
    them as its submodules, and root would fetch what the app's user may not read.

    PiwizardError where the host of the repository shows another key than it should.
    """
    return {
        "GIT_CONFIG_GLOBAL": str(resources.files("piwizard.templates") / "git" / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file" if access.address.scheme == "file" else "https:http:ssh:git",
        **access.environment(),
    }


def clone(repo: str, folder: Path, ref: str | None, *, shallow: bool = False) -> tuple[str, ...]:
    """The argv that clones a repository with its submodules; `ref` is a branch or a tag.

    Of a repository in a folder of this machine all files are copied: a hard link would be the person's own file.
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


def head(folder: Path) -> str:
    """The commit that is checked out."""
    result = commands.run(["git", "-C", str(folder), "rev-parse", "HEAD"], env=environment())
    if not result.ok:
        raise PiwizardError(f"{folder} is not a git checkout: {result.last_words}")
    return result.output.strip()
