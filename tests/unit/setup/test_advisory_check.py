"""Test the look-up of known vulnerabilities, and the rebuild that they cause."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from piwizard.alerts import event
from piwizard.apps import advisories, advisory_program
from piwizard.apps.advisories import Advisory, find_advisories, installed_packages
from piwizard.setup import advisory_check
from piwizard.setup.environment_rebuild import RebuildOutcome

FLASK, PINNED = (
    Advisory("Flask", "2.2.4", "PYSEC-2023-62", ("2.2.5",)),
    Advisory("pinned", "1.0", "GHSA-aaaa-1", ("2",)),
)
OPEN = Advisory("unfixed", "1.0", "CVE-2026-1", ())


@pytest.fixture
def index():
    """Return the address of an index that knows a vulnerability of Flask, and how it answers about others."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            known = {"/pypi/Flask/2.2.4/json": [{"id": FLASK.id, "fixed_in": ["2.2.5"], "withdrawn": None}]}
            if self.path.startswith("/pypi/broken/"):
                body = b"<html>"
            else:
                body = json.dumps({"vulnerabilities": known.get(self.path, [])}).encode()
            self.send_response(404 if self.path.startswith("/pypi/private/") else 200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_program_reads_advisories_of_an_index(index):
    packages = [("Flask", "2.2.4"), ("Flask", "3.1.0"), ("private", "1.0"), ("broken", "1.0")]
    found = advisory_program.look_up_all(index, packages)
    assert found["unknown"] == 2
    assert find_advisories(packages, lambda _: json.dumps(found)) == [FLASK]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        '{"advisories": 5}',
        '{"advisories": ' + "[" * 100_000,
        '{"advisories": [5]}',
        '{"advisories": [{"package": "Flask", "version": "2.2.4", "id": "\\u001b[2J", "fixed": []}]}',
        '{"advisories": [{"package": "other", "version": "2.2.4", "id": "CVE-2026-1", "fixed": []}]}',
    ],
)
def test_answers_of_the_index_are_validated(answer):
    assert find_advisories([("Flask", "2.2.4")], lambda _: answer) == []


def test_installed_packages_are_those_of_the_environment(tmp_path):
    for name in ("Flask-2.2.4", "pip-25.0", "typing_extensions-4.12", "strange name-1", "x"):
        (tmp_path / "lib/python3.13/site-packages" / f"{name}.dist-info").mkdir(parents=True)
    assert installed_packages(tmp_path) == [("Flask", "2.2.4"), ("typing_extensions", "4.12")]


def test_vulnerable_version_is_rebuilt_and_what_stays_is_reported_once(own_places, monkeypatch):
    there, rebuilds = [FLASK, PINNED], []
    event.events_dir().mkdir(parents=True)

    def rebuild(site):
        rebuilds.append(site)
        there.remove(FLASK)
        return RebuildOutcome(site, True, "", rebuilt=True)

    monkeypatch.setattr(advisory_check, "rebuild_environment", rebuild)
    outcome = advisory_check.check_advisories("blog", lambda _: list(there))
    assert (outcome.rebuilt, outcome.left) == (True, (PINNED,))
    ((_, told),) = event.stored_events()
    assert (told.state, told.subject, told.text) == ("notice", "blog", "pinned 1.0: GHSA-aaaa-1, fixed in 2.")
    assert not advisory_check.check_advisories("blog", lambda _: list(there)).rebuilt
    assert len(event.stored_events()) == len(rebuilds) == 1


def test_vulnerability_without_a_fix_causes_no_rebuild(own_places, monkeypatch):
    monkeypatch.setattr(advisory_check, "rebuild_environment", None)
    assert advisory_check.check_advisories("blog", lambda _: [OPEN]).left == (OPEN,)
    assert advisory_check.check_advisories("blog", lambda _: []).detail.startswith("No vulnerability is known")


def test_nothing_is_asked_about_an_app_without_packages(own_places, monkeypatch):
    monkeypatch.setattr(advisories, "run_unprivileged", None)
    assert advisory_check.check_advisories("blog").left == ()
