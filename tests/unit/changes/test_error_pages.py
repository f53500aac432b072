"""Test that an app's own error pages are copied, and nothing else."""

from __future__ import annotations

from pathlib import Path

from piwizard.changes.error_pages import MAX_PAGE_BYTES, ErrorPages


class _Quiet:
    """An apply context for a change that writes its own files only."""

    def note(self, path: Path, did: str) -> None:
        """Ignore it."""


def copied(tmp_path: Path, source: str | None = "errors") -> dict[str, str]:
    change = ErrorPages(tmp_path / "code", tmp_path / "pages", source)
    if not change.probe(None, None).in_sync:
        change.apply(_Quiet())
    assert change.probe(None, None).in_sync
    pages = tmp_path / "pages"
    return {path.name: path.read_text() for path in pages.iterdir()} if pages.exists() else {}


def test_pages_are_copied_and_removed_with_the_answer(tmp_path: Path) -> None:
    folder = tmp_path / "code" / "errors"
    folder.mkdir(parents=True)
    (folder / "502.html").write_text("back soon")
    (folder / "secret.html").write_text("secret")
    assert copied(tmp_path) == {"502.html": "back soon"}
    assert copied(tmp_path, None) == {}


def test_links_and_large_files_are_no_pages(tmp_path: Path) -> None:
    folder = tmp_path / "code" / "errors"
    folder.mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (folder / "502.html").symlink_to(tmp_path / "secret")
    (folder / "503.html").write_text("x" * (MAX_PAGE_BYTES + 1))
    (tmp_path / "code" / "link").symlink_to(tmp_path)
    assert copied(tmp_path) == {}
    assert copied(tmp_path, "link") == {}
