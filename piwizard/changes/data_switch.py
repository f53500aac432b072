"""Switch the data of a site together with its release.

Both change completely, or not at all.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from piwizard.changes.base import ApplyContext, OwnershipIndex
from piwizard.changes.command import Command
from piwizard.changes.data_copy import BoundContext, Copier
from piwizard.changes.paused_service import PausedServices
from piwizard.changes.setup_record import FOLDER
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

NO_EXCHANGE = frozenset({errno.EXDEV, errno.EBUSY, errno.EINVAL, errno.ENOSYS})
"""Errors where two folders cannot be exchanged: one is a mount point, or the file system does not support it."""


@dataclass(frozen=True)
class DataSwitch:
    """Setup commands that change the data of a site with its release.

    The `commands` run on a copy of `site`/data, which replaces the data when the release is switched.

    The services are stopped meanwhile and visitors wait, so that no data is written that would be lost. The data is
    not changed until the copy replaces it: a run that is killed leaves the old release with its data. The old data
    is kept in `data.next` until the new release has answered, and restored if it does not; what visitors wrote
    through the new release in those seconds is then lost. The markers of `commands` record that they have run on
    the data.
    """

    site: Path
    services: tuple[str, ...]
    copier: Copier
    commands: tuple[Command, ...]

    @property
    def _data(self) -> Path:
        return self.site / "data"

    @property
    def _next(self) -> Path:
        return self.site / "data.next"

    @property
    def _kept(self) -> Path:
        """Return the folder for the old data if it has to be copied.

        This is needed where folders cannot be exchanged.
        """
        return self.site / "data.kept"

    @property
    def _journal(self) -> Path:
        return self.site / FOLDER / "switch.json"

    @cached_property
    def _services(self) -> PausedServices:
        return PausedServices(self.services)

    def pending(self, machine: SystemCache, memory: OwnershipIndex) -> tuple[Command, ...]:
        """Return the commands that have not run on the data yet."""
        return tuple(one for one in self.commands if not one.probe(machine, memory).in_sync)

    def in_sync(self, machine: SystemCache, memory: OwnershipIndex) -> bool:
        """Check that there is nothing to run, and nothing that a killed run has left."""
        folders = (self._next, self._kept)
        left = (self._journal, *folders, *map(files.removal_path, folders))
        return not self.pending(machine, memory) and not any(os.path.lexists(path) for path in left)

    def settle(self, work: ApplyContext) -> bool:
        """Finish what a killed run has left.

        Return whether its copy is the site's data now.

        A copy that has replaced the data stays, with everything written since.
        """
        journal = self._read()
        took = journal.get("phase") == "copied" or (
            journal.get("phase") == "exchange" and self._data.stat().st_ino == journal["copy"]
        )
        if journal.get("phase") == "copying":
            with self._services.stopped(work):
                self.copier.mirror(self._kept, self._data, work)
        if took:
            self._mark(journal["markers"])
        self._forget()
        return took

    def prepare(self, work: ApplyContext) -> None:
        """Stop the services, copy the data, run the commands on the copy.

        On failure nothing has changed.
        """
        pending = self.pending(work.machine, work)
        if not pending:
            return
        self._services.stop(work)
        try:
            self.copier.copy(self._data, self._next, work)
            for one in pending:
                scratch = one.marker.with_name(f"{one.marker.name}.next")
                files.unlink(scratch)
                replace(one, marker=scratch).apply(BoundContext(work, (self._next, self._data)))
                files.unlink(scratch)
            work.command(("sync", "--file-system", str(self._next)))
        except BaseException:
            files.remove_atomically(self._next)
            self.let_go(work)
            raise

    def switch(self, work: ApplyContext) -> None:
        """Replace the data by the copy."""
        pending = self.pending(work.machine, work)
        if not pending:
            return
        markers = [[str(one.marker), list(one.proves or one.argv)] for one in pending]
        journal = {"phase": "exchange", "copy": self._next.stat().st_ino, "markers": markers}
        self._write(journal)
        try:
            files.exchange(self._data, self._next)
        except OSError as error:
            if error.errno not in NO_EXCHANGE:
                raise
            self.copier.copy(self._data, self._kept, work)
            self._write(journal | {"phase": "copying"})
            self.copier.mirror(self._next, self._data, work)
            self._write(journal | {"phase": "copied"})
        self._mark(markers)
        work.note(self._data, "replaced by the copy on which the setup commands ran")

    def let_go(self, work: ApplyContext) -> None:
        """Allow the services to start."""
        self._services.let_start(work)

    def stop_again(self, work: ApplyContext) -> None:
        """Stop the services before the data of a new release is rolled back."""
        if self._read():
            self._services.stop(work)

    def back(self, work: ApplyContext) -> None:
        """Restore the old data, if the copy has replaced it. The services are stopped."""
        journal = self._read()
        if not journal:
            return
        for path, _ in journal["markers"]:
            files.unlink(Path(path))
        if journal["phase"] in ("copying", "copied"):
            self._write(journal | {"phase": "copying"})
            self.copier.mirror(self._kept, self._data, work)
        elif self._data.stat().st_ino == journal["copy"]:
            files.exchange(self._data, self._next)
        work.note(self._data, "rolled back")
        self._forget()

    def finish(self) -> None:
        """Remove the old data after the new release has answered."""
        self._forget()

    def _mark(self, markers: list[Any]) -> None:
        for path, argv in markers:
            files.make_folders(Path(path).parent)
            files.replace(Path(path), json.dumps({"argv": argv}).encode())

    def _read(self) -> dict[str, Any]:
        return dict(json.loads(files.read(self._journal) or b"{}"))

    def _write(self, journal: dict[str, Any]) -> None:
        files.make_folders(self._journal.parent)
        files.replace(self._journal, json.dumps(journal).encode(), mode=0o600)

    def _forget(self) -> None:
        files.unlink(self._journal)
        for path in (self._next, self._kept):
            files.remove_atomically(path)
