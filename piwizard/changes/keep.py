"""What an app writes, kept outside of its code and linked in, so that a new release does not lose it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import ClassVar

from piwizard.changes import ownership
from piwizard.changes.base import HOLDS, ChangeFailed, Memory, Preview, Work
from piwizard.machine import files
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
        there = bool(outside.suffix) or os.path.lexists(outside)  # a folder; a file is the app's to make
        if linked and outside.parent.is_dir() and there:
            if not ownership.of_others(self.data, self.path, self.user):
                return HOLDS
            chown = ("chown", "--recursive", "--no-dereference", f"{self.user}:", str(outside))
            return Preview(holds=False, argv=(chown,))
        return Preview(holds=False, diff=f"+{inside} -> {outside}")

    def apply(self, work: Work) -> None:
        inside, outside = self.code / self.path, self.data / self.path
        for folder in PurePath(self.path).parents:
            if (self.code / folder).is_symlink():
                raise ChangeFailed(
                    f"app.writable: {self.path} lies behind {folder}, which is a link in the repository.",
                    key="app.writable",
                )
        if not outside.parent.is_dir():
            work.command(("mkdir", "--parents", str(outside.parent)), user=self.user)
        if not os.path.lexists(outside):
            self._begin(inside, outside, work)
        ownership.give_back(self.data, self.path, self.user)
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        inside.parent.mkdir(parents=True, exist_ok=True)
        files.link(inside, str(outside))
        work.note(outside, f"linked from {inside}")

    def _begin(self, inside: Path, outside: Path, work: Work) -> None:
        """As the app's user: what lies in its folder may have been put there to lead root astray."""
        aside = str(outside.with_name(f".{outside.name}.piwizard-new"))
        if inside.exists() and not inside.is_symlink():
            make: tuple[str, ...] = (
                "cp",
                "--recursive",
                "--no-dereference",
                "--no-target-directory",
                str(inside),
                aside,
            )
        elif not outside.suffix:
            make = ("mkdir", "--mode=0750", aside)
        else:
            return
        work.command(("rm", "--recursive", "--force", aside), user=self.user)
        work.command(make, user=self.user)
        work.command(("sync", "--file-system", aside), user=self.user)
        work.command(("mv", "--no-target-directory", aside, str(outside)), user=self.user)
