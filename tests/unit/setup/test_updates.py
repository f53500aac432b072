"""What was updated, what it may have caused, and when an environment is rebuilt."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from piwizard.alerts import event
from piwizard.apps.app_source import PinnedCommit
from piwizard.apps.rebuild_date import read_rebuild_date, write_rebuild_date
from piwizard.apps.rollback_pin import LeftRelease, RollbackPin
from piwizard.changes.pip_install import PipInstall
from piwizard.engine import run_launch
from piwizard.errors import PiwizardError
from piwizard.setup import environment_rebuild, update_cause, update_check
from piwizard.system import dpkg, dpkg_log, replaced_files
from piwizard.system.dpkg_log import Upgrade

LOG = """\
2026-11-29 06:00:00 upgrade tzdata:all 2026a-1 2026b-1
2026-11-30 06:12:01 startup archives unpack
2026-11-30 06:12:02 upgrade nginx:amd64 1.26.3-2 1.26.3-3
2026-11-30 06:12:03 status half-configured nginx:amd64 1.26.3-2
2026-11-30 06:12:04 install new:amd64 <none> 1.0
2026-11-30 06:12:05 upgrade evil;rm 1 2
2026-11-30 06:12:06 upgrade libssl3t64:amd64 3.5.1-1 3.5.1-1+deb13u1
"""
NGINX = Upgrade("2026-11-30 06:12:02", "nginx", "1.26.3-2", "1.26.3-3")
MAPS = "7f00-7f01 r-xp 00000000 08:02 123  {}\n7f02-7f03 rw-p 00000000 00:00 0\n"


def test_upgrades_are_read_from_the_end_of_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr(dpkg_log, "LOG", tmp_path / "dpkg.log")
    now = datetime.fromisoformat("2026-11-30 06:30")
    assert dpkg_log.recent_upgrades(timedelta(hours=1), now) == []
    dpkg_log.LOG.write_text(LOG)
    assert [one.name for one in dpkg_log.recent_upgrades(timedelta(hours=1), now)] == ["nginx", "libssl3t64"]
    assert len(dpkg_log.recent_upgrades(timedelta(days=3), now)) == 3


def test_cause_names_the_update_and_the_way_back():
    assert update_cause.describe_cause([]) == ""
    said = update_cause.describe_cause([NGINX])
    assert "nginx 1.26.3-2 → 1.26.3-3" in said
    assert "`sudo apt-get install --allow-downgrades nginx=1.26.3-2`" in said


def test_many_updates_are_counted():
    many = [Upgrade("", f"p{number}", "1", "2") for number in range(8)]
    assert update_check.list_upgrades(many).endswith("p3 1 → 2 and 3 more")
    assert " and 3 more." in update_cause.describe_cause(many)


@pytest.mark.parametrize(
    ("path", "outdated"),
    [
        ("/usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)", True),
        ("/usr/sbin/nginx (deleted)", True),
        ("/usr/lib/x86_64-linux-gnu/libssl.so.3", False),
        ("/dev/zero (deleted)", False),
        ("/tmp/wgunicorn-x (deleted)", False),
        ("/memfd:x (deleted)", False),
    ],
)
def test_replaced_files_of_packages_are_found(path, outdated):
    assert replaced_files.uses_replaced_files(MAPS.format(path)) is outdated


def test_unfinished_packages_are_named():
    status = (
        "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: nginx\nStatus: install ok half-configured\n"
    )
    assert dpkg.unfinished_packages(status) == ["nginx"]


def test_rebuild_date_changes_the_recipe_of_the_environment(own_places, tmp_path):
    assert read_rebuild_date("blog") == ""
    write_rebuild_date("blog", "2026-12-01")
    assert read_rebuild_date("blog") == "2026-12-01"
    plain, rebuilt = PipInstall(added=("flask",)), PipInstall(added=("flask",), rebuilt="2026-12-01")
    assert plain.recipe("python3", tmp_path) != rebuilt.recipe("python3", tmp_path)
    assert b"rebuilt" not in plain.recipe("python3", tmp_path)
    write_rebuild_date("blog", "")
    assert read_rebuild_date("blog") == ""


@pytest.fixture
def rebuilding(own_places, monkeypatch):
    """Return a function that rebuilds blog with a result of the run."""
    event.events_dir().mkdir(parents=True)
    monkeypatch.setattr(environment_rebuild, "deployed_commit", lambda site: "c0ffee")
    monkeypatch.setattr(environment_rebuild.run_launch, "wait_until_free", lambda: None)
    monkeypatch.setattr(environment_rebuild.workspace, "planner", lambda file, pins: pins)
    seen = []

    def start(pins, site, by):
        seen.append((pins, site, read_rebuild_date(site)))
        return "run-1"

    def rebuild(result, reason=""):
        monkeypatch.setattr(environment_rebuild, "start_deploy", start)
        monkeypatch.setattr(environment_rebuild, "follow_to_end", lambda run: (result, reason))
        return environment_rebuild.rebuild_environment("blog"), seen

    return rebuild


def test_rebuild_keeps_the_commit_in_use(rebuilding):
    outcome, seen = rebuilding("done")
    assert outcome.ok
    assert [(pins, site) for pins, site, _ in seen] == [({"blog": PinnedCommit("c0ffee")}, "blog")]
    assert read_rebuild_date("blog") == seen[0][2] != ""


def test_rebuild_that_fails_keeps_the_environment_and_is_reported(rebuilding):
    write_rebuild_date("blog", "2026-10-01")
    outcome, _ = rebuilding("failed", "The smoke test failed.")
    assert not outcome.ok
    assert read_rebuild_date("blog") == "2026-10-01"
    [(_, reported)] = event.stored_events()
    assert (reported.key, reported.state, reported.text) == (
        "environment-rebuild/blog", "failed", "The smoke test failed."
    )  # fmt: skip


def test_rebuild_waits_for_a_run_that_begins_meanwhile_and_takes_its_commit(rebuilding, monkeypatch):
    commits = iter(("old", "old", "new"))
    monkeypatch.setattr(environment_rebuild, "deployed_commit", lambda site: next(commits))
    began = []

    def planner(file, pins):
        began.append(pins)
        if len(began) == 1:
            raise run_launch.RunUnderWay("A run is already in progress.")
        return pins

    monkeypatch.setattr(environment_rebuild.workspace, "planner", planner)
    outcome, seen = rebuilding("done")
    assert outcome.ok
    assert seen[0][0] == {"blog": PinnedCommit("new")}


def test_site_that_was_rolled_back_is_not_rebuilt(rebuilding, monkeypatch):
    pin = RollbackPin("old", "old", "repo", None, (LeftRelease("new", "c0ffee"),))
    monkeypatch.setattr(environment_rebuild, "read_pin", lambda site: pin)
    outcome, seen = rebuilding("done")
    assert (outcome.ok, outcome.rebuilt, seen) == (True, False, [])
    assert "was rolled back" in outcome.detail
    assert (read_rebuild_date("blog"), event.stored_events()) == ("", [])


def test_site_that_is_not_set_up_is_not_rebuilt(rebuilding, monkeypatch):
    monkeypatch.setattr(environment_rebuild, "deployed_commit", lambda site: "")
    with pytest.raises(PiwizardError, match="not set up yet"):
        environment_rebuild.rebuild_environment("blog")


def test_nothing_is_checked_without_an_update(monkeypatch):
    monkeypatch.setattr(update_check, "recent_upgrades", lambda within: [])
    assert update_check.check_after_updates() == []
