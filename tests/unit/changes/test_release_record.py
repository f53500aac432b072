"""Test the record of a release: written when it takes over, and again when it does so again."""

from __future__ import annotations

import os
import subprocess

import pytest

from piwizard.changes.release_record import Deployer, RecordRelease, read_release_record

from .conftest import APP_USER, needs_root

pytestmark = needs_root
NOON, LATER = 1_800_000_000, 1_800_000_060


class _Quiet:
    """An apply context for a change that writes its own file only."""


@pytest.fixture
def site(open_folder):
    """Return a site with one release in use since noon."""
    app = open_folder / "releases" / "one" / "app"
    app.mkdir(parents=True)
    git = ["git", "-C", str(app), "-c", "user.name=Ada", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "First"], check=True)
    switch(open_folder, NOON)
    return open_folder


def switch(site, at, to="one"):
    (site / "current").unlink(missing_ok=True)
    (site / "current").symlink_to(f"releases/{to}")
    os.utime(site / "current", (at, at), follow_symlinks=False)


def change(site, by="alex", since=NOON - 5):
    return RecordRelease(site / "releases" / "one", site / "current", "c" * 40, APP_USER, Deployer(by, since))


def test_record_names_commit_author_and_deployer(site) -> None:
    assert not change(site).probe(None, None).in_sync
    change(site).apply(_Quiet())
    assert change(site).probe(None, None).in_sync
    record = read_release_record(site / "releases" / "one")
    assert (record.commit, record.subject, record.author, record.deployed_by) == ("c" * 40, "First", "Ada", "alex")
    assert record.deployed_at == record.used_at == "2027-01-15T08:00:00+00:00"
    assert record.size > 0


def test_return_of_a_release_changes_only_when_it_was_used(site) -> None:
    change(site).apply(_Quiet())
    before = read_release_record(site / "releases" / "one")
    switch(site, LATER)
    assert not change(site, "poll").probe(None, None).in_sync
    change(site, "poll", LATER).apply(_Quiet())
    after = read_release_record(site / "releases" / "one")
    assert (after.deployed_at, after.deployed_by) == (before.deployed_at, "alex")
    assert after.used_at == "2027-01-15T08:01:00+00:00"


def test_release_from_before_the_run_has_no_deployer(site) -> None:
    change(site, since=LATER).apply(_Quiet())
    assert read_release_record(site / "releases" / "one").deployed_by == ""


def test_release_that_is_not_in_use_keeps_its_record(site) -> None:
    change(site).apply(_Quiet())
    switch(site, LATER, "two")
    assert change(site).probe(None, None).in_sync
