"""Check a site's HTTPS: certificate, protocols, cipher suites and grade."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from piwizard.diagnosis import served_pages
from piwizard.diagnosis.findings import Finding
from piwizard.system.certificates import X509Info
from piwizard.system.remedies import Advice, RunCommand
from piwizard.tls import tls_scan
from piwizard.tls.grade import OLD_PROTOCOLS, Observed, predict_grade

MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d+)", re.IGNORECASE)
APPLY = (
    RunCommand("piwizard apply certbot", "to restore it"),
    Advice("Another file under /etc/nginx may have the host name, too."),
)
GRADE = ("ssl-labs-grade", "SSL Labs grade A or better")
WITHOUT = (
    "no grade, because the site is served over HTTP only. HTTPS needs {}, and tls.https = true; then run "
    "`piwizard apply certbot renewal`"
)
BY_HTTP = "a domain that points to your public IP, and ports 80 and 443 forwarded in the router"
BY_DNS = 'a domain in the zone of your DDNS provider (tls.challenge = "dns": the certificate needs no open port)'


def no_https(site: str, *, by_dns: bool) -> Finding:
    """Return the finding for a site over HTTP only, which may be intended."""
    return Finding(*GRADE, True, WITHOUT.format(BY_DNS if by_dns else BY_HTTP), step="certbot", site=site)


def check_https(site: str, domains: Sequence[str], host: str) -> Iterator[Finding]:
    """Check one site; `host` is the host name that the others redirect to."""
    page = served_pages.get("/", host, True)
    said = MAX_AGE.search(page.headers.get(served_pages.HSTS, "")) if page else None
    ordered = (host, *(domain for domain in domains if domain != host))
    seen = tls_scan.scan_server(ordered, hsts=int(said[1]) if said else None)
    if seen is None:
        kind = ("https-answers", "HTTPS answers")
        yield _finding(kind, site, f"no answer for {host} over HTTPS, or not to every request", ok=False)
        return
    yield from judge_https(site, seen, tls_scan.read_served_certificate(host))


def judge_https(site: str, seen: Observed, served: X509Info | None) -> Iterator[Finding]:
    """Return the findings for the result of a scan."""
    bad = "; ".join(filter(None, (seen.untrusted, seen.mismatched and f"not for {seen.mismatched}")))
    until = f", until {served.ends:%Y-%m-%d} ({int(served.days_left())} days)" if served else ""
    chain = ("certificate-chain-trusted", "Certificate chain complete and trusted")
    yield _finding(chain, site, bad or f"trusted by this Pi{until}", ok=not bad)
    old = [name for name in seen.protocols if name in OLD_PROTOCOLS]
    yield _finding(("tls-protocols", "TLS protocols up to date"), site, ", ".join(seen.protocols), ok=not old)
    weak = [suite.name for suite in seen.suites if suite.broken or suite.insecure or not suite.forward]
    detail = f"weak: {', '.join(weak)}" if weak else f"{len(seen.suites)} suites, none of them weak"
    yield _finding(("cipher-suites", "Cipher suites strong"), site, detail, ok=bool(seen.suites) and not weak)
    given = predict_grade(seen)
    detail = f"{given.letter} expected at SSL Labs: {'; '.join(given.reasons)}"
    yield _finding(GRADE, site, detail, ok=given.letter in ("A+", "A", "A-"), subject=given.letter)


def _finding(kind: tuple[str, str], site: str, detail: str, *, ok: bool, subject: str = "") -> Finding:
    return Finding(*kind, ok, detail, fix=() if ok else APPLY, subject=subject, step="certbot", site=site)
