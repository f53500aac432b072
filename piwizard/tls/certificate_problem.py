"""What visitors get over HTTPS, looked at on this machine, and how long it counts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from piwizard.system import certificates, checks, files
from piwizard.system.checks import Check
from piwizard.system.remedies import ApplySteps


def ill(host: str, folder: str) -> str | None:
    """What is wrong with HTTPS for a name; None where nginx serves just the certificate of that folder."""
    newest = _newest(Path(folder))
    if newest is None:
        return f"there is no certificate in {folder}"
    got = checks.settled(lambda: _served(host), lambda seen: seen == newest)
    if got is None:
        return f"nobody answers for {host} over HTTPS"
    return None if got == newest else "another certificate than the newest is served"


def certificate_check(folder: str | None, domains: Iterable[str]) -> Check:
    """Whether the certificate covers the names, and for how long."""
    found = certificates.read(Path(folder) / "fullchain.pem") if folder else None
    name, renew = "Certificate valid", ApplySteps(("certbot",), "to request one")
    if found is None:
        return Check("certificate-valid", name, False, "no certificate", fix=(renew,))
    lacking = [domain for domain in domains if not found.covers(domain)]
    if lacking:
        return Check("certificate-valid", name, False, f"not valid for {', '.join(lacking)}", fix=(renew,))
    days = int(found.days_left())
    detail = f"until {found.ends:%Y-%m-%d}" if days >= 0 else f"expired on {found.ends:%Y-%m-%d}"
    return Check(
        "certificate-valid",
        f"Certificate valid for {days} more days" if days >= 0 else name,
        not found.due(),
        detail,
        cause="Its renewal is overdue: every attempt has failed.",
        fix=(ApplySteps(("certbot",), "to renew it, or to see why that fails"),),
    )


def _served(host: str) -> bytes | None:
    try:
        with checks.handshake(host) as connection:
            return connection.getpeercert(binary_form=True)
    except OSError:
        return None


def _newest(folder: Path) -> bytes | None:
    import ssl

    text = (files.read(folder / "fullchain.pem") or b"").decode("latin-1")
    first, end, _ = text.partition("-----END CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(first[first.index("-----BEGIN") :] + end) if end else None
