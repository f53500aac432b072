"""Test the record of automatic deploys, and the waiting times of polls."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.deploys import deploy_record, poll_backoff
from piwizard.deploys.deploy_record import DeployRecord, LastDeploy, read_record

ONE, TWO = "1" * 40, "2" * 40


def ended(commit: str, result: str = "failed") -> LastDeploy:
    return LastDeploy("poll", result, commit, deploy_record.now(), "It failed.", 2.0)


def test_failed_commit_is_refused_until_it_is_deployed(own_places: Path) -> None:
    assert read_record("blog") == DeployRecord()
    deploy_record.note_deploy("blog", ended(ONE))
    deploy_record.note_deploy("blog", ended(TWO))
    assert read_record("blog").refusal_of(ONE).reason == "It failed."
    assert read_record("blog").last.commit == TWO
    deploy_record.note_deploy("blog", ended(ONE, "deployed"))
    assert read_record("blog").refusal_of(ONE) is None
    assert read_record("blog").refusal_of(TWO) is not None
    assert read_record("shop") == DeployRecord()


def test_record_of_refused_commits_stays_small(own_places: Path) -> None:
    for number in range(30):
        deploy_record.refuse_commit("blog", f"{number:040x}", "Rolled back. " * 100)
    kept = read_record("blog").refused
    assert len(kept) == deploy_record.MAX_REFUSED
    assert kept[-1].commit == f"{29:040x}"
    assert len(kept[-1].reason) == deploy_record.MAX_DETAIL


def test_damaged_record_counts_as_none(own_places: Path) -> None:
    deploy_record.refuse_commit("blog", ONE, "Rolled back.")
    file = deploy_record.record_folder("blog") / "record.json"
    assert file.stat().st_mode & 0o777 == 0o600
    for damaged in (b"", b"[]", b"{", b'{"last": {"way": 1}}'):
        file.write_bytes(damaged)
        assert read_record("blog") == DeployRecord()


def test_waiting_time_doubles_up_to_six_hours(own_places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_backoff, "boot_seconds", lambda: 1000.0)
    waits = [poll_backoff.note_failure("blog", 5).next_at - 1000.0 for _ in range(10)]
    assert waits[:3] == [600.0, 1200.0, 2400.0]
    assert max(waits) == waits[-1] == poll_backoff.MAX_SECONDS
    assert not poll_backoff.read_backoff("blog").due()
    monkeypatch.setattr(poll_backoff, "boot_seconds", lambda: 1000.0 + poll_backoff.MAX_SECONDS)
    assert poll_backoff.read_backoff("blog").due()
    poll_backoff.forget_failures("blog")
    assert poll_backoff.read_backoff("blog").failures == 0
