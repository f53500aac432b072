"""Back up a site to each kind of target, test the backup, restore it, and undo the step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.component.test_backup import ADD, COUNT, CREATE, DATA, piwizard, python
from tests.lab import layers, quickstart, sample_app
from tests.lab.backup_servers import PLACES, Place
from tests.lab.home import leaks
from tests.lab.lab import Lab
from tests.lab.pi import Pi


def note(pi: Pi, text: str) -> None:
    """Write a file of the app."""
    pi.run(("sh", "-c", f"echo {text} >note.txt"), user="myflask", cwd=DATA)


def set_up(lab: Lab, pi: Pi, place: Place) -> None:
    """Apply the step. An SFTP server gets the key that the first attempt shows."""
    argv = ("backup", "--yes", "--answers", quickstart.ANSWERS)
    pi.write(quickstart.ANSWERS, sample_app.answers(layers.repository(lab), more=place.answers(pi)))
    result = quickstart.apply(pi, *argv, check=place.nas is None)
    if place.nas is not None:
        assert result.exit == 1
        found = re.search(r"ssh-ed25519 \S+( \S+)?", (result.output + result.errors).replace("\n", " "))
        assert found, result.output + result.errors
        place.authorize(found[0])
        quickstart.apply(pi, *argv)


@pytest.mark.parametrize("kind", PLACES)
def test_site_is_saved_proven_and_restored_at_each_target(
    lab: Lab, served_pi: Pi, release: str, kind: str, tmp_path: Path
) -> None:
    pi = served_pi
    before = quickstart.manifest(pi.files, ("etc/systemd", "usr/local", "srv"))
    python(pi, CREATE)
    python(pi, ADD)
    note(pi, "one")
    with PLACES[kind](lab, pi, tmp_path) as place:
        set_up(lab, pi, place)
        made = piwizard(pi, "backup", "now")
        assert made["last"]["ok"], made["last"]["message"]
        assert [one["sites"] for one in piwizard(pi, "backup", "list")["backups"]] == [["myflask"]]
        proof = piwizard(pi, "backup", "verify")
        assert proof["ok"], proof["message"]
        assert (proof["sites"]["myflask"]["status"], proof["sites"]["myflask"]["doubtful"]) == (200, [])
        note(pi, "two")
        python(pi, ADD)
        piwizard(pi, "restore", "--site", "myflask", "--yes")
        assert pi.read(f"{DATA}/note.txt") == "one\n"
        assert python(pi, COUNT) == "1"
        quickstart.serves(pi)
        if place.secret:
            assert leaks(pi, place.secret) == {"/var/lib/piwizard/secrets.json"}

        pi.run(("piwizard", "undo", "backup", "--yes"))
        after = quickstart.manifest(pi.files, ("etc/systemd", "usr/local", "srv"))
        assert {path for path in before.keys() ^ after.keys() if not path.startswith("srv/myflask/data")} == set()
        assert pi.run(("systemctl", "list-timers", "--all", "--no-legend", "piwizard-backup*")).output == ""
        quickstart.serves(pi)
        # The backups outlive the step: with the passphrase, which is kept, it finds them again.
        quickstart.apply(pi, "backup", "--yes", "--answers", quickstart.ANSWERS)
        assert [one["sites"] for one in piwizard(pi, "backup", "list")["backups"]] == [["myflask"]]
