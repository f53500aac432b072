"""Unpack programs of Debian packages that must not be installed on this machine.

Installing a server would start it.
"""

from __future__ import annotations

from pathlib import Path

from piwizard.system import commands
from tests.lab.cache import cached


def unpacked(package: str) -> Path:
    """Return the files of a Debian package of this machine's release, cached."""
    return cached("unpacked", package, "1", lambda folder: _fetch(package, folder))


def _fetch(package: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    # As root: apt's own user cannot write there.
    fetched = commands.run(("apt-get", "download", "-o", "APT::Sandbox::User=root", package), cwd=folder)
    if not fetched.ok:
        commands.run(("apt-get", "update"))
        fetched = commands.run(("apt-get", "download", "-o", "APT::Sandbox::User=root", package), cwd=folder)
    assert fetched.ok, f"no package {package}: {fetched.last_lines}"
    (archive,) = folder.glob("*.deb")
    result = commands.run(("dpkg-deb", "--extract", str(archive), str(folder)))
    assert result.ok, result.last_lines
    archive.unlink()
