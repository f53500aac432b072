"""Define the entries of a journal, and read and write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, Required, TypedDict, TypeGuard, cast

from piwizard.changes.base import Record
from piwizard.system import files

JOURNAL_FILE = "journal.jsonl"
EDITED = "edited"
"""The kind of the records of versions that were edited by hand, and that the user allowed to replace."""


class Written(TypedDict):
    """An entry about a write: piwizard wrote this content to a file, or was about to."""

    kind: Literal["wrote"]
    target: str
    sha256: str


class Linked(TypedDict):
    """An entry about a link: piwizard made it, or was about to.

    `to` is where it points to.
    """

    kind: Literal["linked"]
    target: str
    to: str


class FileBefore(TypedDict, total=False):
    """The `before` of records of the kinds "file" and "edited".

    If `exists` is false, there was nothing, or a link of which only `link`, its target, is kept.
    """

    exists: Required[bool]
    link: str
    sha256: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    kept: str
    at: str


Entry = Record | Written | Linked
FIELDS = {"wrote": "sha256", "linked": "to"}
"""What entries have that are no records of a former state, by their kind."""


def read_entries(folder: Path) -> list[Entry]:
    """Return the entries of the journal in a folder, oldest first."""
    lines = (files.read(folder / JOURNAL_FILE) or b"").split(b"\n")
    return [entry for line in lines if (entry := decode(line))]


def decode(line: bytes) -> Entry | None:
    """Return the entry of a line; None if a power cut has torn the line.

    Nothing followed a torn entry.
    """
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not {"kind", "target"} <= entry.keys():
        return None
    return cast(Entry, entry) if FIELDS.get(entry["kind"], "before") in entry else None


def is_record(entry: Entry) -> TypeGuard[Record]:
    """Check whether an entry is a record of a former state."""
    return entry["kind"] not in FIELDS


def is_written(entry: Entry) -> TypeGuard[Written]:
    """Check whether an entry is about a write."""
    return entry["kind"] == "wrote"


def is_linked(entry: Entry) -> TypeGuard[Linked]:
    """Check whether an entry is about a link."""
    return entry["kind"] == "linked"


def restore_command(path: Path, before: FileBefore) -> tuple[str, ...]:
    """Return the command that restores a kept version at its path."""
    if "link" in before:
        return ("sudo", "ln", "--symbolic", "--no-dereference", "--force", before["link"], str(path))
    rights = (f"--mode={before['mode']:04o}", f"--owner={before['uid']}", f"--group={before['gid']}")
    return ("sudo", "install", *rights, before["kept"], str(path))
