"""Check the certificate that nginx serves on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from piwizard.system import certificates, checks, files
from piwizard.system.checks import Check
from piwizard.system.remedies import ApplySteps


def find_https_problem(host: str, folder: str) -> str | None:
    """Return why HTTPS fails for a host; None if nginx serves this certificate."""
    newest = _read_newest(Path(folder))
    if newest is None:
        return f"there is no certificate in {folder}"
    served = checks.poll_until(lambda: _read_served(host), lambda seen: seen == newest)
    if served is None:
        return f"no server answers for {host} over HTTPS"
    return None if served == newest else "nginx does not serve the newest certificate"


def check_certificate(folder: str | None, domains: Iterable[str]) -> Check:
    """Check that the certificate covers the domains and is not due for renewal."""
    found = certificates.read_certificate(Path(folder) / "fullchain.pem") if folder else None
    name, renew = "Certificate valid", ApplySteps(("certbot",), "to request one")
    if found is None:
        return Check("certificate-valid", name, False, "no certificate", fix=(renew,))
    missing = [domain for domain in domains if not found.covers(domain)]
    if missing:
        return Check("certificate-valid", name, False, f"not valid for {', '.join(missing)}", fix=(renew,))
    days = int(found.days_left())
    detail = f"until {found.ends:%Y-%m-%d}" if days >= 0 else f"expired on {found.ends:%Y-%m-%d}"
    return Check(
        "certificate-valid",
        f"Certificate valid for {days} more days" if days >= 0 else name,
        not found.due(),
        detail,
        cause="The renewal is overdue: every attempt has failed.",
        fix=(ApplySteps(("certbot",), "to renew it or see the error"),),
    )


def _read_served(host: str) -> bytes | None:
    try:
        with checks.tls_handshake(host) as connection:
            return connection.getpeercert(binary_form=True)
    except OSError:
        return None


def _read_newest(folder: Path) -> bytes | None:
    import ssl

    text = (files.read(folder / "fullchain.pem") or b"").decode("latin-1")
    first, end, _ = text.partition("-----END CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(first[first.index("-----BEGIN") :] + end) if end else None
