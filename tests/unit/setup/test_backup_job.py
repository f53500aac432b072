"""Test that a requested backup is made, whatever its service is doing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from piwizard.backups import backup_record
from piwizard.backups.backup_record import LastBackup
from piwizard.errors import PiwizardError
from piwizard.setup import backup_job


@pytest.mark.parametrize("ending", [True, False], ids=["it removes old backups", "it does not start"])
def test_requested_backup_begins_after_the_end_of_the_one_before(own_places, monkeypatch, ending: bool):
    backup_record.update_record(repository="id", last=LastBackup("2026-11-30T12:00:00+00:00", True))
    states, started = iter([ending]), []

    def run(argv: tuple[str, ...]) -> None:
        started.append(argv)
        if len(started) == 2:
            backup_record.update_record(last=LastBackup("2026-11-30T12:01:00+00:00", True))

    monkeypatch.setattr(backup_job, "open_backups", lambda planner: None)
    monkeypatch.setattr(backup_job.commands, "run", run)
    state = {backup_job.SERVICE: SimpleNamespace(queued=False)}

    def read_states(units: list[str]) -> dict[str, SimpleNamespace]:
        state[backup_job.SERVICE].running = next(states, False)
        return state

    monkeypatch.setattr(backup_job.systemd, "read_states", read_states)
    if ending:
        assert backup_job.request_backup(None).at.endswith("12:01:00+00:00")
    else:
        with pytest.raises(PiwizardError, match="did not run"):
            backup_job.request_backup(None)
