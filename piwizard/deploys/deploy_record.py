"""Record what automatic deploys did, and which commits they must not try again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from piwizard.system import file_lock, files, paths
from piwizard.system.lazy_dataclass import dataclass

VERSION = 1
MAX_REFUSED = 20
MAX_DETAIL = 500
DeployResult = Literal["deployed", "failed", "unreachable"]


@dataclass(frozen=True)
class RefusedCommit:
    """A commit that is not deployed automatically.

    It failed, or it was rolled back.
    """

    commit: str
    at: str
    reason: str


@dataclass(frozen=True)
class LastDeploy:
    """The last automatic deploy, or the last try. `detail` is a sentence."""

    way: str
    result: DeployResult
    commit: str
    at: str
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class DeployRecord:
    """The record of the automatic deploys of one site."""

    last: LastDeploy | None = None
    refused: tuple[RefusedCommit, ...] = field(default=())
    secret_shown: bool = False

    def refusal_of(self, commit: str) -> RefusedCommit | None:
        """Return why a commit is not tried again; None if it may be tried."""
        return next((one for one in self.refused if one.commit == commit), None)

    def as_json(self) -> dict[str, Any]:
        """Return the record as --json prints it."""
        return {"last": asdict(self.last) if self.last else None, "refused": [asdict(one) for one in self.refused]}


def record_folder(site: str) -> Path:
    """Return the folder with the record of a site, and the code that was pushed."""
    return paths.state_dir() / "deploys" / site


def read_record(site: str) -> DeployRecord:
    """Return what is recorded; nothing if the file is missing or damaged."""
    path = record_folder(site) / "record.json"
    try:
        kept = json.loads(files.read(path) or b"{}")
        files.refuse_newer_format(path, kept, VERSION)
        return DeployRecord(
            LastDeploy(**kept["last"]) if kept.get("last") else None,
            tuple(RefusedCommit(**one) for one in kept.get("refused", ())),
            bool(kept.get("secret_shown")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return DeployRecord()


def note_deploy(site: str, last: LastDeploy) -> None:
    """Record the last deploy.

    A commit that failed is not tried again, one that is deployed may be.
    """
    last = replace(last, detail=last.detail[:MAX_DETAIL])

    def with_last(now: DeployRecord) -> DeployRecord:
        refused = tuple(one for one in now.refused if one.commit != last.commit)
        if last.result == "failed":
            refused = (*refused, RefusedCommit(last.commit, last.at, last.detail))[-MAX_REFUSED:]
        return replace(now, last=last, refused=refused)

    _change(site, with_last)


def forget_last(site: str) -> None:
    """Forget the last try, which says nothing any longer.

    Commits that failed are not tried again all the same.
    """
    _change(site, lambda record: replace(record, last=None))


def refuse_commit(site: str, commit: str, reason: str) -> None:
    """Keep automatic deploys from a commit, such as one that was rolled back."""
    one = RefusedCommit(commit, now(), reason[:MAX_DETAIL])
    _change(site, lambda record: replace(record, refused=(*_others(record, commit), one)[-MAX_REFUSED:]))


def note_secret_shown(site: str) -> None:
    """Record that a person has seen the secret of the webhook."""
    _change(site, lambda record: replace(record, secret_shown=True))


def now() -> str:
    """Return the time as it is recorded."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _others(record: DeployRecord, commit: str) -> tuple[RefusedCommit, ...]:
    return tuple(one for one in record.refused if one.commit != commit)


def _change(site: str, change: Callable[[DeployRecord], DeployRecord]) -> None:
    folder = record_folder(site)
    files.make_folders(folder.parent.parent)
    files.make_folders(folder.parent, 0o700)
    files.make_folders(folder, 0o700)
    with file_lock.exclusive(folder):
        before = read_record(site)
        after = change(before)
        if after != before:
            whole = {"version": VERSION, **after.as_json(), "secret_shown": after.secret_shown}
            files.replace(folder / "record.json", json.dumps(whole).encode(), mode=0o600)
