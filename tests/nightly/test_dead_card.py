"""Lose the card of a Pi with two sites, HTTPS, DDNS and a static address, and bring everything back."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.component.test_backup import COUNT, CREATE, DATA, SETTINGS, TARGET, piwizard, python
from tests.lab import home, https, layers, online, product, quickstart, sample_app
from tests.lab.addresses import NEW
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.pi import Pi

BLOG = "blog.example.org"
MORE = """
[sites.blog.site]
domains = ["blog.example.org"]

[sites.blog.app]
repo = "{blog}"
writable = ["result.json"]
env = {{ SECRET_KEY = {{ generate = 32 }} }}

{ddns}
[static_ip]
address = "{new}/24"
interface = "eth0"
revert_after = 600

[router]
forward = "upnp"

[tls]
https = true
email = "me@example.org"
{backup}"""
STOP = "/run/stop-writing"
WRITE = f"""
import os, sqlite3, sys, time
c = sqlite3.connect('notes.db', timeout=60)
while not os.path.exists('{STOP}'):
    with c:
        c.execute('INSERT INTO notes VALUES (randomblob(500))')
        c.execute('DELETE FROM notes WHERE rowid <= (SELECT max(rowid) FROM notes) - ?', (int(sys.argv[1]),))
    time.sleep(0.002)
"""
CHECK = "import sqlite3; print(sqlite3.connect('notes.db').execute('PRAGMA integrity_check').fetchone()[0])"
PASSPHRASE = "/root/passphrase"
LONGEST = 3600


@contextmanager
def written_to(pi: Pi, most_rows: int = 10**9) -> Iterator[None]:
    """Let the app's user write to its database all the time."""
    writer = pi.start(("runuser", "-u", "myflask", "--", "env", "-C", DATA, "python3", "-c", WRITE, str(most_rows)))
    try:
        yield
        assert writer.alive, writer.wait().errors
    finally:
        pi.write(STOP, "")
        writer.wait()


@contextmanager
def address_confirmed(pi: Pi) -> Iterator[None]:
    """Confirm the static address whenever it is on trial, as its user does after a new login."""
    gone, trial = threading.Event(), pi.files / "var/lib/piwizard/network/trial.json"

    def confirm() -> None:
        while not gone.wait(0.5):
            if trial.exists():
                pi.run(("piwizard", "confirm"), check=False)

    confirming = threading.Thread(target=confirm)
    confirming.start()
    try:
        yield
    finally:
        gone.set()
        confirming.join()


def connected(lab: Lab) -> None:
    """Provide a home with UPnP and an account for DDNS, and the names that its user sets by hand."""
    home.open_accounts(lab)
    lab.router.upnp(MiniUpnpd)
    for name in (*online.NAMES[1:], BLOG):
        lab.internet.zone.remove(name)
        lab.internet.zone.set(name, "A", lab.router.public)
    for server in (lab.internet.acme.production, lab.internet.acme.staging):
        server.relent()


def pages(lab: Lab) -> list[tuple[int, str]]:
    """Return what a visitor from the Internet gets of both sites."""
    visitor = lab.internet.visitor
    asked = ((quickstart.HOST, "/", "https"), (quickstart.HOST, "/poll", "https"), (BLOG, "/", "http"))
    found = [visitor.http(host, path, scheme=scheme) for host, path, scheme in asked]
    return [(one.status, one.text) for one in found]


def answers(lab: Lab) -> str:
    """Return the answers of the whole setup."""
    files = {**sample_app.FILES, "app.py": sample_app.APP.replace("It works. ", "The blog. ")}
    lab.git.start_over("blog", files)
    more = MORE.format(blog=lab.git.url("blog"), ddns=home.NO_IP, new=NEW, backup=SETTINGS)
    return sample_app.answers(layers.repository(lab), more=more)


@pytest.mark.both_releases
def test_fresh_pi_with_the_passphrase_brings_everything_back(lab: Lab, release: str, tmp_path: Path) -> None:
    assert lab.internet.acme.root
    broken = product.ready_pi(lab, release)
    connected(lab)
    lab.internet.trust(broken)
    broken.run(("mkdir", "-p", TARGET))
    broken.write("/root/secret", home.SECRET)
    broken.write(quickstart.ANSWERS, answers(lab))
    began = time.monotonic()
    with address_confirmed(broken):
        broken.run(("piwizard", "apply", "--yes", "--answers", quickstart.ANSWERS), timeout=LONGEST)
    first = time.monotonic() - began
    broken.address = NEW
    python(broken, CREATE)
    assert lab.internet.visitor.http(quickstart.HOST, "/poll", scheme="https", method="POST").text == "written"
    with written_to(broken):
        eventually(lambda: int(python(broken, COUNT)) > 100, 60)
        least = int(python(broken, COUNT))
        saved = piwizard(broken, "backup", "now")
        assert int(python(broken, COUNT)) > least
    assert saved["last"]["ok"], saved
    sheet = piwizard(broken, "backup", "sheet")
    before = pages(lab), https.serial(broken), secrets(broken)
    most = int(python(broken, COUNT))
    orders, updates = lab.internet.acme.production.counts["newOrder"], len(lab.internet.noip.requests)

    drive = shutil.copytree(broken.files / "mnt/usb", tmp_path / "drive", symlinks=True)
    broken.discard()
    fresh = product.ready_pi(lab, release)
    lab.internet.trust(fresh)
    shutil.copytree(drive, fresh.files / "mnt/usb", symlinks=True)
    fresh.write(PASSPHRASE, sheet["passphrase"].upper().replace("-", " "))
    argv = ("piwizard", "restore", "--target", TARGET, "--passphrase-file", PASSPHRASE, "--yes")
    began = time.monotonic()
    with address_confirmed(fresh):
        restored = fresh.run(argv, check=False, timeout=LONGEST)
    again = time.monotonic() - began
    print(f"First set-up: {first:.0f} s. Restored in {again:.0f} s.")
    assert restored.exit == 0, restored.output[-3000:] + restored.errors[-2000:]
    fresh.address = NEW
    assert (pages(lab), https.serial(fresh), secrets(fresh)) == before
    assert lab.internet.acme.production.counts["newOrder"] == orders
    assert len(lab.internet.noip.requests) > updates
    assert {(one.port, one.address) for one in lab.router.mappings} == {(port, NEW) for port in (80, 443)}
    assert python(fresh, CHECK) == "ok"
    assert least <= int(python(fresh, COUNT)) <= most
    states = quickstart.states(fresh)
    assert set(states.values()) == {"done"}, states
    assert json.loads(fresh.run(("piwizard", "backup", "list", "--json")).output)["backups"]
    assert piwizard(fresh, "backup", "now")["last"]["ok"]
    assert not (fresh.files / "var/lib/piwizard/restore.json").exists()
    assert again <= 1.5 * first
    fresh.discard()


def secrets(pi: Pi) -> tuple[str, ...]:
    """Return what must not change: the secrets of the machine and of each app."""
    return tuple(
        pi.read(path) for path in ("/var/lib/piwizard/secrets.json", "/srv/myflask/app.env", "/srv/blog/app.env")
    )
