"""A site's HTTPS: the certificate as it is served, what is offered, and the grade that comes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from piwizard.checkup import pages
from piwizard.doctor.finding import Finding
from piwizard.system.certificates import X509Info
from piwizard.tls import tls_scan
from piwizard.tls.grade import OLD, Observed, grade

MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d+)", re.IGNORECASE)
APPLY = "`piwizard apply certbot` puts it right; another file under /etc/nginx may have the name, too."
WITHOUT = (
    "served over HTTP alone, so there is nothing to grade. HTTPS needs {}, and the answer tls.https = true; then "
    "`piwizard apply certbot renewal`"
)
BY_HTTP = "names that lead here from the Internet, a router that lets in ports 80 and 443"
BY_DNS = 'names in the zone of your DDNS provider (tls.challenge = "dns": no port has to be open for the certificate)'


def without(site: str, *, by_dns: bool) -> Finding:
    """What is said of a site that is served over HTTP: that may be just what is wanted."""
    return Finding("grade", "certbot", site, True, WITHOUT.format(BY_DNS if by_dns else BY_HTTP))


def look(site: str, domains: Sequence[str], host: str) -> Iterator[Finding]:
    """All of it for one site; `host` is the name that others lead to."""
    page = pages.get("/", host, True)
    said = MAX_AGE.search(page.headers.get(pages.HSTS, "")) if page else None
    ordered = (host, *(domain for domain in domains if domain != host))
    seen = tls_scan.observe(ordered, hsts=int(said[1]) if said else None)
    if seen is None:
        yield _finding("https", site, f"nobody answers for {host} over HTTPS, or not to every question", ok=False)
        return
    yield from judge(site, seen, tls_scan.certificate(host))


def judge(site: str, seen: Observed, served: X509Info | None) -> Iterator[Finding]:
    """What was seen, as findings."""
    bad = "; ".join(filter(None, (seen.untrusted, seen.mismatched and f"not for {seen.mismatched}")))
    until = f", until {served.ends:%Y-%m-%d} ({int(served.days_left())} days)" if served else ""
    yield _finding("certificate chain", site, bad or f"whole and trusted by this machine{until}", ok=not bad)
    old = [name for name in seen.protocols if name in OLD]
    yield _finding("protocols", site, ", ".join(seen.protocols), ok=not old)
    weak = [suite.name for suite in seen.suites if suite.broken or suite.is_open or not suite.forward]
    detail = f"weak ones are offered: {', '.join(weak)}" if weak else f"{len(seen.suites)} suites, none of them weak"
    yield _finding("cipher suites", site, detail, ok=bool(seen.suites) and not weak)
    given = grade(seen)
    detail = f"{given.letter} predicted at SSL Labs: {'; '.join(given.reasons)}"
    yield _finding("grade", site, detail, ok=given.letter in ("A+", "A", "A-"))


def _finding(name: str, site: str, detail: str, *, ok: bool) -> Finding:
    return Finding(name, "certbot", site, ok, detail, "", "" if ok else APPLY)
