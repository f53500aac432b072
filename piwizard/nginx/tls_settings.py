"""Choose nginx's TLS settings: Mozilla's intermediate set for its version."""

from __future__ import annotations

import re

from piwizard.system.lazy_dataclass import dataclass

WEBROOT = "/var/lib/letsencrypt"
"""Where certbot puts its challenges for all sites; below it `.well-known/acme-challenge`."""
NEWEST = (999,)
"""A version that is not known, before the package is installed: plans show what today's does."""
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
"""Mozilla's intermediate set, version 6.0; those of TLS 1.3 are OpenSSL's own."""
DHE_CIPHERS = ("DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-CHACHA20-POLY1305")
"""Those of version 5. nginx offers them only where the step dhparam has given it parameters."""
CURVES = ("X25519", "prime256v1", "secp384r1")
POST_QUANTUM = "?X25519MLKEM768"
"""The question mark: OpenSSL passes over it where it does not know it, instead of refusing the whole list."""
HSTS_SECONDS = {"off": 0, "one-day": 86400, "two-years": 63072000}
"""How long browsers use only HTTPS after a visit, by the answer tls.hsts."""


@dataclass(frozen=True)
class TlsEngine:
    """The nginx that reads the configuration, and the OpenSSL that it runs on."""

    nginx: tuple[int, ...] = NEWEST
    openssl: tuple[int, ...] = NEWEST

    @property
    def http2_directive(self) -> bool:
        """Return whether HTTP/2 is a directive, not an option of `listen`."""
        return self.nginx >= (1, 25, 1)

    @property
    def rejects_handshakes(self) -> bool:
        """Return whether a server can reject all handshakes without a certificate."""
        return self.nginx >= (1, 19, 4)

    @property
    def rotates_tickets(self) -> bool:
        """Return whether nginx rotates session ticket keys; else tickets must be off."""
        return self.nginx >= (1, 23, 2)

    @property
    def curves(self) -> str:
        """Return ssl_ecdh_curve; nginx rejects names that OpenSSL does not know."""
        return ":".join((POST_QUANTUM, *CURVES) if self.openssl >= (3, 5) else CURVES)

    @property
    def ciphers(self) -> str:
        """Return the value of ssl_ciphers."""
        return ":".join((*CIPHERS, *DHE_CIPHERS))


BOOKWORM = TlsEngine((1, 22, 1), (3, 0))
"""What Debian 12 has; what comes after it has all that is asked for here."""


def engine(nginx: str | None, openssl: str | None) -> TlsEngine:
    """Parse versions such as "1.22.1"; None if the package is not installed yet."""
    return TlsEngine(_numbers(nginx), _numbers(openssl))


@dataclass(frozen=True)
class Tls:
    """A site's certificate, and what is sent with its pages."""

    #: certbot's folder with fullchain.pem and privkey.pem.
    folder: str
    engine: TlsEngine = TlsEngine()
    #: Seconds; 0 sends no header.
    hsts: int = HSTS_SECONDS["one-day"]


def _numbers(version: str | None) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version or "")
    return tuple(int(number) for number in found[0].split(".")) if found else NEWEST
