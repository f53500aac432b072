"""Read certificates with openssl."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from piwizard.system import commands
from piwizard.system.lazy_dataclass import dataclass

X509_OPTIONS = ("-noout", "-issuer", "-dates", "-ext", "subjectAltName")
WARNING_DAYS, USUAL_LIFETIME_DAYS = 20, 90
"""Days before expiry at which a certificate of 90 days needs attention. Shorter lifetimes scale down."""
DATE_FORMAT = "%b %d %H:%M:%S %Y GMT"


@dataclass(frozen=True)
class X509Info:
    """The host names and the validity of a certificate."""

    names: frozenset[str]
    ends: datetime
    issuer: str
    begins: datetime | None = None

    def days_left(self, now: datetime | None = None) -> float:
        """Return the days until it expires; negative after that."""
        return (self.ends - (now or datetime.now(UTC))).total_seconds() / 86400

    def due(self, now: datetime | None = None) -> bool:
        """Return whether it expires so soon that its renewal must have failed.

        certbot renews when a third of the lifetime is left.
        """
        lasts = (self.ends - self.begins).total_seconds() / 86400 if self.begins else USUAL_LIFETIME_DAYS
        return self.days_left(now) < min(WARNING_DAYS, lasts * WARNING_DAYS / USUAL_LIFETIME_DAYS)

    def covers(self, domain: str) -> bool:
        """Return whether it is valid for a host name, directly or through a wildcard."""
        return domain in self.names or f"*.{domain.partition('.')[2]}" in self.names


def read_certificate(path: Path) -> X509Info | None:
    """Read the first certificate of a PEM file; None if openssl cannot."""
    if not path.is_file() or commands.which("openssl") is None:
        return None
    shown = commands.run(("openssl", "x509", "-in", str(path), *X509_OPTIONS))
    return parse_certificate(shown.output) if shown.ok else None


def parse_certificate(text: str) -> X509Info | None:
    """Parse the output of `openssl x509`."""
    fields = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in text.splitlines())}
    if "notAfter" not in fields:
        return None
    begins, ends = (
        datetime.strptime(re.sub(r"\s+", " ", fields[name]), DATE_FORMAT).replace(tzinfo=UTC)
        if name in fields
        else None
        for name in ("notBefore", "notAfter")
    )
    assert ends is not None
    names = frozenset(re.findall(r"DNS:([^,\s]+)", text))
    return X509Info(names, ends, fields.get("issuer", ""), begins)
