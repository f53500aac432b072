"""A certificate of certbot's, under a name that is piwizard's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview, Record
from piwizard.system import certificates, files
from piwizard.system.commands import which
from piwizard.system.system_cache import SystemCache

LETSENCRYPT = Path("/etc/letsencrypt")
NGINX = Path("/etc/nginx")


class RequestCertificate(Protocol):
    """How a certificate is asked for: what is looked at before, and what is remembered of it."""

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """What is run, in order: the rehearsal, and the real thing."""

    def make(self, work: ApplyContext) -> None:
        """Asks for it. ChangeFailed says why there is none."""


@dataclass(frozen=True)
class CertbotCertificate:
    """A certificate for just these names, not yet at its end. Undo deletes it where piwizard had it made."""

    kind: ClassVar[str] = "certificate"
    name: str
    domains: tuple[str, ...]
    request: RequestCertificate
    root: Path = LETSENCRYPT
    anew: bool = False
    """The one that is there came from another server than is wanted, or would be renewed in another way."""

    def describe(self) -> str:
        return f"Certificate for {', '.join(self.domains)}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        found = certificates.read_certificate(self.root / "live" / self.name / "fullchain.pem")
        if found and not self.anew and found.names == set(self.domains) and not found.due():
            return IN_SYNC
        return Preview(in_sync=False, argv=self.request.commands)

    def apply(self, work: ApplyContext) -> None:
        work.remember("certificate", self.name, {"root": str(self.root)})
        self.request.make(work)


def undo(record: Record, work: ApplyContext) -> str | None:
    """Deletes the certificate, unless a configuration of nginx still names it: nginx would not start again."""
    name, root = record["target"], Path(record["before"]["root"])
    if not (root / "renewal" / f"{name}.conf").exists() or which("certbot") is None:
        return None
    sign = f"{root / 'live' / name}/"
    visible = (path for path in sorted(NGINX.rglob("*")) if path.is_file() and not path.name.startswith("."))
    using = [path for path in visible if sign.encode() in (files.read(path) or b"")]
    if using:
        return f"The certificate {name} stays: {using[0]} uses it."
    work.command(("certbot", "delete", "--non-interactive", "--cert-name", name))
    return None
