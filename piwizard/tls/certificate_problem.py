"""What visitors get over HTTPS, looked at on this machine, and how long it counts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from piwizard.system import certificates, checks, files
from piwizard.system.checks import Check


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
    if found is None:
        return Check("certificate", False, "there is none", mend="`piwizard apply certbot` asks for one.")
    lacking = [domain for domain in domains if not found.covers(domain)]
    if lacking:
        mend = "`piwizard apply certbot` has it extended."
        return Check("certificate", False, f"is not for {', '.join(lacking)}", mend=mend)
    days = int(found.days_left())
    return Check(
        "certificate",
        not found.due(),
        f"counts for {days} more days, until {found.ends:%Y-%m-%d}" if days >= 0 else f"ended on {found.ends:%Y-%m-%d}",
        cause="It should have been renewed before: every renewal since has failed.",
        mend="`piwizard apply certbot` asks for a new one, and says why there is none.",
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
