"""Back up a served site to another disk, test the backup, and restore the site."""

from __future__ import annotations

import json
from typing import Any

from piwizard.system.checks import poll_until
from tests.lab import layers, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi

TARGET = "/mnt/usb/backup"
SETTINGS = f'\n[backup]\ntarget = "{TARGET}"\n'
DATA = "/srv/myflask/data"
CREATE = "import sqlite3; c = sqlite3.connect('notes.db'); c.execute('CREATE TABLE notes (text)'); c.commit()"
ADD = "import sqlite3; c = sqlite3.connect('notes.db'); c.execute('INSERT INTO notes VALUES (1)'); c.commit()"
COUNT = "import sqlite3; print(sqlite3.connect('notes.db').execute('SELECT count(*) FROM notes').fetchone()[0])"


def piwizard(pi: Pi, *words: str, check: bool = True) -> dict[str, Any]:
    """Run a command and return its JSON."""
    done = pi.run(("piwizard", *words, "--json"), check=check)
    return dict(json.loads(done.output.splitlines()[-1]))


def python(pi: Pi, code: str) -> str:
    """Run code as the app's user in its data folder."""
    return pi.run(("python3", "-c", code), user="myflask", cwd=DATA).output.strip()


def back_up(pi: Pi, repo: str) -> None:
    """Set up backups to another disk, with a database in the app's data."""
    pi.run(("mkdir", "-p", TARGET))
    python(pi, CREATE)
    python(pi, ADD)
    pi.run(("sh", "-c", "echo one >note.txt"), user="myflask", cwd=DATA)
    pi.write(quickstart.ANSWERS, sample_app.answers(repo, more=SETTINGS))
    quickstart.apply(pi, "backup", "--yes", "--answers", quickstart.ANSWERS)


def sub_state(pi: Pi) -> str:
    """Return systemd's word for what the backup's service does."""
    shown = pi.run(("systemctl", "show", "piwizard-backup.service", "--property=SubState")).output
    return shown.strip().removeprefix("SubState=")


def test_site_is_backed_up_proven_and_restored(lab: Lab, served_pi: Pi) -> None:
    pi = served_pi
    back_up(pi, layers.repository(lab))
    sheet = piwizard(pi, "backup", "sheet")
    assert sheet["target"] == TARGET
    assert sheet["passphrase"] not in pi.run(("journalctl", "--no-pager")).output
    assert piwizard(pi, "backup", "sheet", "--saved") == {"sheet_saved": True}

    made = piwizard(pi, "backup", "now")
    assert made["last"]["ok"], made["last"]["message"]
    assert made["last"]["sites"]["myflask"]["databases"] == ["data/notes.db"]
    assert [one["sites"] for one in piwizard(pi, "backup", "list")["backups"]] == [["myflask"]]
    proof = piwizard(pi, "backup", "verify")
    assert proof["ok"], proof["message"]
    assert proof["sites"]["myflask"]["status"] == 200

    python(pi, ADD)
    pi.run(("sh", "-c", "echo two >note.txt"), user="myflask", cwd=DATA)
    restored = piwizard(pi, "restore", "--site", "myflask", "--yes")
    assert pi.read(f"{DATA}/note.txt") == "one\n"
    assert python(pi, COUNT) == "1"
    assert pi.read(f"{restored['kept']}/note.txt") == "two\n"
    quickstart.serves(pi)
    assert not (pi.files / "srv/myflask/data.restoring").exists()

    piwizard(pi, "restore", "--site", "myflask", "--undo", "--yes")
    assert pi.read(f"{DATA}/note.txt") == "two\n"
    assert python(pi, COUNT) == "2"
    quickstart.serves(pi)

    # A drive that is not connected: nothing is written to its place, and the state says so.
    pi.run(("mv", "/mnt/usb", "/mnt/unplugged"))
    failed = piwizard(pi, "backup", "now", check=False)
    assert failed["last"]["reason"] == "away"
    assert failed["succeeded_at"]
    assert not (pi.files / "mnt/usb").exists()
    assert poll_until(lambda: sub_state(pi), lambda state: state != "start", 60) == "auto-restart"
