"""Test that releases are listed, and that a rollback or a closed site is confirmed first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from piwizard.changes.release_record import ReleaseRecord
from piwizard.screens.home.install_page import InstallPage
from piwizard.screens.screen_service import ScreenService
from piwizard.setup.site_releases import SiteRelease
from piwizard.setup.version_service import SiteVersions
from tests.unit.screens.conftest import opened

pytestmark = pytest.mark.asyncio
WARNING = "The data may not fit 5406c3a: migrations differ between the two (0002_size.py)."
RELEASES = tuple(
    SiteRelease(
        commit[:7],
        ReleaseRecord(commit, subject=subject, author="Ada", deployed_by="pi", size=12_000_000),
        in_use=commit.startswith("8f2c1aa"), recorded=True, served=served,
    )
    for commit, subject, served in (
        ("8f2c1aa77", "Resize images", True), ("5406c3a77", "Fix the upload", True), ("1111111aa", "Broken", False)
    )
)  # fmt: skip


@pytest.fixture
def switched(monkeypatch):
    """Return what was done to a site with three releases."""
    done = []
    versions = SiteVersions(RELEASES, rolled_back=False, closed=False)
    proposal = SimpleNamespace(sentence="myflask goes back to 5406c3a.", data_warning=WARNING)
    monkeypatch.setattr(ScreenService, "versions", lambda self, site: versions)
    monkeypatch.setattr(ScreenService, "propose_rollback", lambda self, site, name: done.append(name) or proposal)
    monkeypatch.setattr(ScreenService, "start_rollback", lambda self, proposal: done.append("started") or "20260101-1")
    monkeypatch.setattr(ScreenService, "set_maintenance", lambda self, site, on: done.append(on))
    return done


async def opened_versions(seen):
    await seen.app.navigator.open_versions("myflask")
    await seen.see("Resize images")
    await seen.until(lambda: seen.app.screen.button("close"))


async def test_rollback_starts_after_the_question_about_the_data(site, switched):
    async with opened(site, steps=False) as seen:
        await opened_versions(seen)
        assert "in use" in seen.text()
        assert "failed" in seen.text()
        seen.app.screen.releases.focus()
        await seen.keys("down", "enter")
        await seen.see("migrations differ")
        assert switched == ["5406c3a"], "nothing is started before the answer"
        await seen.press("yes")
        await seen.until(lambda: isinstance(seen.app.screen, InstallPage))
        assert switched == ["5406c3a", "started"]


async def test_release_in_use_is_not_offered(site, switched):
    async with opened(site, steps=False) as seen:
        await opened_versions(seen)
        seen.app.screen.releases.focus()
        await seen.keys("enter")
        await seen.see("This version is in use.")
        assert switched == []


async def test_site_is_closed_after_a_question(site, switched):
    async with opened(site, steps=False) as seen:
        await opened_versions(seen)
        await seen.press("close")
        await seen.see("Close myflask for maintenance?")
        assert switched == []
        await seen.press("yes")
        await seen.until(lambda: switched == [True])
