"""Get a certificate from certbot under a name that belongs to piwizard."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Protocol

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview, Record
from piwizard.system import certificates, files
from piwizard.system.commands import which
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

LETSENCRYPT = Path("/etc/letsencrypt")
NGINX = Path("/etc/nginx")


class RequestCertificate(Protocol):
    """The request for a certificate, with its preflight checks."""

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Return the commands in order: the dry run, and the request."""

    def make(self, work: ApplyContext) -> None:
        """Request the certificate. Raise ChangeFailed if that fails, and why."""


@dataclass(frozen=True)
class CertbotCertificate:
    """A certificate for exactly these domains that is not about to expire.

    Undo deletes it.
    """

    kind: ClassVar[str] = "certificate"
    name: str
    domains: tuple[str, ...]
    request: RequestCertificate
    root: Path = LETSENCRYPT
    request_again: bool = False
    """The existing certificate came from another server, or would be renewed with another validation method."""

    def describe(self) -> str:
        return f"Certificate for {', '.join(self.domains)}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        found = certificates.read_certificate(self.root / "live" / self.name / "fullchain.pem")
        if found and not self.request_again and found.names == set(self.domains) and not found.due():
            return IN_SYNC
        return Preview(in_sync=False, argv=self.request.commands)

    def apply(self, work: ApplyContext) -> None:
        work.remember("certificate", self.name, {"root": str(self.root)})
        self.request.make(work)


def undo(record: Record, work: ApplyContext) -> str | None:
    """Delete the certificate, unless nginx still uses it.

    Without it, nginx would not start.
    """
    name, root = record["target"], Path(record["before"]["root"])
    if not (root / "renewal" / f"{name}.conf").exists() or which("certbot") is None:
        return None
    sign = f"{root / 'live' / name}/"
    visible = (path for path in sorted(NGINX.rglob("*")) if path.is_file() and not path.name.startswith("."))
    using = [path for path in visible if sign.encode() in (files.read(path) or b"")]
    if using:
        return f"The certificate {name} is kept: {using[0]} uses it."
    work.command(("certbot", "delete", "--non-interactive", "--cert-name", name))
    return None
