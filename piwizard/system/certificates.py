"""What a certificate says of itself, read with openssl."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from piwizard.system import commands

WORDS = ("-noout", "-issuer", "-dates", "-ext", "subjectAltName")
SOON, LONG = 20, 90
"""Days before its end at which somebody has to know, of one that lasts so long: of shorter ones as much less."""
END = "%b %d %H:%M:%S %Y GMT"


@dataclass(frozen=True)
class X509Info:
    """The names that it is for, and how long it is valid."""

    names: frozenset[str]
    ends: datetime
    issuer: str
    begins: datetime | None = None

    def days_left(self, now: datetime | None = None) -> float:
        """Until its end; less than nothing afterwards."""
        return (self.ends - (now or datetime.now(UTC))).total_seconds() / 86400

    def due(self, now: datetime | None = None) -> bool:
        """Whether it is so near to its end that a renewal must have failed: certbot renews at a third of its time."""
        lasts = (self.ends - self.begins).total_seconds() / 86400 if self.begins else LONG
        return self.days_left(now) < min(SOON, lasts * SOON / LONG)

    def covers(self, domain: str) -> bool:
        """Whether it counts for a name, be it by an asterisk."""
        return domain in self.names or f"*.{domain.partition('.')[2]}" in self.names


def read(path: Path) -> X509Info | None:
    """The first certificate of a PEM file; None where there is none that openssl understands."""
    if not path.is_file() or commands.which("openssl") is None:
        return None
    shown = commands.run(("openssl", "x509", "-in", str(path), *WORDS))
    return parse(shown.output) if shown.ok else None


def parse(text: str) -> X509Info | None:
    """Reads what `openssl x509` printed."""
    fields = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in text.splitlines())}
    if "notAfter" not in fields:
        return None
    begins, ends = (
        datetime.strptime(re.sub(r"\s+", " ", fields[name]), END).replace(tzinfo=UTC) if name in fields else None
        for name in ("notBefore", "notAfter")
    )
    assert ends is not None
    names = frozenset(re.findall(r"DNS:([^,\s]+)", text))
    return X509Info(names, ends, fields.get("issuer", ""), begins)
