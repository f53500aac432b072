"""Test that another page is told from one that only has other content."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from piwizard.apps.page_facts import (
    MAX_PAGE_BYTES,
    UNKNOWN_SIZE,
    PageFacts,
    decode_page,
    find_difference,
    parse_page,
    read_page,
    read_steady_page,
)

BLOG = PageFacts(200, "text/html", 15_000, "My blog: 3 new posts at 14:03")


@pytest.mark.parametrize(
    ("now", "difference"),
    [
        (PageFacts(404, "text/html", 15_000, BLOG.title), "returns status 404 instead of 200"),
        (PageFacts(200, "text/plain", 15_000, BLOG.title), "is text/plain instead of text/html"),
        (PageFacts(200, "", 15_000, BLOG.title), "is of no type instead of text/html"),
        (PageFacts(200, "text/html", 0, ""), "is empty instead of 15,000 bytes"),
        (PageFacts(200, "text/html", 90, BLOG.title), "has 90 bytes instead of 15,000"),
        (
            PageFacts(200, "text/html", 9_000, "Internal error"),
            f"has the title “Internal error” instead of “{BLOG.title}”",
        ),
        (PageFacts(200, "text/html", 9_000, ""), f"has no title instead of “{BLOG.title}”"),
    ],
)
def test_error_pages_and_empty_pages_differ(now: PageFacts, difference: str) -> None:
    assert find_difference(BLOG, now) == difference


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (BLOG, BLOG),
        (BLOG, PageFacts(200, "text/html", 4_000, "My blog: 7 new posts at 23:59")),
        (BLOG, PageFacts(200, "text/html", 150_000, "Blog")),
        (BLOG, PageFacts(200, "text/html", UNKNOWN_SIZE, BLOG.title)),
        (PageFacts(200, "text/html", 900, ""), PageFacts(200, "text/html", 10, "")),
        (PageFacts(200, "", UNKNOWN_SIZE, "14:03"), PageFacts(200, "text/html", 10, "14:04")),
        (PageFacts(302, "text/html", 0, ""), PageFacts(302, "text/html", 0, "")),
    ],
)
def test_dynamic_pages_give_no_false_alarm(before: PageFacts, now: PageFacts) -> None:
    assert find_difference(before, now) == ""


def test_answer_is_parsed() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=utf-8\r\n\r\n"
    body = "<html><TITLE lang=en>Tulips &amp;\n bees\x1b[2J \u202e</TITLE>".encode()
    assert parse_page(head + body, whole=True) == PageFacts(200, "text/html", len(body), "Tulips & bees [2J")
    assert parse_page(head + body, whole=False) == PageFacts(200, "text/html", UNKNOWN_SIZE, "Tulips & bees [2J")
    assert parse_page(b"SSH-2.0", whole=True) is None
    assert parse_page(b"", whole=True) is None
    long = parse_page(head + b"<title>" + b"x" * 5000, whole=True)
    assert long
    assert len(long.title) == 100


@pytest.mark.parametrize("found", [None, [], {}, {"status": "200"}, {"status": 200, "size": 1, "media_type": None}])
def test_malformed_facts_are_none(found: object) -> None:
    assert decode_page(found) is None


def test_kept_facts_are_decoded() -> None:
    assert decode_page(BLOG.as_json()) == BLOG


def serve(path: Path, *answers: bytes) -> threading.Thread:
    """Answer one request with each of these."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def answer() -> None:
        with listening:
            for content in answers:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    try:
                        connection.sendall(content)
                    except OSError:  # it has read enough
                        continue

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    return thread


def page(title: str, size: int = 0) -> bytes:
    return f"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<title>{title}</title>{'x' * size}".encode()


def test_what_changes_with_each_request_is_not_kept(tmp_path: Path) -> None:
    serve(tmp_path / "app", page("Red roses", 100), page("Blue violets", 50))
    assert read_steady_page(tmp_path / "app", "blog") == PageFacts(
        200, "text/html", 50 + len("<title>Blue violets</title>"), ""
    )
    serve(tmp_path / "same", page("Roses: 1"), page("Roses: 2"))
    found = read_steady_page(tmp_path / "same", "blog")
    assert found
    assert found.title == "Roses: 1"


def test_page_is_read_within_limits(tmp_path: Path) -> None:
    serve(tmp_path / "large", page("Large", 2 * MAX_PAGE_BYTES))
    found = read_page(tmp_path / "large", "blog")
    assert found
    assert MAX_PAGE_BYTES - 100 <= found.size <= 2 * MAX_PAGE_BYTES
    assert read_page(tmp_path / "none", "blog") is None
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        assert read_page(tmp_path / "silent", "blog", 0.05) is None
