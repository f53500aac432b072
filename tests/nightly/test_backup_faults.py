"""Cut the power during backups and restores, damage the target, and check what is left."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest

from tests.component.test_backup import ADD, COUNT, CREATE, DATA, SETTINGS, TARGET, back_up, piwizard, python
from tests.lab import layers, product, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.internet.mail import NtfyServer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

ONLY_TRIXIE = pytest.mark.parametrize("release", ["trixie"], indirect=True, scope="session")
FILES = 200
FILL = (
    "import pathlib, sys, os\n"
    f"for number in range({FILES}): pathlib.Path(f'{{number}}.txt').write_text(sys.argv[1])\n"
    "pathlib.Path('large').write_bytes(os.urandom(40 << 20))\n"
)
NUMBERED = "import pathlib; found = [one for one in pathlib.Path('.').glob('*.txt') if one.stem.isdigit()]; "
READ = f"{NUMBERED}print(*sorted({{one.read_text() for one in found}}))"
COUNT_FILES = f"{NUMBERED}print(len(found))"
NTFY = "ntfys://ntfy.example.org/topic-of-me-6021"
ALERTS = '\n[alerts]\nurls = { env = "ALERT_URLS" }\n'
CACHED = """
import os
import pathlib

from flask import Flask

app = Flask(__name__)
try:
    PAGE = pathlib.Path(os.environ["HOME"], "page.html").read_text()
except OSError:
    PAGE = "<title>Something went wrong</title>"


@app.route("/")
def index():
    return PAGE
"""
"""Serves an error page with status 200 if it starts without its data."""
Reached = Callable[[Pi], bool]


def exists(path: str) -> Reached:
    """Return whether a file or folder exists; the path may be a pattern."""
    return lambda pi: any(pi.files.glob(path))


def many(path: str, least: int) -> Reached:
    """Return whether a pattern fits many files."""

    def reached(pi: Pi) -> bool:
        try:
            return sum(1 for _ in pi.files.glob(path)) >= least
        except FileNotFoundError:  # the folder is being replaced
            return False

    return reached


def cut(pi: Pi, argv: tuple[str, ...], reached: Reached) -> bool:
    """Cut the power when a command has come to a point; return False if it ended before."""
    running, until = pi.start(argv), time.monotonic() + 600
    while running.alive and not (found := reached(pi)):
        assert time.monotonic() < until
    pi.power_cut()
    running.wait()
    pi.boot()
    return bool(found)


def whole(pi: Pi) -> str:
    """Return which version the data has: all its files have the same one, and its database is whole."""
    assert python(pi, COUNT_FILES) == str(FILES)
    version = python(pi, READ)
    assert python(pi, COUNT) == {"one": "1", "two": "2"}[version], version
    return version


def two_versions(lab: Lab, pi: Pi) -> None:
    """Save version one of the data, and write version two."""
    back_up(pi, layers.repository(lab))
    pi.run(("python3", "-c", FILL, "one"), user="myflask", cwd=DATA)
    assert piwizard(pi, "backup", "now")["last"]["ok"]
    pi.run(("python3", "-c", FILL, "two"), user="myflask", cwd=DATA)
    python(pi, ADD)


@ONLY_TRIXIE
def test_power_cut_during_a_restore_of_a_site_leaves_old_or_new_data(lab: Lab, served_pi: Pi) -> None:
    pi, seen = served_pi, []
    two_versions(lab, pi)
    restore = ("piwizard", "restore", "--site", "myflask", "--yes")
    for name, reached in {
        "unpacking": many(f"{DATA[1:]}.restoring/*", 20),
        "unpacked": many(f"{DATA[1:]}.restoring/*", FILES),
        "exchanged": exists(f"{DATA[1:]}.before-*"),
    }.items():
        assert cut(pi, restore, reached), name
        eventually(lambda: quickstart.serves(pi), 120)
        seen.append(whole(pi))
        print(f"{name}: version {seen[-1]}", flush=True)
    piwizard(pi, *restore[1:])
    assert whole(pi) == "one"
    quickstart.serves(pi)
    piwizard(pi, "restore", "--site", "myflask", "--undo", "--yes")
    assert "two" in (whole(pi), *seen)
    quickstart.serves(pi)


@ONLY_TRIXIE
def test_power_cut_during_a_backup_or_its_pruning_loses_no_earlier_backup(lab: Lab, served_pi: Pi) -> None:
    pi = served_pi
    two_versions(lab, pi)
    record, target = pi.files / "var/lib/piwizard/backup.json", TARGET[1:]
    snapshots, packs = pi.files / target / "snapshots", pi.files / target / "data"
    saved: set[str] = set()
    for name, reached in {
        "locked": exists(f"{target}/locks/*"),
        "written": lambda _: bool({path.name for path in packs.glob("*/*")} - saved),
        "forgotten": lambda _: bool(saved - {path.name for path in snapshots.iterdir()}),
    }.items():
        pi.run(("python3", "-c", FILL, "two"), user="myflask", cwd=DATA)
        if name == "forgotten":
            for _ in range(3):
                pi.run(("systemctl", "start", "piwizard-backup.service"))
            record.write_text(json.dumps(json.loads(record.read_text()) | {"pruned_at": ""}))
        saved.clear()
        saved.update(path.name for path in (snapshots.iterdir() if name == "forgotten" else packs.glob("*/*")))
        assert cut(pi, ("systemctl", "start", "piwizard-backup.service"), reached), name
        eventually(lambda: quickstart.serves(pi), 120)
        made = piwizard(pi, "backup", "now")
        assert made["last"]["ok"], (name, made["last"])
        proof = piwizard(pi, "backup", "verify")
        assert proof["ok"], (name, proof)
        print(f"{name}: {proof['message']}", flush=True)
    check = ("env", f"RESTIC_REPOSITORY={TARGET}", "RESTIC_PASSWORD_FILE=/root/p", "restic", "check", "--read-data")
    pi.write("/root/p", piwizard(pi, "backup", "sheet")["passphrase"])
    assert "no errors were found" in pi.run(check).output


@ONLY_TRIXIE
def test_power_cut_during_a_restore_of_a_pi_is_continued(lab: Lab, served_pi: Pi) -> None:
    broken = served_pi
    two_versions(lab, broken)
    assert piwizard(broken, "backup", "now")["last"]["ok"]
    phrase = piwizard(broken, "backup", "sheet")["passphrase"]
    fresh = product.ready_pi(lab, "trixie")
    fresh.push(broken.files / "mnt/usb", "/mnt/usb")
    argv = ("piwizard", "restore", "--target", TARGET, "--passphrase-file", "/root/passphrase", "--yes")
    fresh.write("/root/passphrase", "of another sheet")
    refused = fresh.run(argv, check=False)
    assert "The passphrase does not open the backups" in " ".join((refused.output + refused.errors).split())
    assert not (fresh.files / "etc/xdg/piwizard/answers.toml").exists()
    fresh.write("/root/passphrase", phrase)
    for name, reached in {
        "settings": exists("var/lib/piwizard/restoring/answers"),
        "pending": exists("var/lib/piwizard/restore.json"),
        "answers": exists("etc/xdg/piwizard/answers.toml"),
        "unpacking": many(f"{DATA[1:]}.restoring/*", 20),
        "data": many(f"{DATA[1:]}/*", 20),
    }.items():
        reached_in_time = cut(fresh, argv, reached)
        print(f"{name}: {reached_in_time}", flush=True)
        assert reached_in_time, name
    # The data is back, and the rest of the setup is not.
    assert "`piwizard apply`" in " ".join(fresh.run(argv, check=False).errors.split())
    fresh.run(("piwizard", "apply", "--yes"), timeout=1800)
    assert whole(fresh) == "two"
    quickstart.serves(fresh)
    assert not (fresh.files / "var/lib/piwizard/restore.json").exists()
    assert fresh.read("/srv/myflask/app.env") == broken.read("/srv/myflask/app.env")
    fresh.discard()


@ONLY_TRIXIE
def test_failed_proof_sends_an_alert_by_itself(lab: Lab, served_pi: Pi) -> None:
    pi, net = served_pi, lab.internet
    ntfy = NtfyServer(net, "ntfy.example.org")
    net.trust(pi)
    pi.run(("mkdir", "-p", TARGET))
    python(pi, CREATE)
    pi.run(("python3", "-c", FILL, "one"), user="myflask", cwd=DATA)
    pi.write(quickstart.ANSWERS, sample_app.answers(layers.repository(lab), more=SETTINGS + ALERTS))
    argv = ("piwizard", "apply", "backup", "alerts", "--yes", "--answers", quickstart.ANSWERS)
    pi.run(argv, env={"ALERT_URLS": NTFY})
    assert piwizard(pi, "backup", "now")["last"]["ok"]
    pi.run(("systemctl", "start", "piwizard-backup-proof.service"))
    packs = sorted((pi.files / TARGET[1:] / "data").glob("*/*"), key=lambda path: path.stat().st_size)
    for pack in packs[-3:]:
        content = bytearray(pack.read_bytes())
        content[1000:2000] = bytes(1000)
        pack.chmod(0o600)
        pack.write_bytes(content)
    ntfy.messages.clear()
    began = time.monotonic()
    assert not pi.run(("systemctl", "start", "piwizard-backup-proof.service"), check=False).ok

    def told() -> None:
        assert any(re.search("Newest backup can be restored", one["text"]) for one in ntfy.messages), ntfy.messages

    eventually(told, 420)
    print(f"reported after {time.monotonic() - began:.0f} s", flush=True)
    quickstart.serves(pi)
    status = json.loads(pi.run(("piwizard", "status", "--json"), check=False).output)
    assert "could not be restored for a test" in status["backup"]["problem"]


@ONLY_TRIXIE
def test_app_that_serves_another_page_from_restored_data_is_reported(lab: Lab, served_pi: Pi) -> None:
    pi = served_pi
    back_up(pi, layers.repository(lab))
    pi.run(("sh", "-c", "echo '<title>Roses</title>' >page.html"), user="myflask", cwd=DATA)
    lab.git.commit(layers.REPOSITORY, {"app.py": CACHED})
    pi.run(("piwizard", "deploy", "--yes"))
    saved = piwizard(pi, "backup", "now")["last"]["sites"]["myflask"]
    assert (saved["page"]["status"], saved["page"]["title"]) == (200, "Roses")
    proof = piwizard(pi, "backup", "verify")
    assert proof["ok"], proof["message"]
    pi.run(("rm", "page.html"), user="myflask", cwd=DATA)  # the app has it in memory
    assert piwizard(pi, "backup", "now")["last"]["ok"]
    proof = piwizard(pi, "backup", "verify", check=False)
    assert not proof["ok"]
    assert "has the title “Something went wrong” instead of “Roses”" in proof["message"]
