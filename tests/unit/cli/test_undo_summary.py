"""Test what an undo says before it asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.cli import undo
from piwizard.engine.undo_journal import Journal
from piwizard.setup import workspace
from piwizard.system import paths


@pytest.fixture
def served(own_places: Path) -> None:
    """Record a site that is served, as its steps would."""
    state = workspace.state()
    for step, site in (("system", None), ("nginx", None), ("app", "hello"), ("gunicorn", "hello"), ("site", "hello")):
        state.mark(step, site, "done", "20260101T000000-abcd", "")
    journal = Journal(workspace.backups_dir(), "site", "hello")
    journal.remember("file", "/etc/nginx/sites-available/hello", {"exists": False})
    journal.remember("file", "/etc/hosts", {"exists": True})
    journal.remember("link", "/etc/nginx/sites-enabled/hello", {"target": None})
    Journal(workspace.backups_dir(), "gunicorn", "hello").remember("unit", "hello.service", {})


@pytest.mark.usefixtures("served")
def test_undo_says_what_goes_and_that_the_site_goes_offline(capsys: pytest.CaptureFixture[str]) -> None:
    undo.announce_undo("Undoing Site (hello) means:", [("site", "hello")])
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "Undoing Site (hello) means:",
        "  ! hello goes offline.",
        "  Files restored to their former content: /etc/hosts",
        "  Files removed: /etc/nginx/sites-available/hello",
        "  Links removed or restored: /etc/nginx/sites-enabled/hello",
    ]


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("step", "offline"), [(("nginx", None), True), (("gunicorn", "hello"), True), (("router", None), False)]
)
def test_every_step_that_a_site_needs_takes_it_offline(
    capsys: pytest.CaptureFixture[str], step: tuple[str, str | None], offline: bool
) -> None:
    undo.announce_undo("Undo:", [step])
    assert ("hello goes offline." in capsys.readouterr().out) == offline


@pytest.mark.usefixtures("own_places")
def test_undo_names_what_it_deletes_with_its_content(capsys: pytest.CaptureFixture[str]) -> None:
    """The repository that people push to may be the only copy of their work."""
    journal, sites = Journal(workspace.backups_dir(), "deploys", "hello"), paths.sites_dir()
    folders = ((sites / "hello" / "push", True), (sites / "hello" / "releases", True), (sites / "hello", False))
    for folder, whole in folders:
        journal.remember("folder", str(folder), {"existed": False, "whole": whole, "mode": None})
    undo.announce_undo("Undoing Deploys (hello) means:", [("deploys", "hello")])
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"  Repositories deleted, with every commit that was pushed to them: {sites}/hello/push",
        f"  Folders deleted, with everything in them: {sites}/hello/releases",
        f"  Folders removed, if nothing else is in them: {sites}/hello",
    ]
