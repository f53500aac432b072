"""What an app writes, kept outside of its code and linked in, so that a new release does not lose it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import HOLDS, Memory, Preview, Work
from piwizard.machine import files
from piwizard.machine.files import Owner
from piwizard.machine.snapshot import Machine


@dataclass(frozen=True)
class Keep:
    """`code`/`path` is a link to `data`/`path`, which belongs to `user`.

    What the repository has there is where it starts from. A path that is nowhere yet is made as a folder,
    unless its name has an ending (result.json): then the app makes the file.
    """

    kind: ClassVar[str] = "keep"
    code: Path
    data: Path
    path: str
    user: str

    def describe(self) -> str:
        return f"The app may write {self.path}"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        inside, outside = self.code / self.path, self.data / self.path
        linked = inside.is_symlink() and os.readlink(inside) == str(outside)
        if linked and outside.parent.is_dir():
            return HOLDS
        return Preview(holds=False, diff=f"+{inside} -> {outside}")

    def apply(self, work: Work) -> None:
        inside, outside = self.code / self.path, self.data / self.path
        self._folders(outside.parent)
        if not os.path.lexists(outside):
            self._begin(inside, outside)
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        inside.parent.mkdir(parents=True, exist_ok=True)
        files.link(inside, str(outside))
        work.note(outside, f"linked from {inside}")

    def _begin(self, inside: Path, outside: Path) -> None:
        aside = outside.with_name(f".{outside.name}.piwizard-new")
        if aside.is_dir():
            shutil.rmtree(aside)
        if inside.is_dir() and not inside.is_symlink():
            shutil.copytree(inside, aside, symlinks=True)
        elif inside.is_file() and not inside.is_symlink():
            shutil.copyfile(inside, aside)
        elif not outside.suffix:
            aside.mkdir()
        else:
            return
        for path in (aside, *aside.rglob("*")) if aside.is_dir() else (aside,):
            os.chown(path, *Owner(self.user, self.user).ids(), follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(0o750 if path.is_dir() else 0o640)
        aside.rename(outside)

    def _folders(self, folder: Path) -> None:
        for parent in [*reversed(folder.relative_to(self.data).parents), folder.relative_to(self.data)]:
            path = self.data / parent
            if not path.is_dir():
                path.mkdir()
                os.chown(path, *Owner(self.user, self.user).ids())
