"""Check limits for strangers: endless pages, locks, published sources."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from tests.lab import product, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

STREAM = """\
import time
from flask import Flask, Response

app = Flask(__name__)
JPEG = b"\\xff\\xd8" + bytes(20_000) + b"\\xff\\xd9"


@app.route("/")
def stream():
    def parts():
        while True:
            yield b"--frame\\r\\nContent-Type: image/jpeg\\r\\n\\r\\n" + JPEG + b"\\r\\n"

    return Response(parts(), mimetype="multipart/x-mixed-replace; boundary=frame")
"""
LIGHTS = """\
from flask import Flask

app = Flask(__name__)


@app.route("/")
@app.route("/<device>/<action>")
def page(device="", action=""):
    return "red off, yellow off"
"""
GIVEN_AWAY = """\
from flask import Flask, send_from_directory

app = Flask(__name__)


@app.route("/")
@app.route("/<path:name>")
def file(name="index.html"):
    return send_from_directory(".", name)
"""
HOLD = """
import fcntl, os, time
held = []
for path in ("/var/lib/piwizard", "/var/lib/piwizard/backups", "/etc/xdg/piwizard", "/opt/piwizard", "/run/piwizard",
             "/run/piwizard/locks", "/run/piwizard/run.lock", "/var/lib/piwizard/state.json", "/srv/myflask"):
    try:
        fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
        held.append(path)
    except OSError:
        pass
print(*held, flush=True)
time.sleep(600)
"""
MEASURED = """
import resource, subprocess
subprocess.run(["piwizard", "watch"], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.fixture(scope="module")
def pi(lab: Lab) -> Iterator[Pi]:
    ready = product.ready_pi(lab, "trixie")
    yield ready
    ready.discard()


def deployed(pi: Pi, lab: Lab, name: str, *, passes: bool = True, **files: str) -> None:
    """Set up an app under the only name that the tests use; `passes` are its checks."""
    lab.git.commit(name, {"requirements.txt": "flask\n", **{f"{key}.py": text for key, text in files.items()}})
    pi.write(quickstart.ANSWERS, sample_app.answers(lab.git.url(name)))
    ended = quickstart.apply(pi, "--answers", quickstart.ANSWERS, check=False)
    assert ended.ok == passes, ended.output


def checks(pi: Pi) -> dict[str, dict[str, object]]:
    """Return the doctor's findings by name, including the checks of the steps."""
    found = quickstart.said(pi.run(("piwizard", "doctor", "--json"), check=False))["findings"]
    return {one["id"]: one for one in found}


def test_endless_first_page_is_checked_in_little_memory(pi: Pi, lab: Lab) -> None:
    deployed(pi, lab, "stream", app=STREAM)
    assert checks(pi)["site-answers"]["ok"]
    kilobytes = int(pi.run(("timeout", "300", "python3", "-c", MEASURED)).output.split()[-1])
    assert kilobytes < 200_000


def test_route_for_every_address_is_no_leak(pi: Pi, lab: Lab) -> None:
    deployed(pi, lab, "lights", app=LIGHTS)
    assert checks(pi)["repository-closed"]["ok"]


def test_locks_of_other_users_block_no_command(pi: Pi) -> None:
    said: SimpleQueue[str] = SimpleQueue()
    stranger = pi.start(
        ("runuser", "-u", "nobody", "--", "python3", "-c", HOLD), on_line=lambda stream, line: said.put(line)
    )
    try:
        held = said.get(timeout=60).split()
        assert "/opt/piwizard" in held
        assert not {"/run/piwizard/locks", "/run/piwizard/run.lock"} & set(held)
        assert pi.run(("timeout", "120", "piwizard", "apply")).ok
    finally:
        stranger.end()


def test_flood_in_the_logs_of_nginx_is_limited_by_size(pi: Pi, lab: Lab) -> None:
    deployed(pi, lab, "lights", app=LIGHTS)
    log, service = "/var/log/nginx/myflask.access.log", "piwizard-nginx-logs.service"
    assert pi.run(("systemctl", "is-enabled", "piwizard-nginx-logs.timer")).output.strip() == "enabled"
    for number in range(1, 18):
        pi.run(("sh", "-c", f"yes 'GET /{number} HTTP/1.1' | head -c 30M >> {log}"))
        pi.run(("systemctl", "start", service))
    kept = sorted(pi.files.glob(f"{log[1:]}*"))
    assert len(kept) == 15
    assert sum(path.stat().st_size for path in kept) < 64 << 20
    assert pi.http("/", host=quickstart.HOST).status == 200
    eventually(lambda: "GET / HTTP" in pi.read(log), 60)
    owner = pi.run(("stat", "--format=%U:%G %a", log)).output.strip()
    assert owner == "www-data:adm 640"
    before = pi.read(log)
    pi.run(("systemctl", "start", service))
    assert pi.read(log) == before, "rotated although it is small"
    pi.run(("piwizard", "undo", "--all", "--yes"))
    assert not (pi.files / "etc/piwizard/nginx-logs.conf").exists()


@pytest.mark.parametrize("turn", range(4))
def test_served_source_is_found_every_time(pi: Pi, lab: Lab, turn: int) -> None:
    if turn == 0:
        deployed(pi, lab, "given", passes=False, app=GIVEN_AWAY)
    pi.run(("systemctl", "reload", "nginx"))
    found = checks(pi)["repository-closed"]
    assert not found["ok"]
    assert "/app.py" in str(found["detail"])
