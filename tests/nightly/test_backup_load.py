"""Make 200 backups of a site whose app writes all the time, and unpack each."""

from __future__ import annotations

import json

import pytest

from tests.component.test_backup import DATA, back_up
from tests.lab import layers
from tests.lab.lab import Lab
from tests.lab.load import load, verdict
from tests.lab.pi import Pi
from tests.nightly.test_dead_card import written_to

BACKUPS = 200
SCRIPT = """
import json, os, sqlite3, sys, tempfile, time
from datetime import UTC, datetime
from pathlib import Path
from piwizard.backups import archive_unpacker, backup_run, contents
from piwizard.backups.restic import Snapshot
from piwizard.setup import backup_job, workspace

repository = backup_job.open_backups(workspace.planner(None))
torn, rows, began = 0, [], time.monotonic()
for number in range(int(sys.argv[1])):
    reports = []
    name = contents.archive_name("myflask")
    at = datetime.now(UTC)
    saved = repository.save(name, "load", at, lambda pipe: reports.append(backup_run.pack_data("myflask", pipe)))
    assert reports[0].databases == ["data/notes.db"], reports
    snapshot = Snapshot(saved, at, "load", name)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        def read(pipe):
            with os.fdopen(os.dup(pipe), "rb") as source:
                assert archive_unpacker.unpack(Path(folder), source).complete
        repository.load(snapshot, read)
        torn += bool(archive_unpacker.broken_databases(Path(folder)))
        with sqlite3.connect(Path(folder) / "notes.db") as database:
            rows.append(database.execute("SELECT max(rowid) FROM notes").fetchone()[0])
print(json.dumps({"torn": torn, "rows": rows, "seconds": time.monotonic() - began}))
"""


@pytest.mark.parametrize("release", ["trixie"], indirect=True, scope="session")
def test_two_hundred_backups_under_load_tear_no_database_and_fail_no_request(lab: Lab, served_pi: Pi) -> None:
    pi = served_pi
    back_up(pi, layers.repository(lab))
    pi.write("/root/backups.py", SCRIPT)
    visitors = load(lab, pi, 7200)
    with written_to(pi, 1000):
        argv = ("/opt/piwizard/venv/bin/python", "-I", "/root/backups.py", str(BACKUPS))
        made = json.loads(pi.run(argv, timeout=7200).output.splitlines()[-1])
    answered, failed = verdict(visitors)
    print(
        f"{BACKUPS} backups in {made['seconds']:.0f} s; {answered} requests answered; {made['rows'][-1]} rows written"
    )
    assert made["torn"] == 0
    assert made["rows"] == sorted(made["rows"])
    assert len(set(made["rows"])) > BACKUPS / 2, "the app did not write meanwhile"
    assert failed == ""
    assert answered > 1000
    assert (pi.files / DATA[1:] / "notes.db").exists()
