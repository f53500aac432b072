"""noip-duc, No-IP's own client: its package from No-IP's site, since Debian has none, and its settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from piwizard import __version__
from piwizard.changes.base import HOLDS, ChangeFailed, Memory, Preview, Work
from piwizard.changes.package import APT
from piwizard.ddns.account import Account
from piwizard.machine import files
from piwizard.machine.snapshot import Machine
from piwizard.templating import render

if TYPE_CHECKING:
    from urllib.request import OpenerDirector, Request

SERVICE = "noip-duc.service"
DEFAULTS = Path("/etc/default/noip-duc")
LATEST = "https://www.noip.com/download/linux/latest"
ARCHITECTURES = ("amd64", "arm64", "armhf")
PACKAGE = re.compile(r"[^/]+/binaries/noip-duc_3[0-9a-z.~+-]*_(?P<architecture>[a-z0-9]+)\.deb")
MOST = 100_000_000
SECONDS = 60.0


def render_defaults(account: Account, minutes: int) -> str:
    """The text of /etc/default/noip-duc."""
    return render("ddns/noip-duc.default.j2", account=account, minutes=minutes)


def render_service() -> str:
    """The text of its unit: its package comes without one."""
    return render("ddns/noip-duc.service.j2")


@dataclass(frozen=True)
class NoipPackage:
    """The package noip-duc, of this machine's architecture.

    No-IP publishes neither signatures nor checksums, so all there is to rely on is its certificate: the archive is
    fetched over https alone, and its SHA-256 goes into the run's record.
    """

    kind: ClassVar[str] = "noip-package"
    folder: Path

    def describe(self) -> str:
        return "Install noip-duc from No-IP's site"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        if machine.package("noip-duc"):
            return HOLDS
        return Preview(holds=False, diff=f"# from {LATEST}", argv=(self._install("ARCHITECTURE"),))

    def apply(self, work: Work) -> None:
        architecture = work.command(("dpkg", "--print-architecture")).output.strip()
        if architecture not in ARCHITECTURES:
            raise ChangeFailed(
                f"No-IP has no package of its client for {architecture}.", hint='Set ddns.client to "ddclient".'
            )
        files.make_folders(self.folder)
        archive = _fetch()
        work.say(f"{LATEST} gave {len(archive)} bytes, SHA-256 {files.digest(archive)}.")
        packed = self.folder / "noip-duc.tar.gz"
        files.replace(packed, archive, mode=0o600)
        files.replace(self._package(architecture), _unpack(packed, architecture))
        packed.unlink()
        work.remember("package", "noip-duc", {"installed": False})
        work.command(self._install(architecture))

    def _package(self, architecture: str) -> Path:
        return self.folder / f"noip-duc_{architecture}.deb"

    def _install(self, architecture: str) -> tuple[str, ...]:
        return (*APT, "--no-install-recommends", "install", str(self._package(architecture)))


FAILED = "No-IP's client could not be downloaded from www.noip.com"
INSTEAD = 'Apply again later, or set ddns.client to "ddclient", which comes from Debian.'


def _fetch() -> bytes:
    from urllib.request import Request

    request = Request(LATEST, headers={"User-Agent": f"piwizard/{__version__}"})
    try:
        with opener().open(request, timeout=SECONDS) as answer:
            content: bytes = answer.read(MOST + 1)
    except OSError as error:
        raise ChangeFailed(f"{FAILED}: {getattr(error, 'reason', error)}.", hint=INSTEAD) from error
    if len(content) > MOST:
        raise ChangeFailed(f"{FAILED}: what came is far too big.", hint=INSTEAD)
    return content


def opener() -> OpenerDirector:
    """Follows redirects over https alone: one that is not protected could lead anywhere, also back to https."""
    from urllib.request import HTTPRedirectHandler, build_opener  # much to load for what few ask for

    class Protected(HTTPRedirectHandler):
        def redirect_request(self, *given: Any) -> Request | None:  # noqa: ANN401 — as urllib has it
            if not str(given[-1]).startswith("https://"):
                raise ChangeFailed(f"{FAILED}: it was to come over an unprotected connection.", hint=INSTEAD)
            return super().redirect_request(*given)

    return build_opener(Protected)


def _unpack(archive: Path, architecture: str) -> bytes:
    """The one package for this architecture in No-IP's archive."""
    import tarfile

    broken = ChangeFailed(
        f"What www.noip.com gave holds no package of noip-duc for {architecture}.",
        hint='Set ddns.client to "ddclient", which comes from Debian.',
    )
    try:
        with tarfile.open(archive) as packed:
            for member in packed:
                found = PACKAGE.fullmatch(member.name.removeprefix("./"))
                wanted = found is not None and found["architecture"] == architecture and member.size <= MOST
                if wanted and (content := packed.extractfile(member)):
                    return content.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise broken from error
    raise broken
