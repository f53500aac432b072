"""Read the certificates of certbot on this machine, and which sites use them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path

from piwizard.system import certificates, files, paths
from piwizard.system.certificates import X509Info
from piwizard.system.lazy_dataclass import dataclass

LETSENCRYPT = Path("/etc/letsencrypt")
NAME_PREFIX = "piwizard-"
"""Begins the names of piwizard's certificates. The user's own certificates are never changed."""
MIN_DAYS_LEFT = 1.0
STAGING = re.compile(r"staging|fake|\(test\)", re.IGNORECASE)


@dataclass(frozen=True)
class Lineage:
    """certbot's name for a certificate, its newest version, and its renewal settings."""

    name: str
    certificate: X509Info
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def server(self) -> str:
        """Return the URL of the ACME directory that issued it."""
        return self.settings.get("server", "")

    def serves(self, domains: Iterable[str]) -> bool:
        """Return whether browsers accept it for all of these domains."""
        trusted = not STAGING.search(f"{self.server} {self.certificate.issuer}")
        # Where the renewal is overdue, it keeps failing: piwizard requests a certificate of its own.
        lasts = self.certificate.days_left() > MIN_DAYS_LEFT and not self.certificate.due()
        return trusted and lasts and all(map(self.certificate.covers, domains))


@dataclass(frozen=True)
class Certificates:
    """All certificates on this machine, and the folder that each HTTPS site uses."""

    lineages: tuple[Lineage, ...] = ()
    in_use: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str) -> Lineage | None:
        """Return the certificate with that name, if any."""
        return next((one for one in self.lineages if one.name == name), None)

    def of_user(self, domains: Iterable[str], preferred: str | None = None) -> Lineage | None:
        """Return a certificate that the user requested for these domains, if any.

        If several fit, take the preferred one.
        """
        wanted = list(domains)
        fitting = [one for one in self.lineages if not one.name.startswith(NAME_PREFIX) and one.serves(wanted)]
        return next((one for one in fitting if one.name == preferred), fitting[0] if fitting else None)


def name_for(site: str) -> str:
    """Return the name of piwizard's certificate for a site."""
    return f"{NAME_PREFIX}{site}"


def live_folder(name: str, root: Path = LETSENCRYPT) -> Path:
    """Return the folder where certbot keeps the newest certificate and its key."""
    return root / "live" / name


def in_use_folder() -> Path:
    """Return the folder with a link for each HTTPS site to its certificate's folder."""
    return paths.state_dir() / "certificates"


def find_leftovers(name: str, root: Path = LETSENCRYPT) -> list[Path]:
    """Return the incomplete files of a certificate if certbot was killed.

    With them in place, certbot saves the next certificate under another name.
    """
    conf, live = root / "renewal" / f"{name}.conf", live_folder(name, root)
    complete = certificates.read_certificate(live / "fullchain.pem") and (live / "privkey.pem").exists()
    if complete and "[renewalparams]" in _text(conf):
        return []
    return [path for path in (conf, live, root / "archive" / name) if os.path.lexists(path)]


def read_certificates(root: Path = LETSENCRYPT) -> Certificates:
    """Read the certificates of this machine."""
    found = []
    for file in sorted((root / "renewal").glob("*.conf")):
        certificate = certificates.read_certificate(root / "live" / file.stem / "fullchain.pem")
        if certificate:
            found.append(Lineage(file.stem, certificate, parse_renewal_settings(_text(file))))
    return Certificates(tuple(found), folders_in_use())


def folders_in_use() -> dict[str, str]:
    """Return the certificate folder of each HTTPS site.

    Ignore certificates that were deleted: nginx does not start with a missing one.
    """
    folder = in_use_folder()
    links = sorted(folder.iterdir()) if folder.is_dir() else []
    return {link.name: os.readlink(link) for link in links if link.is_symlink() and (link / "fullchain.pem").exists()}


def parse_renewal_settings(text: str) -> dict[str, str]:
    """Return the "key = value" lines of a renewal file, also of [[webroot_map]]."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "replace")
