"""Test a closed site, and the pages of its own, with the real nginx."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.errors import PiwizardError
from piwizard.nginx import maintenance, server_blocks
from piwizard.nginx.server_blocks import INCLUDED

PAGES = {"pages": (f"{INCLUDED}/own", f"{INCLUDED}/release")}
with_pages = pytest.mark.parametrize("served", [PAGES], indirect=True)


def close(served) -> None:
    marker = served.folder / "included" / "my-flask.maintenance" / "on"
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()


def page(served, place: str, name: str, text: str) -> Path:
    path = served.folder / "included" / place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("served", [{}, PAGES], indirect=True)
def test_closed_site_returns_503_until_it_opens(served) -> None:
    close(served)
    for method, path in (("GET", "/"), ("POST", "/form"), ("HEAD", "/"), ("GET", "/events")):
        answer = served.get(path, method=method, headers=(("Accept", "text/event-stream"),))
        assert answer.status == 503, f"{method} {path}"
        headers = {name.lower(): value for name, value in answer.headers}
        assert headers["retry-after"] == "300"
        assert headers["cache-control"] == "no-store"
    assert b"closed for maintenance" in served.get("/").body
    assert not served.backend.connections
    (served.folder / "included" / "my-flask.maintenance" / "on").unlink()
    assert served.get("/").status == 200


@with_pages
def test_static_files_and_challenges_work_while_closed(served) -> None:
    close(served)
    (served.static / "style.css").write_text("a {}")
    assert served.get("/static/style.css").status == 200
    assert served.get("/.well-known/acme-challenge/x").status == 404
    assert served.get("/static/missing").status == 503


@with_pages
def test_own_pages_replace_those_of_the_release(served) -> None:
    close(served)
    page(served, "release", "503.html", "release 503")
    assert served.get("/").body == b"release 503"
    page(served, "release", "maintenance.html", "release maintenance")
    assert served.get("/", method="POST").body == b"release maintenance"
    page(served, "own", "maintenance.html", "own maintenance")
    answer = served.get("/")
    assert (answer.status, answer.body) == (503, b"own maintenance")
    assert dict(answer.headers)["Content-Type"].startswith("text/html")


@with_pages
def test_own_page_is_shown_while_the_app_is_away(served) -> None:
    assert b"not answering" in served.get("/dead").body
    page(served, "own", "502.html", "back soon")
    for method in ("GET", "POST"):
        answer = served.get("/dead", method=method)
        assert (answer.status, answer.body) == (502, b"back soon")
        assert "Retry-After" not in dict(answer.headers)


@with_pages
def test_link_in_a_page_folder_is_not_followed(served) -> None:
    secret = served.folder / "secret.html"
    secret.write_text("secret")
    page(served, "own", "x", "")
    (served.folder / "included" / "own" / "502.html").symlink_to(secret)
    assert b"not answering" in served.get("/dead").body
    (served.folder / "included" / "own" / "502.html").unlink()
    (served.folder / "included" / "release").symlink_to(served.folder)
    assert b"secret" not in served.get("/dead").body


@with_pages
def test_visitors_cannot_request_the_pages_themselves(served) -> None:
    page(served, "own", "502.html", "back soon")
    for kind in server_blocks.ERROR_PAGES:
        assert served.get(server_blocks.page_url("my-flask", kind)).status == 404


def test_switch_needs_a_server_block_that_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "AVAILABLE_SITES", tmp_path)
    monkeypatch.setattr(maintenance, "closed_file", lambda site: str(tmp_path / f"{site}.maintenance" / "on"))
    with pytest.raises(PiwizardError, match="does not know") as refused:
        maintenance.set_maintenance("blog", on=True)
    assert refused.value.hint == "Run `piwizard apply site --site blog` first."
    (tmp_path / "blog").write_text(f"if (-f {tmp_path}/blog.maintenance/on)")
    assert maintenance.set_maintenance("blog", on=True)
    assert not maintenance.set_maintenance("blog", on=True)
    assert maintenance.in_maintenance("blog")
    assert maintenance.set_maintenance("blog", on=False)
    assert not maintenance.in_maintenance("blog")
