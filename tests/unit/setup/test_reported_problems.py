"""Test that a reported problem ends when it no longer exists, however that came."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from piwizard.alerts.problem_log import TrackedProblem
from piwizard.deploys import deploy_record
from piwizard.deploys.deploy_record import LastDeploy
from piwizard.setup.planner import Planner
from piwizard.setup.reported_problems import ended_problems
from piwizard.system import paths

SITE = '[site]\nname = "blog"\n[app]\nrepo = "https://git.lan/me/blog"\ndeploy = "webhook"\n'
NEW = "2" * 40
AT = "2026-11-30T12:00:00+00:00"
NOON = 1796040000


@pytest.fixture
def ended(planner_of: Callable[[str], Planner], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that returns whether a problem has ended, with answers and a time of the last switch."""
    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path / "srv")
    link = tmp_path / "srv" / "blog" / "current"
    link.parent.mkdir(parents=True)
    link.symlink_to("releases/one")
    deploy_record.note_deploy("blog", LastDeploy("webhook", "failed", NEW, AT, "Its smoke test failed."))

    def go(kind: str, answers: str = SITE, *, switched: int = NOON - 3600, reported: bool = True) -> list[str]:
        os.utime(link, (switched, switched), follow_symlinks=False)
        problem = TrackedProblem("Failed", "", "", open=True, changes=(1.0,), reported=reported)
        found = ended_problems(planner_of(answers), {f"{kind}/blog": problem})
        assert all(one.state == "ok" for one in found)
        return [one.key for one in found]

    return go


def test_failed_deploy_stays_a_problem_until_another_version_is_in_use(ended):
    assert ended("deploy-failed") == []
    assert ended("deploy-failed", switched=NOON + 3600) == ["deploy-failed/blog"]


def test_problem_ends_with_the_answer_that_asked_for_it(ended):
    assert ended("deploy-failed", SITE.replace("webhook", "manual")) == ["deploy-failed/blog"]
    assert ended("environment-rebuild") == []
    assert ended("environment-rebuild", f'{SITE}[updates]\napp = "off"\n') == ["environment-rebuild/blog"]


@pytest.mark.parametrize("kind", ["deploy-failed", "repository-silent", "environment-rebuild"])
def test_problem_of_a_removed_site_ends(ended, kind):
    assert ended(kind, SITE.replace("blog", "shop")) == [f"{kind}/blog"]


def test_problem_that_a_check_has_found_or_of_another_kind_is_left_alone(ended):
    other = SITE.replace("blog", "shop")
    assert ended("deploy-failed", other, reported=False) == []
    assert ended("something-new", other) == []
