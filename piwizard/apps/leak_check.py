"""Check whether a site leaks private files of its repository or data.

Responses are compared with the content of the files: an app that answers every address with the same page leaks
nothing, and a missing response proves nothing.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import field
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from piwizard.apps.layout import SiteLayout
from piwizard.system import safe_open
from piwizard.system.http_client import HttpResponse
from piwizard.system.lazy_dataclass import dataclass

PROBE_BYTES = 4096
"""Bytes from the start of a file to search for in a response."""
MAX_FILES, MAX_ENTRIES, MAX_DEPTH = 24, 5000, 4
SHORT_FILE_BYTES = 32
"""Shorter content may be part of any page, so it must be the whole response."""
MIN_REQUESTS, MAX_UNANSWERED = 8, 3
TIME_LIMIT_SECONDS, WAIT_FOR_APP_SECONDS = 30.0, 60.0
"""After the time limit no more than MIN_REQUESTS are made; a silent app is retried for WAIT_FOR_APP_SECONDS."""
RETRY_PAUSE_SECONDS = 0.1
GATEWAY_ERRORS = (502, 503, 504)
"""Responses of nginx itself while the app does not respond."""
SQLITE_HEADER = b"SQLite format 3\0"
GIT_FILES = {
    ".git/HEAD": re.compile(rb"\A(ref: refs/\S+|[0-9a-f]{40,64})\s*\Z"),
    ".git/config": re.compile(rb"^\[core\]\s", re.M),
}
SECRET_FILE = re.compile(
    r"\A\.env|\.env\Z|\A\.flaskenv\Z|(?:secret|credential)[^./]*(?:\.(?:json|txt|ya?ml|toml|ini|cfg|py))?\Z|"
    r"\.(?:key|pem|p12|pgpass)\Z",
    re.I,
)
DATABASE_FILE = re.compile(r"\.(?:sqlite3?|db3?|s3db|sql|dump)\Z", re.I)
SOURCE_FILE = re.compile(
    r"\.(?:py|pyc|cfg|ini|conf|toml|ya?ml|sh|service)\Z|\Arequirements[^/]*\.txt\Z|\ADockerfile|\AProcfile\Z|\APipfile|"
    r"\A(?:config|settings)[^/]*\.json\Z",
    re.I,
)
PRIVATE_KINDS = (SECRET_FILE, DATABASE_FILE, SOURCE_FILE)
SKIPPED_FOLDERS = ("venv", "node_modules", "__pycache__", "site-packages")

Request = Callable[[str], HttpResponse | None]
"""Requests a path; None without a response."""


@dataclass(frozen=True)
class PrivateFile:
    """A file that no visitor should get: its URL path and its first bytes."""

    path: str
    beginning: bytes

    @property
    def is_short(self) -> bool:
        """Return whether the content is so short that a page may match it by chance."""
        return len(_normalized(self.beginning)) < SHORT_FILE_BYTES

    def is_in(self, answer: HttpResponse) -> bool:
        """Return whether a response contains the file."""
        known = GIT_FILES.get(self.path)
        if known and known.search(answer.body):
            return True
        if self.beginning.startswith(SQLITE_HEADER):
            return answer.body.startswith(SQLITE_HEADER)  # the app may have written to it since
        wanted, given = _normalized(self.beginning), _normalized(answer.body)
        if self.is_short:
            return wanted == given != b""
        return wanted in given or (not answer.whole and len(given) >= SHORT_FILE_BYTES and wanted.startswith(given))


@dataclass
class LeakReport:
    """The result: leaked paths, paths without a response, and the number of requests."""

    leaked: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    asked: int = 0


def find_leaks(
    files: list[PrivateFile], ask: Request, seconds: float = TIME_LIMIT_SECONDS, patience: float = WAIT_FOR_APP_SECONDS
) -> LeakReport:
    """Request each of these files as a visitor would, and return the leaks."""
    found, until = LeakReport(), time.monotonic() + seconds
    left = patience
    for number, file in enumerate(files):
        if number >= MIN_REQUESTS and time.monotonic() > until:
            break
        answer = _request_until_answered(ask, quote(os.fsencode(f"/{file.path}")), left)
        found.asked += 1
        if answer is None:
            found.silent.append(f"/{file.path}")
            left = 0.0  # it had its time already
            if len(found.silent) == MAX_UNANSWERED:
                break
        elif file.is_in(answer) and not (file.is_short and _same_for_missing_page(ask, file.path, answer)):
            found.leaked.append(f"/{file.path}")
    return found


def list_private_files(layout: SiteLayout) -> list[PrivateFile]:
    """Return the private files of a site at each URL path where they might be.

    Git's files come first, then secrets, databases and code.
    """
    code, published = layout.current / "app", layout.current / "public"
    own = {name: _first_bytes(code, name) or b"" for name in GIT_FILES}
    environment = _first_bytes(layout.folder, layout.environment_file.name)
    found = [PrivateFile(name, beginning) for name, beginning in own.items()]
    found += [PrivateFile(name, environment) for name in (".env", "app.env") if environment]
    inside = {**_private_files_below(layout.data, (DATABASE_FILE,)), **_private_files_below(code, PRIVATE_KINDS)}
    for path in sorted(inside, key=_importance):
        found += [
            PrivateFile(address, inside[path])
            for address in _addresses(path)
            if address not in own and not (published / address).is_file()
        ]
    # Each file at its own path first, then at less likely ones.
    ordered = sorted(found, key=lambda file: file.path not in inside and file.path not in (*own, ".env", "app.env"))
    return list(dict.fromkeys(ordered))[:MAX_FILES]


def _addresses(path: str) -> Iterator[str]:
    """Yield the URL paths where a file of the repository might be."""
    yield path
    parts = path.split("/")
    yield from ("/".join(parts[number:]) for number in range(1, len(parts)))
    yield f"static/{parts[-1]}"


def _importance(path: str) -> tuple[int, int, str]:
    name = path.rpartition("/")[2]
    return next(number for number, kind in enumerate(PRIVATE_KINDS) if kind.search(name)), path.count("/"), path


def _private_files_below(root: Path, kinds: tuple[re.Pattern[str], ...]) -> dict[str, bytes]:
    """Return the files of these kinds below a folder that others may be changing."""
    try:
        with safe_open.open_folder(root) as handle:
            names = islice(_entries_below(handle, "", kinds, MAX_DEPTH), MAX_ENTRIES)
            return {path: beginning for path, beginning in names if beginning and beginning.strip()}
    except OSError:
        return {}


def _entries_below(
    within: int, prefix: str, kinds: tuple[re.Pattern[str], ...], depth: int
) -> Iterator[tuple[str, bytes]]:
    """Yield every entry once, so that they can be counted; others have no content."""
    with os.scandir(within) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield "", b""
                if depth and not entry.name.startswith(".") and entry.name not in SKIPPED_FOLDERS:
                    yield from _entries_of_folder(within, entry.name, prefix, kinds, depth)
            elif any(kind.search(entry.name) for kind in kinds):
                yield f"{prefix}{entry.name}", _first_bytes_at(entry.name, within)
            else:
                yield "", b""


def _entries_of_folder(
    within: int, name: str, prefix: str, kinds: tuple[re.Pattern[str], ...], depth: int
) -> Iterator[tuple[str, bytes]]:
    try:
        handle = os.open(name, safe_open.FOLDER_FLAGS, dir_fd=within)
    except OSError:  # it was replaced meanwhile
        return
    try:
        yield from _entries_below(handle, f"{prefix}{name}/", kinds, depth - 1)
    finally:
        os.close(handle)


def _first_bytes(root: Path, path: str) -> bytes | None:
    folder = (root / path).parent
    try:
        with safe_open.open_folder(folder) as handle:
            return _first_bytes_at(path.rpartition("/")[2], handle) or None
    except OSError:
        return None


def _first_bytes_at(name: str, within: int) -> bytes:
    file = safe_open.open_file(name, within)
    if file is None:
        return b""
    with file:
        return file.read(PROBE_BYTES)


def _request_until_answered(ask: Request, path: str, patience: float) -> HttpResponse | None:
    until = time.monotonic() + patience
    while True:
        answer = ask(path)
        if answer is not None and answer.status not in GATEWAY_ERRORS:
            return answer
        if time.monotonic() > until:
            return None
        time.sleep(RETRY_PAUSE_SECONDS)


def _same_for_missing_page(ask: Request, path: str, answer: HttpResponse) -> bool:
    """Return whether a similar path without a file gets the same response."""
    folder, slash, name = path.rpartition("/")
    other = ask(quote(os.fsencode(f"/{folder}{slash}no-{secrets.token_hex(8)}-{name.lstrip('.')}")))
    return other is not None and other.body == answer.body


def _normalized(content: bytes) -> bytes:
    """Return content without differences in line ends and outer whitespace."""
    return content.replace(b"\r\n", b"\n").strip()
