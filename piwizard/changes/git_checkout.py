"""Check out a repository at one commit.

The code belongs to root and is readable only by the app's user.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.git import git_command, git_errors
from piwizard.git.git_access import ANONYMOUS, GitAccess
from piwizard.git.local_submodules import fetch_submodules, has_submodules
from piwizard.git.server_git import ServerGit, git_for, git_without_rights
from piwizard.system import bounded_command, commands, files, safe_open, tree_owner
from piwizard.system.commands import Result
from piwizard.system.files import Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class GitCheckout:
    """The code of a release in `folder`/app.

    `folder`/release.json records what it is, once it is complete.

    It is cloned under another name and renamed, so that a folder named app is always complete.
    """

    kind: ClassVar[str] = "checkout"
    folder: Path
    repo: str
    ref: str | None
    commit: str
    group: str
    access: GitAccess = ANONYMOUS
    instead: str = ""
    """What is wrong with the release in use, if that is why another one is needed."""
    large_files: bool = False
    """Whether Git LFS has content of it."""

    @property
    def code(self) -> Path:
        return self.folder / "app"

    def describe(self) -> str:
        return f"Clone {self.repo} at {self.commit[:12]}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if self.code.is_dir() and files.read(self.folder / "release.json") == self._release():
            return IN_SYNC
        clone = git_command.clone_command(self.repo, self.code, self.ref)
        checkout = git_command.checkout_command(self.code, self.commit)
        return Preview(in_sync=False, now=self.instead, argv=(clone, checkout))

    def apply(self, work: ApplyContext) -> None:
        if not self.code.is_dir():
            self._clone(work)
        files.replace(self.folder / "release.json", self._release())

    def _clone(self, work: ApplyContext) -> None:
        aside = self.folder / "app.partial"
        files.remove(aside)
        files.make_folders(self.folder)
        aside.mkdir(mode=0o700)
        with git_for(self.access) as git:
            git.lend_folder(aside)
            clone = git_command.clone_command(self.repo, aside, self.ref)
            result = work.command(clone, env=git.env, allow=commands.ANY_EXIT, prefix=git.prefix)
            if not result.ok:
                error = git_errors.explain_failure(self.repo, self.ref, result.last_lines, self.access)
                raise ChangeFailed(error.message, key=error.key, hint=error.hint)
            checkout = git_command.checkout_command(aside, self.commit)
            if not work.command(checkout, env=git.env, allow=commands.ANY_EXIT, prefix=git.prefix).ok:
                error = git_errors.commit_missing(self.repo, self.commit)  # the branch was rewritten since the plan
                raise ChangeFailed(error.message, key=error.key, hint=error.hint)
            pushed = git_command.is_bundle(self.repo)
            if self.large_files and not pushed:
                self._fetch_large_files(aside, git, work)
            git.take_back(aside)
        # From here on root's git does not run in this tree: git without rights may have changed its configuration.
        if has_submodules(self.access, aside):
            self._fetch_submodules(aside, work)
        if self.large_files and pushed:
            with git_without_rights(self.access) as git:
                git.lend_tree(aside)
                self._fetch_large_files(aside, git, work)
                git.take_back(aside)
        with safe_open.open_folder(aside) as cloned:
            tree_owner.change_owner(cloned, Owner("root", self.group).ids(), 0o750)
        work.command(("sync", "--file-system", str(aside)))
        aside.rename(self.code)
        files.sync_folder(self.folder)

    def _fetch_submodules(self, folder: Path, work: ApplyContext) -> None:
        def run(git: ServerGit, argv: Sequence[str]) -> Result:
            return work.command(tuple(argv), env=git.env, allow=commands.ANY_EXIT, prefix=git.prefix)

        result = fetch_submodules(self.access, folder, run)
        if result is not None and not result.ok:
            error = git_errors.explain_failure(self.repo, self.ref, result.last_lines, self.access)
            raise ChangeFailed(error.message, key=error.key, hint=error.hint)

    def _fetch_large_files(self, folder: Path, git: ServerGit, work: ApplyContext) -> None:
        """Fetch the files of Git LFS within the limits of every download; the app also starts without them."""
        argv = git.argv(git_command.large_files_command(self.repo, folder))
        result = bounded_command.run(argv, folder, env=git.env)
        if result is None:
            work.say("The files of Git LFS are too large, or take too long: the app gets only pointers to them.")
        elif not result.ok:
            work.say(f"Git LFS failed, so the app gets only pointers to its files: {result.last_lines}")

    def _release(self) -> bytes:
        return json.dumps({"repo": self.repo, "ref": self.ref, "commit": self.commit}).encode()
