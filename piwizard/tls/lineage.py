"""The certificates that certbot keeps on this machine, and which of them a site is served with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from piwizard.system import certificates, files, paths
from piwizard.system.certificates import X509Info

LETSENCRYPT = Path("/etc/letsencrypt")
OURS = "piwizard-"
"""What piwizard asks certbot for is called so and after the site: a person's own are never altered."""
LEAST_DAYS = 1.0
STAGING = re.compile(r"staging|fake|\(test\)", re.IGNORECASE)


@dataclass(frozen=True)
class Lineage:
    """One of certbot's: its name, its newest certificate, and what certbot noted for renewing it."""

    name: str
    certificate: X509Info
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def server(self) -> str:
        """The ACME directory that it came from."""
        return self.settings.get("server", "")

    def serves(self, domains: Iterable[str]) -> bool:
        """Whether browsers would take it for all of these names."""
        trusted = not STAGING.search(f"{self.server} {self.certificate.issuer}")
        # One whose renewal must have failed would be kept to its last day.
        lasts = self.certificate.days_left() > LEAST_DAYS and not self.certificate.due()
        return trusted and lasts and all(map(self.certificate.covers, domains))


@dataclass(frozen=True)
class Certificates:
    """Those that are there, and which site is served with which folder."""

    lineages: tuple[Lineage, ...] = ()
    in_use: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str) -> Lineage | None:
        """The one of that name."""
        return next((one for one in self.lineages if one.name == name), None)

    def of_person(self, domains: Iterable[str], preferred: str | None = None) -> Lineage | None:
        """One that piwizard did not ask for and that covers these names; the preferred one if it does."""
        wanted = list(domains)
        fitting = [one for one in self.lineages if not one.name.startswith(OURS) and one.serves(wanted)]
        return next((one for one in fitting if one.name == preferred), fitting[0] if fitting else None)


def name_for(site: str) -> str:
    """What the certificate that piwizard asks for is called at certbot."""
    return f"{OURS}{site}"


def folder(name: str, root: Path = LETSENCRYPT) -> Path:
    """Where certbot keeps the newest certificate and key of that name."""
    return root / "live" / name


def in_use_folder() -> Path:
    """It holds a link for each site that is served over HTTPS: to the folder of its certificate."""
    return paths.state_dir() / "certificates"


def leftovers(name: str, root: Path = LETSENCRYPT) -> list[Path]:
    """What certbot has left of a certificate of ours where it was killed while it wrote it, before all was there.

    It would keep the next one under another name.
    """
    conf = root / "renewal" / f"{name}.conf"
    whole = certificates.read(folder(name, root) / "fullchain.pem") and (folder(name, root) / "privkey.pem").exists()
    if whole and "[renewalparams]" in _text(conf):
        return []
    return [path for path in (conf, folder(name, root), root / "archive" / name) if os.path.lexists(path)]


def look(root: Path = LETSENCRYPT) -> Certificates:
    """Reads them; nothing where certbot was never here."""
    found = []
    for file in sorted((root / "renewal").glob("*.conf")):
        certificate = certificates.read(root / "live" / file.stem / "fullchain.pem")
        if certificate:
            found.append(Lineage(file.stem, certificate, settings(_text(file))))
    return Certificates(tuple(found), in_use())


def in_use() -> dict[str, str]:
    """The folder of the certificate of each site that is served over HTTPS.

    One that somebody has removed is in use no more: nginx would not start with it.
    """
    folder = in_use_folder()
    links = sorted(folder.iterdir()) if folder.is_dir() else []
    return {link.name: os.readlink(link) for link in links if link.is_symlink() and (link / "fullchain.pem").exists()}


def settings(text: str) -> dict[str, str]:
    """The lines "key = value" of a renewal file, the webroots of single names among them."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "replace")
