"""Run git commands that talk to a server without root's rights.

git and ssh parse whatever a server sends, so they run as nobody, within limits, and in a group that nothing else has.
Only that group can read the copies of the site's key and of the host keys that are made for them. No other process of
nobody can read these, or the memory and the environment of git.
"""

from __future__ import annotations

import grp
import itertools
import os
import resource
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.git import git_command, git_firewall
from piwizard.git.git_access import GitAccess, Lend
from piwizard.system import commands, files, paths, printable, safe_open, tree_owner
from piwizard.system.lazy_dataclass import dataclass

SHORT_USE_GROUPS = range(61184, 65520)
"""Numbers that systemd, too, gives to services for as long as they run; no account has one of them."""
MAX_SECONDS = 2 * 3600
GRACE_SECONDS = 2
LIMITS = {
    "data": (resource.RLIMIT_DATA, 1 << 30),
    "fsize": (resource.RLIMIT_FSIZE, 2 << 30),
    "cpu": (resource.RLIMIT_CPU, 3600),
    "core": (resource.RLIMIT_CORE, 0),
}
"""Of each process, by the names of prlimit(1): bytes of memory and of a file, seconds of processor time."""
TIME_LIMIT = ("timeout", "--foreground", f"--kill-after={GRACE_SECONDS}", str(MAX_SECONDS))
"""It is the first process of its namespace there, and passes a request to stop on to git."""
CONTAINED = ("unshare", "--pid", "--fork", "--kill-child", "--")
"""Nothing that git has started outlives it, so that its files are its last word."""


@dataclass(frozen=True)
class ServerGit:
    """The words before a command of git for one server, and its environment.

    `group` is its own; None if it keeps the rights of this process, which is not root, or asks no server.
    """

    prefix: tuple[str, ...]
    env: Mapping[str, str]
    group: int | None = None

    def argv(self, command: Sequence[str]) -> tuple[str, ...]:
        """Return the argv that runs a command of git."""
        return (*self.prefix, *command)

    def let_enter(self, folder: Path) -> None:
        """Let git enter a folder of root, but neither list nor change it."""
        if self.group is not None:
            files.make_owned_folder(folder, 0o710, (0, self.group))

    def close_folder(self, folder: Path) -> None:
        """Let only root enter the folder again."""
        if self.group is not None:
            files.make_owned_folder(folder, 0o700, (0, 0))

    def lend_folder(self, folder: Path) -> None:
        """Let git write into an empty folder of root until `take_back`."""
        if self.group is not None:
            files.make_owned_folder(folder, 0o770, (0, self.group))

    def lend_tree(self, folder: Path) -> None:
        """Let git write into a folder of root that has content until `take_back`."""
        if self.group is not None:
            with safe_open.open_folder(folder) as opened:
                tree_owner.share_with_group(opened, self.group)
            self.lend_folder(folder)

    def take_back(self, folder: Path) -> None:
        """Give a lent folder and all that git wrote to root.

        git has ended, so nothing changes meanwhile.
        """
        if self.group is not None:
            with safe_open.open_folder(folder) as opened:
                os.fchmod(opened, 0o700)
                tree_owner.change_owner(opened, (0, 0), 0o755)

    def read_head(self, folder: Path) -> str:
        """Return the commit that is checked out."""
        result = commands.run(self.argv(("git", "-C", str(folder), "rev-parse", "HEAD")), env=self.env)
        if not result.ok:
            raise PiwizardError(f"{folder} is not a git checkout: {result.last_lines}")
        return result.output.strip()

    def read_subject(self, folder: Path) -> str:
        """Return the first line of the message of the commit that is checked out.

        It is empty if it cannot be read.
        """
        read: list[str] = []

        def keep(stream: str, line: str) -> None:
            if stream == "stdout" and not read:
                read.append(line)

        argv = ("git", "-C", str(folder), "log", "-1", "--no-show-signature", "--format=%s")
        result = commands.run(self.argv(argv), env=self.env, on_line=keep)  # the line may be endless
        return printable.line("".join(read).strip(), git_command.MAX_SUBJECT) if result.ok else ""


@contextmanager
def git_for(access: GitAccess) -> Iterator[ServerGit]:
    """Provide git for commands that ask the server of a repository.

    Raise PiwizardError as `GitAccess.environment` does. A repository in a folder of this machine, or in a file with
    pushed code, is read with the rights of this process, since the user nobody may not read it. That git contacts no
    server.
    """
    if access.address.scheme == "file":
        yield ServerGit((*limits(), *TIME_LIMIT), git_command.git_environment(access))
    else:
        with git_without_rights(access) as git:
            yield git


@contextmanager
def git_without_rights(access: GitAccess) -> Iterator[ServerGit]:
    """Provide git for the server of a repository, or of its submodules.

    Raise PiwizardError as `GitAccess.environment` does. Without root, git keeps the rights of this process.
    """
    if os.geteuid() != 0:
        yield ServerGit((*limits(), *TIME_LIMIT), git_command.git_environment(access, servers=True))
        return
    group = unused_group()
    with _lent_files(group) as lend, git_firewall.away_from_home(access.address, group) as guarded:
        env = git_command.git_environment(access, lend, servers=True, guarded=guarded) | {"HOME": "/nonexistent"}
        prefix = (*CONTAINED, *commands.as_nobody((*limits(), *TIME_LIMIT), group=str(group)))
        yield ServerGit(prefix, env, group)


def limits() -> tuple[str, ...]:
    """Return the words that limit a command.

    A limit that this process has already only gets lower.
    """
    allowed = {name: (resource.getrlimit(kind)[1], most) for name, (kind, most) in LIMITS.items()}
    words = (
        f"--{name}={most if now == resource.RLIM_INFINITY else min(now, most)}" for name, (now, most) in allowed.items()
    )
    return ("prlimit", *words, "--")


def unused_group() -> int:
    """Return the number of a group that no account and no service has."""
    while True:
        number = secrets.choice(SHORT_USE_GROUPS)
        if Path(f"/run/systemd/dynamic-uid/{number}").exists():
            continue
        try:
            grp.getgrgid(number)
        except KeyError:
            return number


@contextmanager
def _lent_files(group: int) -> Iterator[Lend]:
    """Provide a function that copies a file of root for a group. All copies are removed afterwards."""
    parent = paths.lock_file().parent / "git"
    files.make_folders(parent)
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
    files.make_owned_folder(folder, 0o710, (0, group))
    numbers = itertools.count()

    def lend(file: Path) -> Path:
        copy = folder / f"{next(numbers)}"
        if (content := files.read(file)) is not None:
            files.replace(copy, content, mode=0o440, ids=(0, group))
        return copy

    try:
        yield lend
    finally:
        files.remove(folder)


def _remove_abandoned(parent: Path) -> None:
    """Remove the copies of killed processes."""
    for folder in parent.iterdir():
        if not Path("/proc", folder.name.partition("-")[0]).exists():
            files.remove(folder)
