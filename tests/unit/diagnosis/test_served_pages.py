"""Test checks of pages with prepared responses."""

from __future__ import annotations

import pytest

from piwizard.diagnosis import served_pages
from piwizard.system.checks import HttpResponse

DOMAINS = ("a.example", "www.a.example")
SENT = dict.fromkeys((*served_pages.HEADERS, served_pages.HSTS), "x")


@pytest.fixture
def public(tmp_path):
    (tmp_path / "static").mkdir()
    for name in (".hidden", "a file.css", "a file.css.gz"):
        (tmp_path / "static" / name).touch()
    return tmp_path


@pytest.fixture
def check(public):
    """Return the findings for a correct site, with some of its responses replaced."""

    def go(*, secure=True, domains=DOMAINS, **instead):
        def ask(path, host, over_tls):
            for name, answer in instead.items():
                if path == {"page": "/", "file": "/static/a%20file.css"}.get(name):
                    return answer
            if path == served_pages.CHALLENGE:
                return instead.get("challenge", HttpResponse(404, {}, b""))
            if host.startswith("www.") or (secure and not over_tls):
                leads = f"http{'s' if secure else ''}://a.example{path}"
                return instead.get("led", HttpResponse(301, {"location": leads}, b""))
            return HttpResponse(404 if path.startswith(served_pages.MISSING_PAGE) else 200, SENT, b"")

        found = served_pages.check_pages("blog", domains, secure=secure, hsts=True, public=public, ask=ask)
        return {one.id: one for one in found}

    return go


@pytest.mark.parametrize("secure", [True, False])
def test_correct_site_passes(check, secure):
    found = check(secure=secure)
    assert [one.id for one in found.values() if not one.ok] == []
    assert found["static-file"].detail == "/static/a%20file.css returns 200"
    assert (served_pages.HSTS in found["security-headers"].detail) == secure
    assert found["missing-page"].detail.endswith("404")


def test_single_domain_over_http_has_no_redirect(check):
    assert "redirects" not in check(secure=False, domains=DOMAINS[:1])


@pytest.mark.parametrize(
    ("instead", "name", "words"),
    [
        ({"led": HttpResponse(200, {}, b"")}, "redirects", "http://a.example/ does not redirect"),
        ({"led": None}, "redirects", "https://www.a.example/ does not answer"),
        (
            {"led": HttpResponse(301, {"location": "https://b.example/"}, b"")},
            "redirects",
            "redirects to https://b.example/",
        ),
        (
            {"challenge": HttpResponse(301, {"location": "https://a.example/"}, b"")},
            "redirects",
            "Let's Encrypt are redirected",
        ),
        ({"challenge": None}, "redirects", "requests of Let's Encrypt get no answer"),
        ({"page": HttpResponse(502, SENT, b"")}, "start-page", "returns 502"),
        ({"page": None}, "start-page", "no answer"),
        ({"file": HttpResponse(403, SENT, b"")}, "static-file", "returns 403"),
        ({"page": HttpResponse(200, {}, b"")}, "security-headers", "/ lacks x-content-type-options"),
    ],
)
def test_wrong_response_is_reported(check, instead, name, words):
    bad = {key: one for key, one in check(**instead).items() if not one.ok}
    silent = ["security-headers"] if "page" in instead and instead["page"] is None else []
    assert list(bad) == [name, *silent]
    assert words in bad[name].detail
    assert bad[name].advice


def test_site_without_static_files(tmp_path):
    assert served_pages.static_file(tmp_path / "public") is None
