"""Read this machine's package sources and trusted certificates.


The Pis of the lab use the same, and the home network reaches nothing else.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pip._internal.models.index import PyPI

from piwizard.system import commands

EXTRA_CERTIFICATES = Path("/usr/local/share/ca-certificates")


@dataclass(frozen=True)
class Archives:
    main: str
    security: str

    def lines(self, release: str) -> list[str]:
        return [
            f"deb {self.main} {release} main",
            f"deb {self.main} {release}-updates main",
            f"deb {self.security} {release}-security main",
        ]


def archives(apt: Path = Path("/etc/apt")) -> Archives:
    """Return the Debian archives in apt's own sources, in either of the two formats."""
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    words = [word for file in files if file.is_file() for word in _words(file)]
    addresses = [word.rstrip("/") for word in words if word.startswith(("http://", "https://"))]
    main = next((a for a in addresses if a.endswith("/debian")), None)
    assert main, f"apt's sources in {apt} name no archive that ends in /debian"
    security = next((a for a in addresses if a.endswith("/debian-security")), f"{main}-security")
    return Archives(main, security)


def _words(file: Path) -> list[str]:
    lines = file.read_text(errors="replace").splitlines()
    return [word for line in lines if not line.lstrip().startswith("#") for word in line.split()]


def pip_settings() -> dict[str, str]:
    """Return pip's settings about indexes on the network, without file:// ones."""
    listed = commands.run((sys.executable, "-m", "pip", "config", "list"), env={"HOME": str(Path.home())}).output
    settings = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        remote = [word for word in value.strip("'\"").split() if "://" in word and not word.startswith("file:")]
        if name in ("index-url", "extra-index-url") and remote:
            settings[name] = " ".join(remote)
    return settings


def registry_hosts() -> list[str]:
    """Return the host names that apt and pip need; nothing else can be reached."""
    found = archives()
    indexes = [word for value in pip_settings().values() for word in value.split()]
    pips_own = (PyPI.simple_url, f"https://{PyPI.file_storage_domain}")
    addresses = [found.main, found.security, *(indexes or pips_own)]
    names = {urlsplit(address).hostname for address in addresses}
    return sorted(name for name in names if name)


def certificates() -> list[Path]:
    """Return the certificates that this machine trusts beyond Debian's own set."""
    return sorted(EXTRA_CERTIFICATES.glob("*.crt"))
