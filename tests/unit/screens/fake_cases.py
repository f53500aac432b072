"""Put a fake Pi into a state that pages show: files as a real one has them, and code to read.

`new_machine`, `needs_setting`, `failed_app` and `three_sites` are the states of the wireframes.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from piwizard.apps import app_source
from piwizard.apps.app_source import AppSource
from piwizard.diagnosis import overview_refresh
from piwizard.engine import run_launch
from piwizard.setup import workspace
from piwizard.system import paths
from tests.unit.screens import fake_pi

RUN = "20260101T000001-beef"
PLAIN = "from flask import Flask\n\napp = Flask(__name__)\n"
WEATHER = 'import os\nfrom flask import Flask\n\napp = Flask(__name__)\nKEY = os.environ["WEATHER_API_KEY"]\n'
PHOTOS = 'from flask import Flask\nimport settings\n\napp = Flask(__name__)\n\nCONFIG = settings.load("config.json")\n'
SETTINGS = 'import json\n\n\ndef load(path):\n    with open("/home/user/" + path) as f:\n        return json.load(f)\n'
TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "{code}/app.py", line 6, in <module>',
    '    CONFIG = settings.load("config.json")',
    '  File "{code}/settings.py", line 5, in load',
    '    with open("/home/user/" + path) as f:',
    "FileNotFoundError: [Errno 2] No such file or directory: '/home/user/config.json'",
)
SITE = (
    '[sites.{name}.site]\ndomains = ["{domain}"]\n[sites.{name}.app]\nrepo = "https://github.com/user/{name}"\n{more}'
)
DONE = ("app", "gunicorn", "site")


def code(folder: Path, monkeypatch: Any, **files: str) -> Path:
    """Make this the code of every site on a Pi with all steps, and return its folder."""
    (folder / "all-steps").touch()
    fake_pi.install(folder)
    tree = folder / "tree"
    tree.mkdir(exist_ok=True)
    for name, text in files.items():
        (tree / f"{name}.py").write_text(text)
    (tree / "requirements.txt").write_text("Flask\nPillow\n")
    monkeypatch.setattr(
        app_source, "find_source", lambda site, repo, ref, *_, **__: AppSource(repo, ref, "5406c3a77", tree, None)
    )
    return tree


def write_answers(folder: Path, text: str) -> None:
    """Write the answers of the machine."""
    file = folder / "etc" / "answers.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def new_machine(folder: Path, monkeypatch: Any) -> None:
    """Answer nothing and set up nothing."""
    code(folder, monkeypatch, app=WEATHER)


def needs_setting(folder: Path, monkeypatch: Any) -> None:
    """Answer the repository of weather, whose code needs WEATHER_API_KEY."""
    code(folder, monkeypatch, app=WEATHER)
    write_answers(folder, SITE.format(name="weather", domain="raspberrypi.local", more=""))


def failed_app(folder: Path, monkeypatch: Any) -> None:
    """Let the last run of photos have failed, as its code opens a file that the Pi lacks."""
    code(folder, monkeypatch, app=PHOTOS, settings=SETTINGS)
    write_answers(folder, SITE.format(name="photos", domain="photos-home.duckdns.org", more=""))
    for step in ("system", "nginx"):
        fake_pi.remember(folder, step)
    where = paths.sites_dir() / "photos" / "releases" / "5406c3a77" / "app"
    steps = [["app", "photos"], ["gunicorn", "photos"], ["site", "photos"]]
    write_run(
        {"event": "apply-started", "action": "apply", "steps": steps},
        {"event": "run-started", "step": "app", "site": "photos", "plan": []},
        {"event": "command-started", "argv": ["gunicorn", "app:app"], "id": 1},
        *({"event": "output", "id": 1, "stream": "stderr", "text": line.format(code=where)} for line in TRACEBACK),
        {"event": "command-finished", "id": 1, "exit": 3, "seconds": 1.0},
        {"event": "error", "message": "app.entry: app:app does not start.", "key": "app.entry", "hint": None},
        {
            "event": "run-finished",
            "step": "app",
            "site": "photos",
            "result": "failed",
            "seconds": 9.0,
            "summary": "failed",
        },
        {"event": "apply-finished", "result": "failed", "seconds": 9.0},
    )
    workspace.state().mark("app", "photos", "failed", RUN, "app:app does not start.", 9.0)


def failed_certificate(folder: Path, monkeypatch: Any) -> None:
    """Let the last run of photos have failed at the certificate, as its name points elsewhere."""
    code(folder, monkeypatch, app=PLAIN)
    more = "[sites.photos.tls]\nhttps = true\n"
    write_answers(folder, SITE.format(name="photos", domain="photos-home.duckdns.org", more=more))
    for step in ("system", "nginx"):
        fake_pi.remember(folder, step)
    for step in DONE:
        fake_pi.remember(folder, step, "photos")
    reason = "photos-home.duckdns.org points to 5.6.7.8, but your public IP is 11.22.33.44."
    write_run(
        {"event": "apply-started", "action": "apply", "steps": [["certbot", "photos"]]},
        {"event": "run-started", "step": "certbot", "site": "photos", "plan": []},
        {"event": "error", "message": reason, "key": "site.domains", "hint": "Wait until the name is updated."},
        {"event": "apply-finished", "result": "failed", "seconds": 3.0},
    )
    workspace.state().mark("certbot", "photos", "failed", RUN, reason, 3.0)


def three_sites(folder: Path, monkeypatch: Any) -> None:
    """Set up photos and hello, and let weather wait for WEATHER_API_KEY; all were checked four minutes ago."""
    code(folder, monkeypatch, app=WEATHER)
    write_answers(
        folder,
        SITE.format(name="photos", domain="photos-home.duckdns.org", more="[sites.photos.tls]\nhttps = true\n")
        + SITE.format(name="hello", domain="raspberrypi.local", more="[sites.hello.tls]\nhttps = false\n")
        + SITE.format(name="weather", domain="weather.local", more=""),
    )
    for step in ("system", "nginx"):
        fake_pi.remember(folder, step)
    for site in ("photos", "hello"):
        for step in DONE:
            fake_pi.remember(folder, step, site)
    paths.state_dir().mkdir(parents=True, exist_ok=True)
    (paths.state_dir() / "overview.json").write_text(json.dumps(CHECKED))
    monkeypatch.setattr(overview_refresh, "refresh", saved_again)


def saved_again(planner: Any, state: Any) -> Any:
    """Return the saved overview: a test does not check the machine that it runs on."""
    from piwizard.setup import site_overview

    return site_overview.saved(planner, state)


PHOTOS_SEEN = {
    "commit_subject": "Fix the upload", "certificate_days": 89, "page_ms": 38, "page_status": 200,
    "last_error": "", "last_error_at": "", "new_commit": "8f2c1aa", "missing": [], "problem": "",
    "requests_per_hour": [9, 8, 12, 9, 7, 14, 22, 50, 88, 120, 104, 60, 31, 28, 44, 70, 95, 77, 52, 36, 20, 15, 28, 45],
}  # fmt: skip
HELLO_SEEN = {**PHOTOS_SEEN, "certificate_days": None, "new_commit": "", "requests_per_hour": [0] * 23 + [2]}
CHECKED = {
    "version": 1,
    "checked_at": "2026-01-01T12:00:00+00:00",
    "host": {
        "way_in": ["photos-home.duckdns.org", "192.168.1.1", "192.168.1.197"],
        "temperature": 48.0, "memory_used": 1230, "memory_total": 3886, "disk_free": 37_000, "disk_total": 58_000,
        "clock_correct": True, "undervoltage": False, "next_renewal": "2026-01-01T03:12:00+00:00",
        "local_ip": "192.168.1.197",
    },
    "sites": {"photos": PHOTOS_SEEN, "hello": HELLO_SEEN, "weather": {"missing": ["app.env.WEATHER_API_KEY"]}},
}  # fmt: skip


def write_run(*events: dict[str, Any]) -> None:
    """Write the log and the request of a run that has ended."""
    where = run_launch.folder(RUN)
    where.mkdir(parents=True)
    at = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    lines = [json.dumps({"at": at, "run": RUN, **event}) for event in events]
    (where / "events.jsonl").write_text("\n".join(lines) + "\n")
    request = {"action": "apply", "steps": [["app", "photos"]], "overwrite": False, "pins": []}
    (where / "request.json").write_text(json.dumps(request))
