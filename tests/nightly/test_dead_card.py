"""Lose the card of a Pi that serves HTTPS, and bring everything back on a fresh Pi."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.component.test_backup import COUNT, CREATE, DATA, SETTINGS, TARGET, piwizard, python
from tests.lab import https, layers, online, product, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi

ADD = """
import sqlite3, sys, time
c = sqlite3.connect('notes.db', timeout=30)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    with c:
        c.execute('INSERT INTO notes VALUES (randomblob(500))')
"""
CHECK = "import sqlite3; print(sqlite3.connect('notes.db').execute('PRAGMA integrity_check').fetchone()[0])"
PASSPHRASE = "/root/passphrase"


@contextmanager
def written_to(pi: Pi, seconds: float) -> Iterator[None]:
    """Let the app's user write to its database all the time."""
    argv = ("python3", "-c", ADD, str(seconds))
    writer = threading.Thread(target=pi.run, args=(argv,), kwargs={"user": "myflask", "cwd": DATA})
    writer.start()
    try:
        yield
    finally:
        writer.join()


@pytest.mark.both_releases
def test_fresh_pi_with_the_passphrase_brings_everything_back(lab: Lab, release: str) -> None:
    broken = layers.https_pi(lab, release)
    repo = layers.repository(lab)
    with online.at_home(lab, broken):
        broken.run(("mkdir", "-p", TARGET))
        python(broken, CREATE)
        broken.write(quickstart.ANSWERS, sample_app.answers(repo, more=layers.HTTPS + SETTINGS))
        quickstart.apply(broken, "backup", "--yes", "--answers", quickstart.ANSWERS)
        with written_to(broken, 15):
            saved = piwizard(broken, "backup", "now")
        assert saved["last"]["ok"], saved
        sheet = piwizard(broken, "backup", "sheet")
        before = (https.serial(broken), broken.read("/srv/myflask/app.env"))
        rows = int(python(broken, COUNT))
    drive = broken.files / "mnt/usb"

    fresh = product.ready_pi(lab, release)
    shutil.copytree(drive, fresh.files / "mnt/usb", symlinks=True)
    broken.discard()
    fresh.write(PASSPHRASE, sheet["passphrase"].upper().replace("-", " "))
    with online.at_home(lab, fresh):
        orders = lab.internet.acme.production.counts["newOrder"]
        began = time.monotonic()
        restored = fresh.run(
            ("piwizard", "restore", "--target", TARGET, "--passphrase-file", PASSPHRASE, "--yes"), check=False
        )
        print(f"Restored in {time.monotonic() - began:.0f} s.")
        assert restored.exit == 0, restored.output[-3000:] + restored.errors[-2000:]
        assert (https.serial(fresh), fresh.read("/srv/myflask/app.env")) == before
        assert lab.internet.acme.production.counts["newOrder"] == orders
        assert lab.internet.visitor.http(quickstart.HOST, "/", scheme="https").status == 200
        assert python(fresh, CHECK) == "ok"
        assert 0 < int(python(fresh, COUNT)) <= rows
        assert json.loads(fresh.run(("piwizard", "backup", "list", "--json")).output)["backups"]
        assert piwizard(fresh, "backup", "now")["last"]["ok"]
        assert not (fresh.files / "var/lib/piwizard/restore.json").exists()
    fresh.discard()
