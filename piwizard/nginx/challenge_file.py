"""Publish a file where Let's Encrypt validates, to see that requests arrive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from piwizard.nginx.tls_settings import WEBROOT
from piwizard.system import files

URL = "/.well-known/acme-challenge/"


@contextmanager
def published_challenge(name: str, content: str, webroot: Path | None = None) -> Iterator[str]:
    """Publish a file of that name, and yield its URL path. Raise OSError if not root."""
    folder = (webroot or Path(WEBROOT)) / ".well-known" / "acme-challenge"
    made = [one for one in (folder, folder.parent) if not one.is_dir()]
    files.make_folders(folder)
    try:
        files.replace(folder / name, content.encode())
        yield f"{URL}{name}"
    finally:
        (folder / name).unlink(missing_ok=True)
        for one in made:
            with suppress(OSError):  # another program has created files there
                one.rmdir()
