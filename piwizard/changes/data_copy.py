"""Copy a site's data, so that setup commands run on the copy first."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, Change, ChangeFailed, OwnershipIndex, Preview
from piwizard.changes.command import LONGEST, Command
from piwizard.changes.paused_service import PausedServices
from piwizard.system import app_data, files, safe_open
from piwizard.system.app_sandbox import Sandbox, path_inside
from piwizard.system.commands import Result
from piwizard.system.files import Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

TRIAL = "data.trial"
SPARE = 64 << 20
"""Bytes that stay free on the disk."""
Bind = tuple[Path, Path]
"""A folder, and the path where a command sees it."""


@dataclass(frozen=True)
class Copier:
    """Copy folders of data as the user that owns them: `python` runs `script`."""

    python: str
    script: Path
    user: str

    def copy(self, source: Path, target: Path, work: ApplyContext) -> None:
        """Make `target`, in the same folder as `source`, a full copy.

        Raise ChangeFailed if the disk is too full.
        """
        if inside := app_data.find_mounts(source):
            raise ChangeFailed(
                f"Something is mounted at {inside[0]}, inside the app's data, so the data cannot be copied before "
                "setup commands run.",
                hint=f"The site was not changed. Run `sudo umount {inside[0]}` first, and mount it again afterwards.",
            )
        files.remove_atomically(target)
        _require_room(source, target)
        files.make_owned_folder(target, files.mode_and_owner(source)[0], Owner(self.user, self.user).ids())
        self.mirror(source, target, work)

    def mirror(self, source: Path, target: Path, work: ApplyContext) -> None:
        """Make `target` equal to `source`."""
        sandbox = Sandbox(self.user, (source, target), seconds=LONGEST, scripts=(self.script,))
        argv = (self.python, "-I", str(path_inside(self.script)), str(source), str(target))
        result = work.job(argv, sandbox, env={}, cwd=Path("/"))
        if not result.ok:
            raise ChangeFailed(
                f"The data in {source} could not be copied: {result.last_lines or f'exit code {result.exit}'}",
                hint=f"The site was not changed. Give all files in {source} to the user {self.user}, then try again.",
            )
        work.command(("sync", "--file-system", str(target)))


def _require_room(source: Path, target: Path) -> None:
    needed, disk = size(source), os.statvfs(target.parent)
    free = disk.f_bavail * disk.f_frsize
    if free < needed + SPARE:
        raise ChangeFailed(
            f"{source} has to be copied before setup commands run. That needs {(needed + SPARE) >> 20} MB; "
            f"{free >> 20} MB are free.",
            hint="Nothing was changed. Free space on the disk, then apply again.",
        )


def size(folder: Path) -> int:
    """Return the bytes that a folder uses on the disk.

    No file is opened and no link is followed.
    """
    with safe_open.open_folder(folder) as top:
        return sum(info.st_blocks * 512 for _, _, info in safe_open.walk(top) if stat.S_ISREG(info.st_mode))


class BoundContext:
    """An apply context whose commands see a copy of the data in place of the data."""

    def __init__(self, work: ApplyContext, bind: Bind) -> None:
        self._work, self._bind = work, bind

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 — everything else is the same
        return getattr(self._work, name)

    def job(self, argv: Sequence[str], sandbox: Sandbox, *, env: Mapping[str, str], cwd: Path) -> Result:
        """Run a command of the app, which sees the copy."""
        copy, data = self._bind
        seen = tuple((copy if source == data else source, target) for source, target in sandbox.binds)
        return self._work.job(argv, replace(sandbox, binds=(*seen, self._bind)), env=env, cwd=cwd)


@dataclass(frozen=True)
class SetupStep(Command):
    """A command of a release; with `bind`, it runs on a copy of the data.

    `offered` is a hint for its failure. `pauses` are services that are stopped meanwhile, because the app takes a
    device or a port that one process may have.
    """

    bind: Bind | None = None
    offered: str = ""
    pauses: tuple[str, ...] = ()

    def apply(self, work: ApplyContext) -> None:
        try:
            with PausedServices(self.pauses).stopped(work) if self.pauses else nullcontext():
                super().apply(BoundContext(work, self.bind) if self.bind else work)
        except ChangeFailed as error:
            if self.bind:
                files.remove_atomically(self.bind[0])
            hint = " ".join(part for part in (self.offered, error.hint) if part)
            raise ChangeFailed(error.message, key=error.key, hint=hint or None) from error


@dataclass(frozen=True)
class TrialCopy:
    """A copy of the data, on which the commands `tried` run.

    If one of them has not run, all run on a new copy.
    """

    kind: ClassVar[str] = "data-copy"
    copier: Copier
    bind: Bind
    tried: tuple[Command, ...]
    smoke_test: Change

    def describe(self) -> str:
        return f"Copy {self.bind[1]}, so that setup commands run on the copy first"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if all(one.probe(machine, memory).in_sync for one in (*self.tried, self.smoke_test)):
            return IN_SYNC
        return Preview(in_sync=False, diff=f"+{self.bind[0]}/")

    def apply(self, work: ApplyContext) -> None:
        for one in self.tried:
            files.unlink(one.marker)
        self.copier.copy(self.bind[1], self.bind[0], work)
        work.note(self.bind[0], f"copied from {self.bind[1]}")


@dataclass(frozen=True)
class NoTrialCopy:
    """No copy of the data is left."""

    kind: ClassVar[str] = "data-copy"
    path: Path

    def describe(self) -> str:
        return f"Remove the copy of the data in {self.path}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        left = any(os.path.lexists(path) for path in (self.path, files.removal_path(self.path)))
        return Preview(in_sync=False, diff=f"-{self.path}/") if left else IN_SYNC

    def apply(self, work: ApplyContext) -> None:
        files.remove_atomically(self.path)
        work.note(self.path, "removed")
