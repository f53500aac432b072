"""Fetch the submodules of a repository that is on this machine.

git reads such a repository with the rights of this process, which is root, and talks to no server. Its submodules may
be at servers: for these, git runs without root's rights, as it does for a repository at a server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from piwizard.git import git_command
from piwizard.git.git_access import GitAccess
from piwizard.git.server_git import ServerGit, git_for, git_without_rights
from piwizard.system.commands import Result

Run = Callable[[ServerGit, Sequence[str]], Result | None]
"""Runs a command of git; None if it exceeded a limit."""


def has_submodules(access: GitAccess, tree: Path) -> bool:
    """Return whether a checkout that belongs to root still lacks submodules.

    A repository at a server is cloned with them.
    """
    return access.address.scheme == "file" and (tree / ".gitmodules").is_file()


def fetch_submodules(access: GitAccess, tree: Path, run: Run) -> Result | None:
    """Fetch the submodules of a checkout that belongs to root.

    Return the last result. Folders of this machine are read with the rights of this process only if the repository is
    one: pushed code comes from somebody who may not read them.
    """
    command = git_command.submodules_command(tree)
    if not git_command.is_bundle(access.repo):
        with git_for(access) as git:
            run(git, command)  # what is at a server is refused here, and fetched below
    with git_without_rights(access) as git:
        git.lend_tree(tree)
        result = run(git, command)
        git.take_back(tree)
    return result
