"""Test the units of an app: size, settings and name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from piwizard.errors import PiwizardError
from piwizard.steps.gunicorn import Gunicorn

from .conftest import COMMIT, of_kind
from .test_app import SRC_LAYOUT


@pytest.fixture
def written(context, answers):
    """Return the files of the plan by name."""

    def made(files=None, more="", parts=None, **secrets):
        changes = Gunicorn().plan(context(files, **(parts or {})), answers(more, **secrets))
        return {file.path.name: file for file in of_kind(changes, "file")}

    return made


def test_units_do_not_depend_on_other_sites(written):
    assert written(parts={"sites": ("blog", "other")}) == written(parts={"sites": ("blog",)})


def test_answers_override_workers_and_threads(written):
    text = written(None, "\n[gunicorn]\nworkers = 7\nthreads = 9")["blog.service"].content
    assert "--workers=7" in text
    assert "--threads=9" in text


def test_factory_in_a_src_layout_is_started(written):
    text = written(SRC_LAYOUT)["blog.service"].content
    assert "/srv/blog/" in re.search(r"PYTHONPATH=(\S+)", text)[1]
    assert re.search(r"PYTHONPATH=\S+/app/src\b", text)
    assert "create_app()" in text


def test_app_settings_are_readable_by_root_only(written):
    nasty = 'a"b\\c$d`e'
    file = written(None, "\nenv = { KEY = { generate = 16 }, MODE = 'x y' }", KEY=nasty)["app.env"]
    assert file.mode == 0o600
    assert file.secret
    assert file.content == 'KEY="a\\"b\\\\c\\$d\\`e"\nMODE="x y"\n'
    texts = [one.content for name, one in written(None, "\nenv = { KEY = { generate = 16 } }", KEY=nasty).items()
             if name != "app.env"]  # fmt: skip
    assert texts
    assert not [text for text in texts if nasty in text]


@pytest.mark.parametrize("unit", ["blog.service"])
def test_site_name_of_a_system_service_is_refused(written, unit):
    with pytest.raises(PiwizardError, match=r"site\.name: blog is the name of a system service") as refused:
        written(parts={"packaged_units": frozenset({unit, "nginx.service"})})
    assert refused.value.key == "site.name"


def test_units_of_others_do_not_block_a_site_name(written):
    assert written(parts={"packaged_units": frozenset({"nginx.service", "blogger.service"})})


def test_units_are_enabled_after_they_are_written(context, answers):
    changes = Gunicorn().plan(context(), answers())
    group, units = of_kind(changes, "group")[-1], of_kind(changes, "unit")
    assert group.activate[0].argv == ("systemctl", "daemon-reload")
    assert [unit.name for unit in units][-2:] == ["blog.socket", "blog.service"]


def test_gunicorn_questions_name_the_board(context, memory):
    workers, threads, *_ = Gunicorn().questions(context(machine=memory(430, 1)), None)
    assert (workers.default, threads.default) == (1, 16)


@pytest.fixture
def proven(tmp_path, monkeypatch):
    """Make a release with a proof of its smoke test, in use or not."""
    monkeypatch.setattr("piwizard.system.paths.sites_dir", lambda: tmp_path / "srv")

    def made(worker, release=COMMIT[:12], *, current=True):
        folder = tmp_path / "srv" / "blog" / "releases" / release
        folder.mkdir(parents=True, exist_ok=True)
        content = {"argv": ["app:app"], "measured": {"master": 26, "worker": worker}}
        (folder / "proven.json").write_text(json.dumps(content))
        if current:
            (folder.parents[1] / "current").symlink_to(folder)

    return made


def test_measured_memory_decides_the_workers(context, answers, memory, proven):
    proven(61)
    on = context(machine=memory(430, 4))
    workers, threads, *_ = Gunicorn().questions(on, answers())
    assert (workers.default, threads.default) == (2, 16)
    assert workers.detected == "for 4 cores, 512 MB; the app uses 61 MB per worker"
    (text,) = [f.content for f in of_kind(Gunicorn().plan(on, answers()), "file") if f.path.name == "blog.service"]
    assert "--workers=2 --threads=16" in text


def test_memory_of_the_planned_release_comes_first(written, memory, proven):
    proven(300, "ffffffffffff")
    machine = {"machine": memory(920, 4)}
    assert "--workers=1 --threads=32" in written(parts=machine)["blog.service"].content
    proven(30, current=False)
    assert "--workers=4 --threads=16" in written(parts=machine)["blog.service"].content
    answered = written(None, "\n[gunicorn]\nworkers = 3", parts=machine)["blog.service"].content
    assert "--workers=3 --threads=16" in answered


def test_units_do_not_depend_on_reserved_memory(written, memory):
    assert written(parts={"machine": memory(430, 4)}) == written(parts={"machine": memory(428, 4)})


LAMP = """
from flask import Flask
app = Flask(__name__)
lamp = {"on": False}
@app.route("/toggle", methods=["POST"])
def toggle():
    lamp["on"] = not lamp["on"]
    return ""
"""


def test_state_in_memory_needs_one_worker(context, answers, written):
    files = {"app.py": LAMP, "requirements.txt": "flask\n"}
    assert "--workers=1 --threads=32" in written(files)["blog.service"].content
    (notice,) = of_kind(Gunicorn().plan(context(files), answers()), "notice")
    assert notice.sentence == (
        "The app runs in one process: it keeps lamp in memory, and toggle() changes it (app.py:7). "
        "gunicorn starts one worker, with more threads."
    )
    workers, *_ = Gunicorn().questions(context(files), answers())
    assert workers.default == 1
    assert workers.detected == "one process: it keeps lamp in memory, and toggle() changes it (app.py:7)"


def test_more_workers_than_one_process_may_have_are_named(context, answers):
    more = "\n[gunicorn]\nworkers = 3"
    (notice,) = of_kind(Gunicorn().plan(context({"app.py": LAMP}), answers(more)), "notice")
    assert "The answers ask for 3 workers" in notice.sentence


@pytest.mark.parametrize(
    ("listed", "code", "worker_class"),
    [
        ("flask-socketio", "socketio = SocketIO(app)", "gthread"),
        ("flask-socketio\ngevent", "socketio = SocketIO(app)", "gevent"),
        ("flask-socketio\ngevent\ngevent-websocket", "socketio = SocketIO(app)",
         "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"),
        ("flask-socketio\neventlet", "socketio = SocketIO(app, async_mode='eventlet')", "eventlet"),
        ("gevent", "pass", "gthread"),
        ("gevent", "from gevent import monkey\nmonkey.patch_all()", "gevent"),
    ],
)  # fmt: skip
def test_worker_class_is_the_one_that_the_app_asks_for(written, listed, code, worker_class):
    files = {
        "requirements.txt": f"flask\n{listed}\n",
        "app.py": f"from flask import Flask\nfrom flask_socketio import SocketIO\napp = Flask(__name__)\n{code}\n",
    }
    text = written(files)["blog.service"].content
    assert f"--worker-class={worker_class} " in text
    assert ("--threads=" in text) == (worker_class == "gthread")


def test_quart_is_served_by_the_asgi_worker(written):
    files = {
        "requirements.txt": "quart\n",
        "app.py": "from quart import Quart\napp = Quart(__name__)\n@app.websocket('/ws')\nasync def ws(): pass\n",
    }
    assert "--worker-class=asgi " in written(files)["blog.service"].content


def test_power_actions_are_allowed_to_the_user_of_the_app_only(written):
    files = written(None, '\nmay = ["reboot"]')
    rule = files["50-piwizard-blog.rules"]
    assert rule.path == Path("/etc/polkit-1/rules.d/50-piwizard-blog.rules")
    assert 'subject.user == "blog"' in rule.content
    assert "org.freedesktop.login1.reboot" in rule.content
    assert "power-off" not in rule.content
    assert "InaccessiblePaths=-/run/dbus" not in files["blog.service"].content


def test_plain_app_gets_neither_power_nor_the_system_bus(written, context, answers):
    files = written()
    assert "50-piwizard-blog.rules" not in files
    assert "InaccessiblePaths=-/run/dbus" in files["blog.service"].content
    gone = of_kind(Gunicorn().plan(context(), answers()), "gone")
    assert [change.path.name for change in gone] == ["50-piwizard-blog.rules", "rollback.json"]


SCRIPT = """
from flask import Flask
app = Flask(__name__)
if __name__ == "__main__":
    create_tables()
    app.run()
"""


def test_script_runs_as_a_program_in_one_worker(context, answers, written):
    files = {"web/lamp.py": SCRIPT, "requirements.txt": "flask\n", "start.sh": "cd web\npython3 lamp.py\n"}
    text = written(files)["blog.service"].content
    assert re.search(r"^WorkingDirectory=/srv/blog/.*/app/web$", text, re.MULTILINE)
    assert re.search(r"--workers=1 .* lamp\.py$", text, re.MULTILINE)
    start, processes = of_kind(Gunicorn().plan(context(files), answers()), "notice")
    assert start.sentence.startswith(
        "web/lamp.py runs as with `python web/lamp.py`, because as a program it calls create_tables() (line 5)."
    )
    assert "it is started as a program (web/lamp.py:6)" in processes.sentence


def test_answer_decides_the_working_directory(written):
    files = {"web/lamp.py": SCRIPT, "requirements.txt": "flask\n"}
    text = written(files, "\nfolder = '.'")["blog.service"].content
    assert re.search(r"^WorkingDirectory=/srv/blog/.*/app$", text, re.MULTILINE)
    assert re.search(r"^Environment=PYTHONPATH=/srv/blog/.*/app/web$", text, re.MULTILINE)
    assert re.search(r" web/lamp\.py$", text, re.MULTILINE)
    with pytest.raises(PiwizardError, match=r"app\.folder: the repository has no folder elsewhere"):
        written(files, "\nfolder = 'elsewhere'")
