"""Test what undoing everything names, and the run that it starts."""

from __future__ import annotations

import pytest

from piwizard.changes.folder import Folder
from piwizard.engine import run_launch
from piwizard.engine.run_log import Recorder
from piwizard.engine.runner import Runner
from piwizard.setup import full_undo, workspace
from piwizard.system import paths
from piwizard.system.files import Owner


@pytest.fixture
def machine(own_places, monkeypatch):
    """Return the folder of the sites: two are set up, and one has written something."""
    folder = own_places / "srv"
    monkeypatch.setattr(paths, "sites_dir", lambda: folder)
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    monkeypatch.setattr(run_launch, "require_free", lambda: None)
    for site in ("blog", "shop"):
        engine = Runner(workspace.backups_dir(), workspace.state(), Recorder(paths.logs_dir() / f"run-{site}"))
        home = folder / site
        plan = [Folder(home, owner=Owner()), Folder(home / "data", 0o750, Owner())]
        assert engine.run("app", site, lambda plan=plan: plan, list, overwrite=False)
    (folder / "blog" / "data" / "app.db").write_text("what visitors wrote")
    return folder


def test_undo_of_everything_names_steps_folders_and_data(machine):
    preview = full_undo.preview_full_undo()
    assert preview.names == ["App (blog)", "App (shop)"]
    assert any(str(machine / "blog") in line for line in preview.lines)
    assert {site: str(data) for site, data in preview.data.items()} == {
        "blog": f"{machine}/blog/data (1 file, 19 bytes)"
    }
    assert preview.packages == ()


def test_run_deletes_only_the_chosen_data_and_what_can_be_fetched_again(machine, monkeypatch):
    started = []
    monkeypatch.setattr(run_launch, "start", lambda request: started.append(request) or "run")
    preview = full_undo.preview_full_undo()
    assert full_undo.start_full_undo(preview) == "run"
    full_undo.start_full_undo(preview, wipe=["blog"], packages=True)
    kept, deleted = started
    assert (kept.wipe, kept.packages, kept.removed, kept.uncached) == ((), False, (), ("blog", "shop"))
    assert (deleted.wipe, deleted.packages) == (("blog",), True)
    assert deleted.steps[-1] == ("system", None)  # with the last step, packages are removed
