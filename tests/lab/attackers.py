"""Provide a repository whose code leaves processes behind and races root.


Every part of it runs the same `stay`: while packages are built, in a command of `app.init`, at the start of the app in
its smoke test, and in the service. It swaps folders for links to root's files, holds locks, fills shared memory and
disks, and writes down what it reached. `files` returns the repository; `sentinels` returns the current state of files
that belong to root.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from tests.lab.pi import Pi

NAME, HOST = "stayer", "stayer.example.org"
PREY = 3000
"""Files with the same name in a folder of the repository and in one of root's: access by path may hit the wrong one."""
STAY_SECONDS = 120
"""The process exits after this time if nothing ends it."""
STAY = f'''\
import fcntl, glob, os, signal, sys, time

TARGET = "/etc/sentinels"
LOCKED = ("/var/lib/piwizard", "/var/lib/piwizard/backups", "/etc/xdg/piwizard", "/opt/piwizard", "/opt/piwizard/lock",
          "/run/piwizard", "/run/piwizard/run.lock", "/var/cache/piwizard", "/var/log/piwizard", "/srv", "/etc/nginx")


def stay(places, seconds={STAY_SECONDS}):
    """Leaves a process behind that no signal but KILL ends, in a session of its own."""
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for handle in range(256):
        try:
            os.close(handle)
        except OSError:
            pass
    try:
        race(places, time.monotonic() + seconds)
    finally:
        os._exit(0)


def race(places, until):
    held = lock()
    while time.monotonic() < until:
        for place in [found for pattern in places for found in glob.glob(pattern)]:
            for name in ("prey", "uploads", "instance"):
                swap(os.path.join(place, name))
            for name in (".piwizard-new", ".piwizard-new/prey", "result.json"):
                plant(os.path.join(place, name))
    return held


def swap(path):
    try:
        os.rename(path, path + ".moved")
        os.symlink(TARGET, path)
    except OSError:
        return
    time.sleep(0.002)
    try:
        os.unlink(path)
        os.rename(path + ".moved", path)
    except OSError:
        pass


def plant(path):
    try:
        os.symlink(TARGET + "/f0000", path)
        os.unlink(path)
    except OSError:
        pass


def lock():
    held = []
    for path in LOCKED:
        try:
            handle = os.open(path, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(handle)
        except OSError:
            pass
    return held


def others():
    """The processes of others, or of the app's service, whose environment can be read."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{{name}}/environ", "rb") as file:
                    if b"PIWIZARD_LIVE" in file.read():
                        found.append(int(name))
            except OSError:
                pass
    return found


def seen():
    """What a command finds in the folders that should be its own alone."""
    home = os.environ["HOME"]
    own = "left-behind-" + os.environ.get("INVOCATION_ID", "")
    temporary = os.listdir("/tmp") + os.listdir("/var/tmp") + os.listdir("/dev/shm")
    return {{
        "uid": os.getuid(),
        "home": [name for name in os.listdir(home) if name.startswith("left-behind") and name != own],
        "temporary": [name for name in temporary if name.startswith("left-behind") and name != own],
        "environments": others(),
    }}


def mark():
    for folder in ("/tmp", "/var/tmp", "/dev/shm", os.environ["HOME"]):
        try:
            open(os.path.join(folder, "left-behind-" + os.environ.get("INVOCATION_ID", "")), "w").close()
        except OSError:
            pass
'''
SETUP = """\
import json, os, pathlib, sys
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
from stay import mark, seen, stay
pathlib.Path(here, "probe_of_the_build.py").write_text("SEEN = " + repr(json.dumps(seen())))
mark()
home = os.environ["HOME"]
stay(["/srv/stayer/releases/*/app/nest", home, "/srv/stayer/data"])
from setuptools import setup
setup(name="evil", version="1", py_modules=["probe_of_the_build"])
"""
APP = """\
import json, os, threading, time
import click
from flask import Flask
from stay import mark, race, seen, stay

app = Flask(__name__)
os.makedirs("uploads", exist_ok=True)
SEEN = seen()
mark()
data = os.environ["HOME"]
stay([data, "/srv/stayer/releases/*/app/nest", "/srv/stayer/releases"])


@app.cli.group()
def translate():
    pass


@translate.command("compile")
def compile_all():
    with open("nest/compiled.json", "w") as file:
        json.dump(SEEN, file)
    stay([os.path.abspath("nest"), data])


@app.get("/")
def index():
    return "stays"


@app.get("/compiled")
def compiled():
    with open("nest/compiled.json") as file:
        return file.read()


@app.get("/shared")
def shared():
    found = os.statvfs("/dev/shm")
    return {"files": os.listdir("/dev/shm"), "size": found.f_blocks * found.f_frsize}
"""


def files() -> dict[str, str | bytes | None]:
    """Return the files of the repository."""
    prey: dict[str, str | bytes | None] = {f"nest/prey/f{number:04}": "theirs" for number in range(PREY)}
    return {
        **prey,
        "app.py": APP,
        "stay.py": STAY,
        "requirements.txt": "flask\nsetuptools\nwheel\n./evil\n",
        "evil/setup.py": SETUP,
        "evil/stay.py": STAY,
        "Procfile": "release: flask translate compile\nweb: gunicorn app:app\n",
    }


def answers(repo: str) -> str:
    """Return the answers for this site and for a harmless first one."""
    return f"""
[sites.{NAME}.site]
domains = ["{HOST}"]

[sites.{NAME}.app]
repo = "{repo}"
writable = ["uploads", "instance"]
env = {{ PIWIZARD_LIVE = "the running app" }}
init = ["flask translate compile"]
"""


PLACES = ("etc", "root", "usr/local/bin", "var/lib", "var/cache", "var/log", "srv", "opt", "home/alex", "boot", "run")


def plant(pi: Pi) -> None:
    """Write files that belong to root in many places.

    One folder of them has the names of the repository's files.
    """
    folder = pi.files / "etc/sentinels"
    folder.mkdir(mode=0o755)
    for number in range(PREY):
        (folder / f"f{number:04}").write_text("root's\n")
    for place in PLACES:
        path = pi.files / place / "sentinel"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"root's in {place}\n")
        path.chmod(0o640)
    (pi.files / "home/alex/hers").write_text("alex's\n")
    os.chown(pi.files / "home/alex/hers", 1000, 1000)


def sentinels(pi: Pi) -> dict[str, tuple[object, ...]]:
    """Return owner, mode, link count and content of the files that must not change.

    These are the sentinels, /etc, and root's programs.
    """
    found = {}
    planted = [pi.files / place / "sentinel" for place in PLACES] + [pi.files / "home/alex/hers"]
    for path in [*planted, *_below(pi.files / "etc/sentinels"), *_below(pi.files / "usr/local")]:
        info = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(info.st_mode) else ""
        found[str(path.relative_to(pi.files))] = (info.st_uid, info.st_gid, info.st_mode, info.st_nlink, content)
    return found


def _below(folder: Path) -> list[Path]:
    return [folder, *folder.rglob("*")]
