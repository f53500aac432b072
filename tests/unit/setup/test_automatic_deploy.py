"""Test when a new commit is deployed by itself, and when it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from piwizard.alerts import event
from piwizard.apps.app_source import PinnedCommit
from piwizard.deploys import deploy_record, deploy_retry, poll_backoff
from piwizard.errors import AnswerRefused, PiwizardError
from piwizard.setup import automatic_deploy, workspace
from piwizard.setup.automatic_deploy import check_repository, deploy_newest
from piwizard.setup.planner import Planner
from piwizard.system import paths

OLD, NEW = "1" * 40, "2" * 40
ANSWERS = '[site]\nname = "blog"\ndomains = ["blog.example.org"]\n[app]\nrepo = "https://git.lan/me/blog"\n'


@pytest.fixture
def server(
    planner_of: Callable[[str], Planner], own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, object]:
    """Return what the server says: `newest`, a commit or an error. A run ends with `result`."""
    said: dict[str, object] = {"newest": NEW, "events": [], "runs": 0}
    planner = planner_of(ANSWERS)
    release = tmp_path / "srv" / "blog" / "releases" / "one"
    release.mkdir(parents=True)
    (release / "release.json").write_text(json.dumps({"commit": OLD}))
    (tmp_path / "srv" / "blog" / "current").symlink_to("releases/one")

    def newest(*_: object) -> str:
        if isinstance(said["newest"], Exception):
            raise said["newest"]
        return str(said["newest"])

    def start(*_: object) -> str:
        said["runs"] = int(str(said["runs"])) + 1
        if isinstance(said.get("refusal"), Exception):
            raise said["refusal"]
        return "run-1"

    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path / "srv")
    monkeypatch.setattr(workspace, "planner", lambda *_: planner)
    monkeypatch.setattr(planner.context, "fetch_newest", lambda sites: None)
    monkeypatch.setattr(planner.context, "pins", lambda: {"blog": PinnedCommit(NEW, "one")})
    monkeypatch.setattr(automatic_deploy, "newest_commit", newest)
    monkeypatch.setattr(automatic_deploy, "start_deploy", start)
    monkeypatch.setattr(automatic_deploy, "follow", lambda run: iter(said["events"]))
    monkeypatch.setattr(automatic_deploy.run_launch, "wait_until_free", lambda: None)
    return said


DONE = [{"event": "apply-finished", "result": "done", "seconds": 1.0}]
FAILED = [
    {"event": "error", "message": "app.entry: app:app failed its smoke test.", "key": None, "hint": "Fix it."},
    {"event": "apply-finished", "result": "failed", "seconds": 1.0},
]


def test_current_commit_is_left_alone_and_nothing_is_written(server: dict[str, object]) -> None:
    server["newest"] = OLD
    assert check_repository("blog", "poll").result == "current"
    assert server["runs"] == 0
    assert not deploy_record.record_folder("blog").exists()


def test_new_commit_is_deployed_and_recorded(server: dict[str, object]) -> None:
    server["events"] = DONE
    assert check_repository("blog", "poll").result == "deployed"
    last = deploy_record.read_record("blog").last
    assert (last.commit, last.result, last.way) == (NEW, "deployed", "poll")


def test_failed_commit_is_not_tried_again(server: dict[str, object]) -> None:
    server["events"] = FAILED
    outcome = check_repository("blog", "poll")
    assert (outcome.result, outcome.detail) == ("failed", "app.entry: app:app failed its smoke test. Fix it.")
    assert check_repository("blog", "webhook").result == "refused"
    assert server["runs"] == 1


def test_poll_tries_a_failed_commit_a_second_time_after_an_hour(
    server: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Try it again without a person: the disk was full, or the package index away."""
    clock = [1000.0]
    monkeypatch.setattr(deploy_retry, "boot_seconds", lambda: clock[0])
    server["events"] = FAILED
    assert check_repository("blog", "poll").result == "failed"
    clock[0] += 3500
    assert check_repository("blog", "poll").result == "refused"
    clock[0] += 100
    assert check_repository("blog", "webhook").result == "refused"  # it may come at any time, and many times
    assert check_repository("blog", "poll").result == "failed"
    clock[0] += 1e6
    assert check_repository("blog", "poll").result == "refused"
    assert server["runs"] == 2


def test_second_try_that_succeeds_ends_the_refusal(server: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(deploy_retry, "boot_seconds", lambda: clock[0])
    server["events"] = FAILED
    check_repository("blog", "poll")
    clock[0] += 3600
    server["events"] = DONE
    assert check_repository("blog", "poll").result == "deployed"
    assert deploy_record.read_record("blog").refused == ()


def test_plan_that_is_refused_counts_as_failed(server: dict[str, object]) -> None:
    server["refusal"] = PiwizardError("app.env.KEY is missing.", hint="Add it.")
    assert check_repository("blog", "poll").detail == "app.env.KEY is missing. Add it."
    assert check_repository("blog", "poll").result == "refused"


def test_interrupted_run_is_tried_again(server: dict[str, object]) -> None:
    assert check_repository("blog", "poll").result == "interrupted"
    server["events"] = DONE
    assert check_repository("blog", "poll").result == "deployed"


def test_run_that_lost_power_after_the_switch_is_completed(server: dict[str, object]) -> None:
    server |= {"newest": OLD, "events": DONE}
    workspace.state().mark("gunicorn", "blog", "running", "20260101T100000-aaaa")
    assert check_repository("blog", "poll").result == "deployed"
    workspace.state().mark("gunicorn", "blog", "done", "20260101T110000-bbbb")
    assert check_repository("blog", "poll").result == "current"
    assert server["runs"] == 1


def test_rolled_back_commit_is_not_deployed(server: dict[str, object]) -> None:
    deploy_record.refuse_commit("blog", NEW, "It was rolled back.")
    assert check_repository("blog", "poll").result == "refused"
    assert server["runs"] == 0


def test_silent_server_is_asked_later_and_named_after_six_tries(
    server: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    server["newest"] = AnswerRefused("app.repo", "the host cannot be reached.")
    assert check_repository("blog", "poll").result == "unreachable"
    assert check_repository("blog", "poll").result == "waiting"
    for _ in range(poll_backoff.TELL_AFTER_FAILURES - 1):
        assert deploy_record.read_record("blog").last is None
        assert check_repository("blog", "webhook", at_once=True).result == "unreachable"
    assert deploy_record.read_record("blog").last.result == "unreachable"
    server["newest"] = OLD
    monkeypatch.setattr(poll_backoff, "boot_seconds", lambda: 1e9)
    assert check_repository("blog", "poll").result == "current"
    assert poll_backoff.read_backoff("blog").failures == 0


def test_site_that_is_not_set_up_is_refused(server: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "srv" / "blog" / "current").unlink()
    with pytest.raises(PiwizardError, match="blog is not set up yet"):
        check_repository("blog", "poll")


@pytest.mark.parametrize("way", ["poll", "webhook", "push"])
def test_failed_deploy_is_reported_to_the_alerts_and_so_is_its_end(server: dict[str, object], way: str) -> None:
    event.events_dir().mkdir(parents=True)
    server["events"] = FAILED
    deploy_newest("blog", way)
    server["events"] = DONE
    deploy_newest("blog", way)
    failed, ended = (stored for _, stored in event.stored_events() if stored)
    assert (failed.id, failed.state, failed.subject) == ("deploy-failed", "failed", "blog")
    assert failed.title == "The new version 2222222 of blog was not deployed."
    assert "failed its smoke test" in failed.text
    assert (ended.key, ended.state) == (failed.key, "ok")


def test_silent_server_is_reported_to_the_alerts_once(server: dict[str, object]) -> None:
    event.events_dir().mkdir(parents=True)
    server["newest"] = AnswerRefused("app.repo", "the host cannot be reached.")
    for _ in range(poll_backoff.TELL_AFTER_FAILURES + 3):
        check_repository("blog", "poll", at_once=True)
    ((_, told),) = event.stored_events()
    assert told is not None
    assert (told.state, told.title) == ("failed", "The repository of blog does not answer.")


def test_server_that_answers_again_ends_the_alert_without_a_new_version(server: dict[str, object]) -> None:
    event.events_dir().mkdir(parents=True)
    server["newest"] = AnswerRefused("app.repo", "the host cannot be reached.")
    for _ in range(poll_backoff.TELL_AFTER_FAILURES):
        check_repository("blog", "poll", at_once=True)
    server["newest"] = OLD
    for _ in range(2):
        assert check_repository("blog", "poll", at_once=True).result == "current"
    told = [(stored.id, stored.state) for _, stored in event.stored_events() if stored]
    assert told == [("repository-silent", "failed"), ("repository-silent", "ok"), ("deploy-failed", "ok")]
    assert deploy_record.read_record("blog").last is None


def test_failed_version_that_is_withdrawn_ends_the_alert(server: dict[str, object]) -> None:
    event.events_dir().mkdir(parents=True)
    server["events"] = FAILED
    check_repository("blog", "poll")
    server["newest"] = OLD
    check_repository("blog", "poll")
    states = [stored.state for _, stored in event.stored_events() if stored and stored.id == "deploy-failed"]
    assert states == ["failed", "ok"]
    assert deploy_record.read_record("blog").refusal_of(NEW)


def test_repository_that_cannot_be_fetched_is_asked_less_and_less_often(
    server: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may name a commit, and then send gigabytes without end."""
    event.events_dir().mkdir(parents=True)

    def too_large(sites: object) -> None:
        raise PiwizardError("app.repo: it takes more than 2 GB.", key="app.repo")

    monkeypatch.setattr(workspace.planner(None).context, "fetch_newest", too_large)
    for number in range(1, poll_backoff.TELL_AFTER_FAILURES + 3):
        assert check_repository("blog", "poll", at_once=True).result == "unreachable"
        assert poll_backoff.read_backoff("blog").failures == number
    assert [stored.state for _, stored in event.stored_events() if stored] == ["failed"]
    assert check_repository("blog", "poll").result == "waiting"


def test_host_key_that_is_not_the_expected_one_counts_as_no_answer(server: dict[str, object]) -> None:
    server["newest"] = PiwizardError("app.host_key: the host key of git.lan is not the one that it shows.")
    assert check_repository("blog", "poll").result == "unreachable"
    assert check_repository("blog", "poll").result == "waiting"
