"""What visitors get from a site: where they are led, pages, files, errors, and the headers on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from piwizard.doctor.finding import Finding
from piwizard.nginx.server_blocks import redirects_of
from piwizard.system import checks
from piwizard.system.http_client import HttpResponse

Get = Callable[[str, str, bool], HttpResponse | None]
"""Gets a path of a host, over HTTPS or not."""
ELSEWHERE = "/piwizard-checkup/there-is-no-such-page"
QUERY = f"{ELSEWHERE}?with=this"
CHALLENGE = "/.well-known/acme-challenge/piwizard-checkup"
HEADERS = ("x-content-type-options", "x-frame-options", "referrer-policy")
HSTS = "strict-transport-security"
SERVER_BLOCK = (
    "`piwizard apply site` puts its server block right; another file under /etc/nginx may have the name, too."
)


def get(path: str, host: str, secure: bool) -> HttpResponse | None:
    """The real one."""
    return checks.get(path, host=host, secure=secure)


def look(
    site: str, domains: Sequence[str], *, secure: bool, hsts: bool, public: Path, ask: Get = get
) -> Iterator[Finding]:
    """All of it for one site; `public` is the folder of its static files."""
    leading = {name: target for target, names in redirects_of(tuple(domains)).items() for name in names}
    host = next(domain for domain in domains if domain not in leading)
    if secure or leading:
        yield _redirects(site, domains, leading, secure=secure, ask=ask)
    page = ask("/", host, secure)
    yield _page(site, f"http{'s' if secure else ''}://{host}/", page)
    answers = {"/": page, ELSEWHERE: ask(ELSEWHERE, host, secure)}
    yield _error(site, answers[ELSEWHERE])
    if path := static_file(public):
        answers[path] = ask(path, host, secure)
        yield _static(site, path, answers[path])
    yield _headers(site, answers, (*HEADERS, HSTS) if secure and hsts else HEADERS)


def static_file(public: Path) -> str | None:
    """The URL of one of the static files; None where there is none."""
    for path in sorted(public.rglob("*")):
        inside = path.relative_to(public)
        if path.is_file() and path.suffix != ".gz" and not any(part.startswith(".") for part in inside.parts):
            return quote(f"/{inside}")
    return None


def _redirects(site: str, domains: Sequence[str], leading: Mapping[str, str], *, secure: bool, ask: Get) -> Finding:
    scheme = "https" if secure else "http"
    wanted = [(domain, True) for domain in leading] if secure else []
    wanted += [(domain, False) for domain in domains if secure or domain in leading]
    wrong = []
    for domain, over_tls in wanted:
        expected = f"{scheme}://{leading.get(domain, domain)}{QUERY}"
        answer = ask(QUERY, domain, over_tls)
        leads = answer.headers.get("location", "nowhere") if answer else "nowhere: nobody answers"
        if leads != expected:
            wrong.append(f"http{'s' if over_tls else ''}://{domain}/ leads to {leads.removesuffix(QUERY)}")
    challenge = ask(CHALLENGE, domains[0], False) if secure else None
    if secure and challenge is None:
        wrong.append("nobody answers to Let's Encrypt's questions")
    elif challenge and "location" in challenge.headers:
        wrong.append("Let's Encrypt's questions are led away, too")
    good = f"{', '.join(dict.fromkeys(domain for domain, _ in wanted))} over HTTP" if secure else ", ".join(leading)
    towards = ", ".join(dict.fromkeys(f"{scheme}://{leading.get(domain, domain)}/" for domain, _ in wanted))
    detail = "; ".join(wrong) or f"{good}: led to {towards}"
    return _finding("redirects", site, detail, SERVER_BLOCK, ok=not wrong)


def _page(site: str, url: str, page: HttpResponse | None) -> Finding:
    detail = f"{url} gives {page.status}" if page else f"nobody answers at {url}"
    mend = "`piwizard doctor` says where it fails."
    return _finding("dynamic page", site, detail, mend, ok=page is not None and page.status < 500)


def _error(site: str, answer: HttpResponse | None) -> Finding:
    detail = f"a page that is not there gives {answer.status}" if answer else "nobody answers for a page not there"
    mend = "`piwizard doctor` says where the app fails."
    return _finding("missing page", site, detail, mend, ok=answer is not None and answer.status < 500)


def _static(site: str, path: str, answer: HttpResponse | None) -> Finding:
    detail = f"{path} gives {answer.status}" if answer else f"nobody answers for {path}"
    return _finding("static file", site, detail, SERVER_BLOCK, ok=answer is not None and answer.status == 200)


def _headers(site: str, answers: Mapping[str, HttpResponse | None], wanted: Sequence[str]) -> Finding:
    lacking = [f"nobody answers for {path}" for path, answer in answers.items() if answer is None]
    lacking += [
        f"{path} lacks {', '.join(missing)}"
        for path, answer in answers.items()
        if answer and (missing := [name for name in wanted if name not in answer.headers])
    ]
    detail = "; ".join(lacking) or f"{', '.join(wanted)} on {', '.join(answers)}"
    return _finding("security headers", site, detail, SERVER_BLOCK, ok=not lacking)


def _finding(name: str, site: str, detail: str, mend: str, *, ok: bool) -> Finding:
    return Finding(name, "site", site, ok, detail, "", "" if ok else mend)
