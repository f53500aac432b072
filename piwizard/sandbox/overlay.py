"""A copy-on-write root: what is there already stays below, what the machine writes goes to a folder above it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.sandbox.sandbox_init import Lifeline


class Overlay:
    """Mounted at `target` (a path on the lifeline), over `lower` (uppermost first), written to `folder`/upper.

    Where the file system of `folder` cannot hold the upper layer, as in most containers, memory does: `in_memory`.
    """

    def __init__(self, lifeline: Lifeline, lower: Sequence[Path], folder: Path, target: Path) -> None:
        self._lifeline = lifeline
        self._lower = tuple(lower)
        self.folder = folder
        self.target = target
        self.in_memory = False
        self._memory = Path("/run/piwizard/memory") / target.relative_to("/")

    @property
    def root(self) -> Path:
        """The mounted copy, as a path that works from outside."""
        return self._lifeline.root / self.target.relative_to("/")

    @property
    def upper(self) -> Path:
        """The folder with what was written, as a path that works from outside."""
        store = self._lifeline.root / self._memory.relative_to("/") if self.in_memory else self.folder
        return store / "upper"

    def mount(self) -> None:
        """Mounts it; what an earlier mount has written is there again."""
        self._lifeline.check(("mkdir", "-p", str(self.target)))
        if self.in_memory:
            return self._mount(self._memory)
        try:
            self._mount(self.folder)
        except PiwizardError:
            # Not on this file system (it is an overlay itself, or knows no extended attributes).
            self._lifeline.check(("mkdir", "-p", str(self._memory)))
            self._mount(self._memory)
            self.in_memory = True

    def _mount(self, store: Path) -> None:
        seen = self._lifeline.root / store.relative_to("/")
        # "volatile" never waits for the disk, and marks its work folder so that it is not used twice.
        shutil.rmtree(seen / "work", ignore_errors=True)
        for part in ("upper", "work"):
            (seen / part).mkdir(parents=True, exist_ok=True)
        lower = ":".join(_escaped(layer) for layer in self._lower)
        options = f"lowerdir={lower},upperdir={_escaped(store / 'upper')},workdir={_escaped(store / 'work')},volatile"
        self._lifeline.check(("mount", "-t", "overlay", "-o", options, "overlay", str(self.target)))

    def unmount(self) -> None:
        """Unmounts it, whoever still looks at it."""
        self._lifeline.run(("umount", "--lazy", "--recursive", str(self.target)))


def _escaped(path: Path) -> str:
    if "," in str(path):
        raise PiwizardError(f"A folder with a comma in its name cannot be a layer of a copy: {path}")
    return str(path).replace("\\", "\\\\").replace(":", "\\:")
