"""Run restic with limits on output and time.

Secrets are in its environment and in a private file.

The commands are those that version 0.14 of Debian 12 has, too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from piwizard.backups import restic_pipe
from piwizard.backups.backup_error import UNWRITABLE, BackupError, backup_error, explain_failure, find_reason
from piwizard.backups.repository_locks import RepositoryLock, unlock_words
from piwizard.backups.restic_pipe import ResticFailed
from piwizard.backups.restic_process import HeardLines, limited
from piwizard.backups.target import Target
from piwizard.system import commands, files, paths
from piwizard.system.commands import Result
from piwizard.system.lazy_dataclass import dataclass

MAX_ANSWER_BYTES = 8 << 20
"""For the list of snapshots: thousands of them."""
QUICK_SECONDS, LONG_SECONDS = 300.0, 20 * 3600.0
FOLDER_PATIENCE, SERVER_PATIENCE = 120.0, 900.0
"""Seconds without progress. restic tries to reach a server for 900."""
FULL_BYTES = 64 << 20
"""A drive with less room is full for restic: it writes several files of 16 MiB at once."""
TAG = "piwizard"
KEPT = ("--keep-last=3", "--keep-daily=7", "--keep-weekly=4", "--keep-monthly=12")
SSH = (
    "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new"
    " -o ConnectTimeout=20 -o ServerAliveInterval=20 -o ServerAliveCountMax=3"
)
"""It trusts a server's key at the first connection, and no other after that."""


@dataclass(frozen=True)
class Snapshot:
    """One saved archive.

    `name` is its file: the site, or MACHINE for the machine's own.
    """

    id: str
    at: datetime
    host: str
    name: str

    def as_json(self) -> dict[str, str]:
        """Return the form used with --json."""
        return {"id": self.id, "at": self.at.isoformat(), "host": self.host, "name": self.name}


class ResticRepository:
    """The backups at one target.

    `limit` is the most KiB per second to send; 0 is no limit. BackupError says what is wrong with the target.
    """

    def __init__(self, target: Target, passphrase: str, *, limit: int = 0, ssh_key: Path | None = None) -> None:
        self.target, self._passphrase, self._limit, self._ssh_key = target, passphrase, limit, ssh_key

    @property
    def _options(self) -> tuple[str, ...]:
        found = ["--json", f"--limit-upload={self._limit}"]
        if self.target.kind == "sftp":
            host, _, port = self.target.host.partition(":")
            key = f" -i {self._ssh_key} -o IdentitiesOnly=yes" if self._ssh_key else ""
            known = f" -o UserKnownHostsFile={self._ssh_key.with_name('known_hosts')}" if self._ssh_key else ""
            found += ["-o", f"sftp.command={SSH}{key}{known}{f' -p {port}' if port else ''} {host} -s sftp"]
        return tuple(found)

    @contextmanager
    def _environment(self) -> Iterator[dict[str, str]]:
        folder = paths.lock_file().parent / "jobs"
        files.make_owned_folder(folder, 0o700, (os.geteuid(), os.getegid()))
        handle, name = tempfile.mkstemp(prefix="restic-", dir=folder)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(self._passphrase)
            cache = paths.cache_dir() / "restic"
            yield {
                **self.target.environment,
                "RESTIC_REPOSITORY": self.target.repository,
                "RESTIC_PASSWORD_FILE": name,
                "RESTIC_CACHE_DIR": str(cache),
                "GOGC": "20",  # less memory for a little more time
                "GOTRACEBACK": "none",
                "RESTIC_PROGRESS_FPS": "0.1",
            }
        finally:
            Path(name).unlink(missing_ok=True)

    def _argv(self, *words: str) -> tuple[str, ...]:
        return limited(("restic", *words, *self._options))

    def _checked(self, words: Sequence[str], seconds: float = QUICK_SECONDS, stdout: int | None = None) -> None:
        self._require_mounted()
        heard = HeardLines()
        with self._environment() as env:
            result = commands.run(self._argv(*words), env=env, timeout=seconds, stdout=stdout, on_line=heard)
        if not result.ok:
            raise self._failure(result, heard)

    def _failure(self, result: Result, heard: HeardLines) -> BackupError:
        if result.exit == 124:
            return backup_error("away", self.target.location)
        return explain_failure(result.exit, heard.output(result), self.target.location)

    def _explain(self, failed: ResticFailed, heard: HeardLines) -> BackupError:
        """Return the error for restic that failed at its pipe, or made no progress there."""
        if not failed.stalled:
            return self._failure(failed.result, heard)
        reason = find_reason(heard.output(failed.result))
        if reason == "other":
            folder = self.target.folder
            full = folder is not None and folder.is_dir() and shutil.disk_usage(folder).free < FULL_BYTES
            reason = "full" if full else "away"
        return backup_error(reason, self.target.location)

    @property
    def _patience(self) -> float:
        return SERVER_PATIENCE if self.target.folder is None else FOLDER_PATIENCE

    def _require_mounted(self) -> None:
        """Raise BackupError if the folder is missing, as when its drive is not connected."""
        folder = self.target.folder
        if folder is not None and not folder.is_dir():
            raise backup_error("away", self.target.location)

    def _place(self) -> tuple[int, int] | None:
        """Return what identifies the folder of the repository on its disk; None for a server.

        BackupError if it is missing.
        """
        folder = self.target.folder
        if folder is None:
            return None
        try:
            info = (folder / "config").stat()
        except OSError as error:
            raise backup_error("away", self.target.location) from error
        return info.st_dev, info.st_ino

    def _answer(self, words: Sequence[str]) -> Any:  # noqa: ANN401 — whatever restic answers
        try:
            return json.loads(self._text(words) or b"null")
        except ValueError as error:
            raise backup_error("other", self.target.location, "restic's answer is no JSON") from error

    def _text(self, words: Sequence[str]) -> bytes:
        with tempfile.TemporaryFile() as file:
            self._checked(words, stdout=file.fileno())
            if file.seek(0, os.SEEK_END) > MAX_ANSWER_BYTES:
                raise backup_error("other", self.target.location, "the list of snapshots is too long")
            file.seek(0)
            return file.read()

    def identity(self) -> str:
        """Return the repository's own ID.

        BackupError if there is none, or the passphrase is another.
        """
        found = self._answer(("cat", "config", "--no-lock"))
        return str(found.get("id", "")) if isinstance(found, dict) else ""

    def initialize(self) -> str:
        """Create the repository and return its ID.

        Create the folder of a folder target first.
        """
        folder = self.target.folder
        if folder is not None:
            files.make_folders(folder, 0o700)
        self._checked(("init",))
        return self.identity()

    def snapshots(self, host: str | None = None, name: str | None = None) -> list[Snapshot]:
        """Return the snapshots, the oldest first."""
        words = ("snapshots", "--no-lock", f"--tag={TAG}", *((f"--host={host}",) if host else ()))
        found = [one for entry in self._answer(words) or [] if (one := _snapshot(entry))]
        return sorted((one for one in found if name in (None, one.name)), key=lambda one: one.at)

    def save(self, name: str, host: str, at: datetime, write: Callable[[int], None]) -> str:
        """Save what `write` writes to a pipe as a snapshot, and return its ID.

        If `write` fails, restic is stopped and no snapshot exists.
        """
        place = self._place()
        words = ("backup", "--stdin", f"--stdin-filename={name}", f"--host={host}", f"--tag={TAG}")
        argv, heard = self._argv(*words, f"--time={at.astimezone():%Y-%m-%d %H:%M:%S}"), HeardLines()
        with self._environment() as env:
            try:
                restic_pipe.send(argv, env, heard, write, self._patience)
            except ResticFailed as failed:
                raise self._explain(failed, heard) from failed
        if self._place() != place:  # restic makes missing folders again, and would go on at the mount point
            raise backup_error("away", self.target.location)
        return str(json.loads(heard.summary or "{}").get("snapshot_id", ""))

    def load(self, snapshot: Snapshot, read: Callable[[int], None]) -> None:
        """Let `read` read the archive of a snapshot from a pipe.

        BackupError if restic could not read it to its end: then what `read` got does not count.
        """
        self._require_mounted()
        argv, heard = self._argv("dump", snapshot.id, f"/{snapshot.name}", *self._reading_lock()), HeardLines()
        with self._environment() as env:
            try:
                restic_pipe.receive(argv, env, heard, read, self._patience)
            except ResticFailed as failed:
                raise self._explain(failed, heard) from failed

    def _reading_lock(self) -> tuple[str, ...]:
        """Return what restic needs to read a target that takes no lock, because it is full or read-only."""
        try:
            self._checked(("cat", "config"))
        except BackupError as error:
            if error.reason in UNWRITABLE:
                return ("--no-lock",)
            raise
        return ()

    def forget(self, host: str) -> None:
        """Remove the snapshots of a host that are not to be kept, and their data."""
        words = ("forget", f"--host={host}", f"--tag={TAG}", "--group-by=host,paths", *KEPT, "--prune")
        self._checked(words, LONG_SECONDS)

    def verify(self, share: str) -> None:
        """Check the repository's structure and a share of its data, such as "5%"."""
        self._checked(("check", f"--read-data-subset={share}"), LONG_SECONDS)

    def unlock(self) -> None:
        """Remove the locks of processes that no longer exist, as after a power cut."""
        if words := unlock_words(list(self._locks()), server=self.target.folder is None):
            self._checked(words)

    def _locks(self) -> Iterator[RepositoryLock]:
        """Read the locks. One that is damaged, or was removed meanwhile, is of an unknown host."""
        listed = self._text(("list", "locks", "--no-lock")).decode("ascii", "replace")
        for name in re.findall(r"\b[0-9a-f]{64}\b", listed):
            try:
                found = self._answer(("cat", "lock", name, "--no-lock"))
            except BackupError:
                found = None
            at = _time(found.get("time")) if isinstance(found, dict) else None
            yield RepositoryLock(str(found["hostname"]) if at and "hostname" in found else "", at or datetime.now(UTC))


def _snapshot(entry: object) -> Snapshot | None:
    """Return a snapshot of restic's list; None if piwizard did not make it."""
    if not isinstance(entry, dict):
        return None
    found, name = entry.get("paths"), ""
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], str):
        name = found[0].lstrip("/")
    at = _time(entry.get("time"))
    identity, host = str(entry.get("id", "")), str(entry.get("hostname", ""))
    if not name or not re.fullmatch("[0-9a-f]{64}", identity) or at is None:
        return None
    return Snapshot(identity, at, host, name)


def _time(text: object) -> datetime | None:
    """Return a time that restic wrote; None if it is none."""
    try:
        # restic gives nanoseconds, which Python 3.11 does not read.
        found = datetime.fromisoformat(re.sub(r"\.\d+", "", str(text)))
    except ValueError:
        return None
    return found if found.tzinfo else None
