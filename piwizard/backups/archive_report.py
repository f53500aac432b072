"""Describe the content of a site's archive, and the result of unpacking one.

Needs only the standard library: it is a part of data_archive.py.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

VERSION = 1
DATA_PREFIX, MANIFEST = "data", "manifest.json"
"""The data is below `data/` in the archive; the manifest is its last member."""
CHUNK_BYTES = 1 << 20
MAX_NAMED, MAX_DAMAGED = 20, 1000
MAX_REPORT_CHARACTERS = 16_000
"""Of a report as JSON. piwizard reads no longer line of a program."""


@dataclass
class PackReport:
    """The content of an archive. Lists name at most MAX_NAMED paths.

    `databases` were saved by SQLite's online backup. `changing` were written all the time, and may be torn.
    `unsupported` are other databases, saved as plain files. `damaged` are those that SQLite cannot open, saved
    with their journals as they were at one moment. `skipped` could not be read, are no files, or too large.
    """

    version: int = VERSION
    files: int = 0
    bytes: int = 0
    databases: list[str] = field(default_factory=list)
    changing: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


@dataclass
class UnpackReport:
    """The result of unpacking.

    `complete`: the archive had its manifest, and as many files as that says. `broken_databases` were whole when
    they were packed. `doubtful` were not packed, changed all the time, or were damaged already.
    """

    files: int = 0
    bytes: int = 0
    complete: bool = False
    refused: list[str] = field(default_factory=list)
    broken_databases: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)


def note_path(names: list[str], path: str, most: int = MAX_NAMED) -> None:
    """Add a path to a list of a report, unless that is long enough already."""
    if len(names) < most:
        names.append(path[:200])


def encode_report(report: PackReport | UnpackReport) -> str:
    """Return a report as one line of JSON of limited length.

    Its longest lists are shortened for that.
    """
    whole = asdict(report)
    while len(line := json.dumps(whole)) > MAX_REPORT_CHARACTERS:
        longest = max((one for one in whole.values() if isinstance(one, list)), key=lambda one: len(json.dumps(one)))
        del longest[len(longest) // 2 :]
    return line
