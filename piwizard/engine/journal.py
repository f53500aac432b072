"""What undo needs: how things were before piwizard first altered them, and what piwizard wrote.

One journal a step and site, `backups/SITE/STEP/journal.jsonl`, appended before the alteration it speaks of.
Originals lie beside the journals, under the hash of their content.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from piwizard.changes.base import Record
from piwizard.errors import PiwizardError
from piwizard.machine import files

MACHINE = "_machine"
"""The folder of the steps that belong to no site; no site's name starts so."""


class Journal:
    """The journal of one step; `Memory` over all the journals is `Backups`."""

    def __init__(self, backups: Path, step: str, site: str | None) -> None:
        self.folder = backups / (site or MACHINE) / step
        self._originals = backups / "originals"
        self._file = self.folder / "journal.jsonl"

    def records(self) -> list[Record]:
        """All entries, oldest first; a torn last line was never acted upon."""
        entries = []
        for line in (files.read(self._file) or b"").split(b"\n"):
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue
        return entries

    def remember(self, kind: str, target: str, before: Record) -> None:
        """Notes how something was, unless it is noted already."""
        if not any(entry["kind"] == kind and entry["target"] == target for entry in self.records()):
            self._append({"kind": kind, "target": target, "before": before})

    def writing(self, path: Path, content: bytes) -> Path | None:
        """Notes that `content` is about to be written, and keeps the original the first time. Returns its backup."""
        backup = None
        if not any(entry["kind"] == "file" and entry["target"] == str(path) for entry in self.records()):
            before: Record = {"exists": path.exists()}
            if path.exists():
                original = path.read_bytes()
                mode, uid, gid = files.mode_and_owner(path)
                before |= {"sha256": files.digest(original), "mode": mode, "uid": uid, "gid": gid}
                before["mtime_ns"] = path.stat().st_mtime_ns
                backup = self._keep(original)
            self.remember("file", str(path), before)
        self._append({"kind": "wrote", "target": str(path), "sha256": files.digest(content)})
        return backup

    def original(self, record: Record) -> bytes:
        """The content of a file before piwizard."""
        content = files.read(self._originals / record["before"]["sha256"])
        if content is None:
            raise PiwizardError(
                f"The backup of {record['target']} is missing from {self._originals}.",
                hint="Put the file right by hand.",
            )
        return content

    def forget(self) -> None:
        """The step is undone: its journal ends."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, content: bytes) -> Path:
        self._originals.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._originals / files.digest(content)
        if not path.exists():
            files.replace(path, content, mode=0o600)
        return path

    def _append(self, entry: Record) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, (b"\n" if torn else b"") + json.dumps(entry).encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)


class Backups:
    """All journals together: whose writing a file is."""

    def __init__(self, backups: Path) -> None:
        self.folder = backups
        self._known: dict[str, set[str]] = {}
        for path in backups.glob("*/*/journal.jsonl"):
            for entry in Journal(backups, path.parent.name, path.parent.parent.name).records():
                self.learn(entry)

    def learn(self, entry: Record) -> None:
        """Takes in one entry of a journal."""
        if entry["kind"] == "wrote":
            self._known.setdefault(entry["target"], set()).add(entry["sha256"])
        elif entry["kind"] == "file":
            hashes = self._known.setdefault(entry["target"], set())
            if entry["before"]["exists"]:
                hashes.add(entry["before"]["sha256"])

    def wrote(self, path: Path, sha256: str) -> bool:
        return sha256 in self._known.get(str(path), set())

    def owns(self, path: Path) -> bool:
        return str(path) in self._known

    def unfinished(self, group: str) -> bool:
        return (self.folder / "unfinished" / f"{group}.json").exists()
