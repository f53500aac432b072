"""Check what visitors get: redirects, pages, files, errors and headers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from piwizard.diagnosis.findings import Finding
from piwizard.nginx.server_blocks import redirects_of
from piwizard.system import checks
from piwizard.system.http_client import HttpResponse
from piwizard.system.remedies import Advice, Fix, RunCommand

Get = Callable[[str, str, bool], HttpResponse | None]
"""Returns the response for a path of a host, over HTTPS or not."""
MISSING_PAGE = "/piwizard-checkup/there-is-no-such-page"
QUERY = f"{MISSING_PAGE}?with=this"
CHALLENGE = "/.well-known/acme-challenge/piwizard-checkup"
HEADERS = ("x-content-type-options", "x-frame-options", "referrer-policy")
HSTS = "strict-transport-security"
SERVER_BLOCK = (
    RunCommand("piwizard apply site", "to restore its server block"),
    Advice("Another file under /etc/nginx may have the host name, too."),
)
DOCTOR = (RunCommand("piwizard doctor", "to see where the app fails"),)


def get(path: str, host: str, secure: bool) -> HttpResponse | None:
    """Send a real request to this machine."""
    return checks.get_page(path, host=host, secure=secure)


def check_pages(
    site: str, domains: Sequence[str], *, secure: bool, hsts: bool, public: Path, ask: Get = get
) -> Iterator[Finding]:
    """Check one site; `public` is the folder of its static files."""
    redirected = {name: target for target, names in redirects_of(tuple(domains)).items() for name in names}
    host = next(domain for domain in domains if domain not in redirected)
    if secure or redirected:
        yield _redirects(site, domains, redirected, secure=secure, ask=ask)
    page = ask("/", host, secure)
    yield _page(site, f"http{'s' if secure else ''}://{host}/", page)
    answers = {"/": page, MISSING_PAGE: ask(MISSING_PAGE, host, secure)}
    yield _error(site, answers[MISSING_PAGE])
    if path := static_file(public):
        answers[path] = ask(path, host, secure)
        yield _static(site, path, answers[path])
    yield _headers(site, answers, (*HEADERS, HSTS) if secure and hsts else HEADERS)


def static_file(public: Path) -> str | None:
    """Return the URL of one of the static files; None if there is none."""
    for path in sorted(public.rglob("*")):
        inside = path.relative_to(public)
        if path.is_file() and path.suffix != ".gz" and not any(part.startswith(".") for part in inside.parts):
            return quote(os.fsencode(f"/{inside}"))
    return None


def _redirects(site: str, domains: Sequence[str], redirected: Mapping[str, str], *, secure: bool, ask: Get) -> Finding:
    scheme = "https" if secure else "http"
    wanted = [(domain, True) for domain in redirected] if secure else []
    wanted += [(domain, False) for domain in domains if secure or domain in redirected]
    wrong = []
    for domain, over_tls in wanted:
        expected = f"{scheme}://{redirected.get(domain, domain)}{QUERY}"
        answer = ask(QUERY, domain, over_tls)
        target = answer.headers.get("location", "") if answer else ""
        if target != expected:
            to = f"redirects to {target.removesuffix(QUERY)}" if target else "does not redirect"
            wrong.append(f"http{'s' if over_tls else ''}://{domain}/ {to if answer else 'does not answer'}")
    challenge = ask(CHALLENGE, domains[0], False) if secure else None
    if secure and challenge is None:
        wrong.append("requests of Let's Encrypt get no answer")
    elif challenge and "location" in challenge.headers:
        wrong.append("requests of Let's Encrypt are redirected, too")
    sources = (
        f"{', '.join(dict.fromkeys(domain for domain, _ in wanted))} over HTTP" if secure else ", ".join(redirected)
    )
    targets = ", ".join(dict.fromkeys(f"{scheme}://{redirected.get(domain, domain)}/" for domain, _ in wanted))
    detail = "; ".join(wrong) or f"{sources}: redirected to {targets}"
    return _finding(("redirects", "Redirects correct"), site, detail, SERVER_BLOCK, ok=not wrong)


def _page(site: str, url: str, page: HttpResponse | None) -> Finding:
    detail = f"{url} returns {page.status}" if page else f"no answer at {url}"
    ok = page is not None and page.status < 500
    return _finding(("start-page", "Start page answers"), site, detail, DOCTOR, ok=ok)


def _error(site: str, answer: HttpResponse | None) -> Finding:
    detail = f"a missing page returns {answer.status}" if answer else "no answer for a missing page"
    ok = answer is not None and answer.status < 500
    return _finding(("missing-page", "Missing page handled"), site, detail, DOCTOR, ok=ok)


def _static(site: str, path: str, answer: HttpResponse | None) -> Finding:
    detail = f"{path} returns {answer.status}" if answer else f"no answer for {path}"
    ok = answer is not None and answer.status == 200
    return _finding(("static-file", "Static files served"), site, detail, SERVER_BLOCK, ok=ok)


def _headers(site: str, answers: Mapping[str, HttpResponse | None], wanted: Sequence[str]) -> Finding:
    lacking = [f"no answer for {path}" for path, answer in answers.items() if answer is None]
    lacking += [
        f"{path} lacks {', '.join(missing)}"
        for path, answer in answers.items()
        if answer and (missing := [name for name in wanted if name not in answer.headers])
    ]
    detail = "; ".join(lacking) or f"{', '.join(wanted)} on {', '.join(answers)}"
    return _finding(("security-headers", "Security headers sent"), site, detail, SERVER_BLOCK, ok=not lacking)


def _finding(kind: tuple[str, str], site: str, detail: str, fix: Fix, *, ok: bool) -> Finding:
    return Finding(*kind, ok, detail, fix=() if ok else fix, step="site", site=site)
