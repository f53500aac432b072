"""Test the process of a run: what undo needs, and which data it deletes."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict

import pytest

from piwizard.engine import run_launch
from piwizard.setup import worker
from piwizard.system import paths


@pytest.fixture
def undo(own_places, monkeypatch):
    """Undo the step app of two sites, both with data; return what is left in /srv."""
    srv = own_places / "srv"
    monkeypatch.setattr(paths, "sites_dir", lambda: srv)
    before = signal.getsignal(signal.SIGTERM)
    for site in ("blog", "shop"):
        (srv / site / "data").mkdir(parents=True)
        (srv / site / "data" / "app.db").write_text(site)

    def go(**more):
        run_launch.folder("run-1").mkdir(parents=True)
        wanted = run_launch.RunRequest("undo", (("gunicorn", "blog"), ("app", "blog"), ("app", "shop")), **more)
        (run_launch.folder("run-1") / "request.json").write_text(json.dumps(asdict(wanted)))
        assert worker.work("run-1")
        return sorted(path.read_text() for path in srv.rglob("app.db"))

    yield go
    signal.signal(signal.SIGTERM, before)


def test_undo_deletes_data_of_named_sites(undo):
    assert undo(wipe=("blog",)) == ["shop"]


def test_undo_keeps_data_by_default(undo):
    assert undo() == ["blog", "shop"]


def test_undo_needs_no_answers(undo):
    paths.answers_file().parent.mkdir(parents=True)
    paths.answers_file().write_text("spoilt [")
    assert undo(wipe=("blog", "shop")) == []
