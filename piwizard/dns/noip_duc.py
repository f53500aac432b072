"""Install noip-duc, No-IP's own client, and write its settings.

The package comes from No-IP's site, since Debian has none.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

from piwizard import __version__
from piwizard.changes.apt import APT
from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.dns.ddns_account import Account
from piwizard.system import connections, files, http_client
from piwizard.system.http_client import HttpResponse, Limits, MalformedResponse
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache
from piwizard.templates.render import render

SERVICE = "noip-duc.service"
DEFAULTS = Path("/etc/default/noip-duc")
LATEST = "https://www.noip.com/download/linux/latest"
ARCHITECTURES = ("amd64", "arm64", "armhf")
PACKAGE = re.compile(r"[^/]+/binaries/noip-duc_3[0-9a-z.~+-]*_(?P<architecture>[a-z0-9]+)\.deb")
MAX_ARCHIVE_BYTES, MAX_EXPANDED_BYTES = 40_000_000, 120_000_000
"""Sizes of the archive with the packages of all architectures, and of its contents."""
DOWNLOAD_SECONDS = 300.0
"""For the whole download, even on a slow connection."""
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)


def render_defaults(account: Account, minutes: int) -> str:
    """Return the text of /etc/default/noip-duc."""
    return render("ddns/noip-duc.default.j2", account=account, minutes=minutes)


def render_service() -> str:
    """Return the text of its systemd unit, which the package does not contain."""
    return render("ddns/noip-duc.service.j2")


@dataclass(frozen=True)
class NoipPackage:
    """The package noip-duc for the architecture of this machine.

    No-IP publishes no signatures or checksums, so the only protection is HTTPS. The run log records the SHA-256.
    """

    kind: ClassVar[str] = "noip-package"
    folder: Path

    def describe(self) -> str:
        return "Install noip-duc from No-IP's site"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if machine.package("noip-duc"):
            return IN_SYNC
        return Preview(in_sync=False, diff=f"# from {LATEST}", argv=(self._install("ARCHITECTURE"),))

    def apply(self, work: ApplyContext) -> None:
        architecture = work.command(("dpkg", "--print-architecture")).output.strip()
        if architecture not in ARCHITECTURES:
            raise ChangeFailed(
                f"No-IP has no package of noip-duc for {architecture}.", hint='Set ddns.client to "ddclient".'
            )
        files.make_folders(self.folder)
        archive = fetch()
        work.say(f"Downloaded {len(archive)} bytes from {LATEST}, SHA-256 {files.digest(archive)}.")
        packed = self.folder / "noip-duc.tar.gz"
        files.replace(packed, archive, mode=0o600)
        try:
            files.replace(self._package(architecture), _unpack(packed, architecture))
        finally:
            packed.unlink()
            packed.with_suffix(".tar").unlink(missing_ok=True)
        work.remember("package", "noip-duc", {"installed": False})
        work.command(self._install(architecture))

    def _package(self, architecture: str) -> Path:
        return self.folder / f"noip-duc_{architecture}.deb"

    def _install(self, architecture: str) -> tuple[str, ...]:
        return (*APT, "--no-install-recommends", "install", str(self._package(architecture)))


FAILED = "noip-duc could not be downloaded from www.noip.com"
RETRY_HINT = 'Apply again later, or set ddns.client to "ddclient", which comes from Debian.'


def fetch(url: str = LATEST) -> bytes:
    """Download an archive, following only redirects to HTTPS."""
    until = time.monotonic() + DOWNLOAD_SECONDS
    for _ in range(MAX_REDIRECTS):
        answer = _request(url, until - time.monotonic())
        if answer.status == 200 and answer.whole:
            return answer.body
        if answer.status == 200:
            raise ChangeFailed(f"{FAILED}: the file is too big.", hint=RETRY_HINT)
        if answer.status not in REDIRECTS or "location" not in answer.headers:
            raise ChangeFailed(f"{FAILED}: the server returned {answer.status}.", hint=RETRY_HINT)
        url = urljoin(url, answer.headers["location"])
        if not url.startswith("https://"):
            raise ChangeFailed(f"{FAILED}: the server redirects to an address without HTTPS.", hint=RETRY_HINT)
    raise ChangeFailed(f"{FAILED}: too many redirects.", hint=RETRY_HINT)


def _request(url: str, seconds: float) -> HttpResponse:
    import ssl

    try:
        parts = urlsplit(url)
        secure, name = parts.scheme == "https", parts.hostname or ""
        tls = ssl.create_default_context() if secure else None
        return http_client.request(
            connections.tcp(name, parts.port or (443 if secure else 80), tls=tls),
            f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}",
            host=parts.netloc.rpartition("@")[2],
            headers={"User-Agent": f"piwizard/{__version__}"},
            limits=Limits(seconds, MAX_ARCHIVE_BYTES),
        )
    except (OSError, ValueError, MalformedResponse) as error:
        raise ChangeFailed(f"{FAILED}: {error}.", hint=RETRY_HINT) from error


def _unpack(archive: Path, architecture: str) -> bytes:
    """Return the package for this architecture from No-IP's archive."""
    import tarfile
    import zlib

    broken = ChangeFailed(
        f"The archive from www.noip.com contains no package of noip-duc for {architecture}.",
        hint='Set ddns.client to "ddclient", which comes from Debian.',
    )
    try:
        with tarfile.open(_expanded(archive), "r:") as packed:
            for member in packed:
                found = PACKAGE.fullmatch(member.name.removeprefix("./"))
                wanted = found is not None and found["architecture"] == architecture and member.isfile()
                if wanted and (content := packed.extractfile(member)):
                    return content.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, MemoryError) as error:
        raise broken from error
    raise broken


def _expanded(archive: Path) -> Path:
    """Decompress the archive beside it, up to a limit: a few kilobytes may expand to gigabytes."""
    import gzip

    target, left = archive.with_suffix(".tar"), MAX_EXPANDED_BYTES
    with gzip.open(archive) as packed, target.open("wb") as file:
        while piece := packed.read(65_536):
            left -= len(piece)
            if left < 0:
                raise ValueError("too big when decompressed")
            file.write(piece)
    return target
