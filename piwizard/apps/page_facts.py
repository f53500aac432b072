"""Describe the first page of an app, so that an error page is noticed.

A dynamic page differs each time it is requested: only what hardly changes is compared. Needs only the standard library:
it is a part of smoke_test.py.
"""

from __future__ import annotations

import html
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

MAX_PAGE_BYTES = 256 << 10
MAX_PAGE_SECONDS = 10.0
PIECE_BYTES = 64 << 10
TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{0,2000})", re.I)
WORD = re.compile(r"[^\W\d_]+")
STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])\b")
MAX_TITLE = 100
PAGE_LINE = "The first page: "
"""Begins the line of a smoke test with the facts in JSON."""
UNKNOWN_SIZE = -1
MIN_COMPARED_BYTES, MUCH_SMALLER = 1000, 10
"""A page of this size has become an error page if it is so many times smaller."""


@dataclass(frozen=True)
class PageFacts:
    """The status, media type, size in bytes and title of a page.

    The size is UNKNOWN_SIZE if the page did not end in time. A title that changes with each request is "".
    """

    status: int
    media_type: str = ""
    size: int = UNKNOWN_SIZE
    title: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the form in which the facts are kept."""
        return asdict(self)


def decode_page(found: object) -> PageFacts | None:
    """Return the facts from their kept form; None if they are malformed."""
    if not isinstance(found, Mapping):
        return None
    status, size = found.get("status"), found.get("size")
    texts = found.get("media_type"), found.get("title")
    if not isinstance(status, int) or not isinstance(size, int) or not all(isinstance(one, str) for one in texts):
        return None
    return PageFacts(status, _plain(str(texts[0])), size, _plain(str(texts[1])))


def read_page(path: Path, host: str, seconds: float = MAX_PAGE_SECONDS) -> PageFacts | None:
    """Request the first page of the app at a socket; None if it does not answer."""
    raw, ended, until = b"", False, time.monotonic() + seconds
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(str(path))
            connection.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            while not ended and len(raw) < MAX_PAGE_BYTES and (left := until - time.monotonic()) > 0:
                connection.settimeout(left)
                piece = connection.recv(PIECE_BYTES)
                raw += piece
                ended = not piece
    except OSError:
        if not raw:
            return None
    return parse_page(raw, whole=ended or len(raw) >= MAX_PAGE_BYTES)


def read_steady_page(path: Path, host: str) -> PageFacts | None:
    """Request the first page twice, and return what both answers have in common."""
    first, second = read_page(path, host), read_page(path, host)
    if first is None or second is None or first.status != second.status:
        return None
    same_type = first.media_type == second.media_type
    same_title = _words(first.title) == _words(second.title)
    return PageFacts(
        first.status,
        first.media_type if same_type else "",
        min(first.size, second.size),
        first.title if same_title else "",
    )


def parse_page(raw: bytes, *, whole: bool) -> PageFacts | None:
    """Return the facts of an answer; None if it is no HTTP."""
    head, _, body = raw.partition(b"\r\n\r\n")
    found = STATUS.match(head)
    if not found:
        return None
    media_type = ""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            media_type = _plain(value.partition(b";")[0].decode("latin-1").strip().lower())
    title = TITLE.search(body)
    text = _plain(html.unescape(title[1].decode("utf-8", "replace"))) if title else ""
    facts = PageFacts(int(found[1]), media_type, len(body), text)
    return facts if whole else replace(facts, size=UNKNOWN_SIZE)


def find_difference(before: PageFacts, now: PageFacts) -> str:
    """Return what shows that a page is another one than before; "" if it is alike.

    It continues the words "the first page".
    """
    if now.status != before.status:
        return f"returns status {now.status} instead of {before.status}"
    if before.media_type and now.media_type != before.media_type:
        return f"is {now.media_type or 'of no type'} instead of {before.media_type}"
    if before.size > 0 and now.size == 0:
        return f"is empty instead of {before.size:,} bytes"
    if before.size >= MIN_COMPARED_BYTES and 0 <= now.size * MUCH_SMALLER < before.size:
        return f"has {now.size:,} bytes instead of {before.size:,}"
    words, expected = _words(now.title), _words(before.title)
    if expected and not words & expected:
        return f"has {f'the title “{now.title}”' if now.title else 'no title'} instead of “{before.title}”"
    return ""


def _words(title: str) -> set[str]:
    """Return the words of a title; numbers, such as a time, are none."""
    return {word.casefold() for word in WORD.findall(title)}


def _plain(text: str) -> str:
    """Return a text as one short line without control characters."""
    shown = "".join(one if one.isprintable() else " " for one in text[: 10 * MAX_TITLE])
    return " ".join(shown.split())[:MAX_TITLE]
