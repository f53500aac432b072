"""Test that causes are found for recorded tracebacks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from piwizard.apps.data_risk import DataRisk
from piwizard.diagnosis.app_errors import find_causes
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import find_failures
from piwizard.system import device_errors
from piwizard.system.remedies import AddAnswer, AddTableEntries, ApplySteps, GenerateSecret
from tests.unit.diagnosis import recorded
from tests.unit.diagnosis.conftest import AppContexts
from tests.unit.diagnosis.recorded import load, view

FRAME = '  File "/srv/myflask/current/app/app.py", line 3, in x'
OPEN = 'with open("result.json", "w") as result:'
CODE = f"{recorded.RELEASE}/app"
VENV = f"{recorded.RELEASE}/venv/lib/python3.13/site-packages"
TABLE = [
    # output, id of the finding, line of the app, part of cause and fix, answers that --fix adds
    (view("PermissionError: [Errno 13] Permission denied: 'counter.json'", OPEN),
     "file-not-writable", "app.py:31 in poll", "counter.json is in the code", {"app.writable": ("counter.json",)}),
    (view("OSError: [Errno 30] Read-only file system: 'notes.txt'", OPEN),
     "file-not-writable", "app.py:31", "the user myflask, who can only read it", {"app.writable": ("notes.txt",)}),
    (view(f"OSError: [Errno 30] Read-only file system: '{CODE}/pictures/cat.png'", OPEN),
     "file-not-writable", "app.py:31", '"pictures" to app.writable', {"app.writable": ("pictures",)}),
    (view(f"OSError: [Errno 30] Read-only file system: '{CODE}/config/settings.json'", OPEN),
     "file-not-writable", "app.py:31", "deployed again", {"app.writable": ("config/settings.json",)}),
    (view("OSError: [Errno 30] Read-only file system: 'static/made/a.png'", 'figure.savefig("static/made/a.png")'),
     "file-not-writable", "app.py:31", "static/made", {"app.writable": ("static/made",)}),
    (view(f"OSError: [Errno 30] Read-only file system: '{CODE}/static/faces/3f9a.jpg'", "image.save(path)"),
     "file-not-writable", "app.py:31", '"static/faces" to app.writable', {"app.writable": ("static/faces",)}),
    (view(f"OSError: [Errno 30] Read-only file system: '{CODE}/static/3f9a.jpg'", "image.save(path)"),
     "file-not-writable", "app.py:31", "a folder of its own", None),
    (view("ModuleNotFoundError: No module named 'pkg_resources'", "import pkg_resources"),
     "module-missing", "app.py:31", "the line setuptools<81 to requirements.txt", None),
    (view("OSError: [Errno 30] Read-only file system: 'tmpk3x_9a2b'", "NamedTemporaryFile()"),
     "file-not-writable", "app.py:31", "a folder of its own", None),
    (view("OSError: [Errno 30] Read-only file system: 'a.json.tmp' -> 'a.json'", "os.replace(a, b)"),
     "file-not-writable", "app.py:31", "a folder of its own", None),
    (view("PermissionError: [Errno 13] Permission denied: 'app.py'", OPEN),
     "file-not-writable", "app.py:31", "a folder of its own", None),
    (view("PermissionError: [Errno 13] Permission denied: '/home/pi/result.json'", OPEN),
     "file-outside-app", "app.py:31", 'Add "/home/pi" = "data" to app.paths', {"app.paths": (("/home/pi", "data"),)}),
    (view("FileNotFoundError: [Errno 2] No such file or directory: '/home/pi/lamp/state.json'", 'open(STATE)'),
     "file-outside-app", "app.py:31", "in /srv/myflask/data", {"app.paths": (("/home/pi/lamp", "data"),)}),
    (view("OSError: [Errno 30] Read-only file system: '/mnt/usb/photos/1.jpg'", OPEN),
     "file-outside-app", "app.py:31", '"/mnt/usb/photos" = "/mnt/usb/photos" to use the disk', None),
    (view("PermissionError: [Errno 13] Permission denied: '/var/log/lamp.log'", OPEN),
     "file-outside-app", "app.py:31", "outside of the app's folder", None),
    (view("PermissionError: [Errno 13] Permission denied: '/dev/gpiomem'", "GPIO.setup(4, GPIO.IN)"),
     "device-not-reachable", "app.py:31", 'Add "gpio" to app.hardware', {"app.hardware": ("gpio",)}),
    (view("RuntimeError: No access to /dev/mem.  Try running as root!", "GPIO.setup(4, GPIO.IN)"),
     "device-not-reachable", "app.py:31", "closed to it", {"app.hardware": ("gpio",)}),
    (view("FileNotFoundError: [Errno 2] No such file or directory: '/dev/i2c-1'", "bus = SMBus(1)"),
     "device-not-reachable", "app.py:31", "the I2C bus, which is closed", {"app.hardware": ("i2c",)}),
    (view("serial.serialutil.SerialException: [Errno 13] could not open port /dev/ttyUSB0: [Errno 13] Permission "
          "denied: '/dev/ttyUSB0'", "serial.Serial(PORT)"),
     "device-not-reachable", "app.py:31", "serial ports", {"app.hardware": ("serial",)}),
    (view("lgpio.error: 'can not open gpiochip'", "LED(17)"),
     "device-not-reachable", "app.py:31", "GPIO pins", {"app.hardware": ("gpio",)}),
    (view("gpiozero.exc.BadPinFactory: Unable to load any default pin factory!", "LED(17)"),
     "device-not-reachable", "app.py:31", "GPIO pins", {"app.hardware": ("gpio",)}),
    (view("FileNotFoundError: [Errno 2] No such file or directory: 'uploads/a.txt'", 'open("uploads/a.txt", "w")'),
     "folder-missing", "app.py:31", "git keeps no empty folders", {"app.writable": ("uploads",)}),
    (view("FileNotFoundError: [Errno 2] No such file or directory: 'lists/a.txt'", 'open("lists/a.txt")'),
     "app-fails", "app.py:31", 'open("lists/a.txt")', None),
    (view("ModuleNotFoundError: No module named 'yaml'", "import yaml"),
     "module-missing", "app.py:31", "the line PyYAML to requirements.txt", None),
    (view("ModuleNotFoundError: No module named 'picamera2'", "from picamera2 import Picamera2"),
     "module-missing", "app.py:31", "this machine lacks it", {"app.packages": ("python3-picamera2",)}),
    (view("ModuleNotFoundError: No module named 'flask_login'", "import flask_login"),
     "module-missing", "app.py:31", "the line Flask-Login to requirements.txt", None),
    (view("ModuleNotFoundError: No module named 'PIL'", "import PIL"),
     "module-missing", "app.py:31", "lists Pillow, but the environment lacks it", None),
    (load("ModuleNotFoundError: No module named 'app'"),
     "entry-wrong", "No module named 'app'", "app.entry", None),
    (view(f"ImportError: cannot import name 'escape' from 'flask' ({VENV}/flask/__init__.py)", "from flask import x"),
     "import-fails", "app.py:31", "written for an older version", None),
    (view(f"ImportError: cannot import name 'x' from partially initialized module 'models' (most likely due to a "
          f"circular import) ({CODE}/models.py)", "from models import x"),
     "import-fails", "app.py:31", "import each other", None),
    (view("ImportError: libopenblas.so.0: cannot open shared object file: No such file or directory", "import numpy"),
     "system-library-missing", "app.py:31", 'Add "libopenblas0" to app.packages', {"app.packages": ("libopenblas0",)}),
    (view("ImportError: libodd.so.7: cannot open shared object file: No such file or directory", "import odd"),
     "system-library-missing", "app.py:31", "apt-file search libodd.so.7", None),
    (view("KeyError: 'API_KEY'", 'os.environ["API_KEY"]', deeper=recorded.NO_VARIABLE),
     "variable-missing", "app.py:31", "API_KEY to [app.env]", None),
    (view("KeyError: 'SECRET_KEY'", 'os.environ["SECRET_KEY"]', deeper=recorded.NO_VARIABLE_3_11),
     "variable-missing", "app.py:31", "generate = 32", {"app.env.SECRET_KEY": 32}),
    (load("KeyError: 'API_KEY'", f'  File "{CODE}/app.py", line 3, in <module>\n    os.environ["API_KEY"]\n'
          + recorded.NO_VARIABLE),
     "variable-missing", "app.py:3: KeyError", "API_KEY to [app.env]", None),
    (view("KeyError: 'colour'", 'row["colour"]'), "app-fails", "app.py:31", "Correct app.py, line 31", None),
    (view("decouple.UndefinedValueError: MAIL not found. Declare it as envvar or define a default value.", "config()"),
     "variable-missing", "app.py:31", "MAIL to [app.env]", None),
    (view("RuntimeError: The session is unavailable because no secret key was set.  Set the secret_key on the "
          "application to something unique and secret.", 'session["user"] = 1'),
     "variable-missing", "app.py:31", "SECRET_KEY", {"app.env.SECRET_KEY": 32}),
    (view("sqlite3.OperationalError: attempt to write a readonly database", "db.execute(more)"),
     "database-read-only", "app.py:31", "data.db is in the code", {"app.writable": ("data.db",)}),
    (view("sqlite3.OperationalError: unable to open database file", "sqlite3.connect(DATA)"),
     "database-read-only", "app.py:31", "data.db", {"app.writable": ("data.db",)}),
    (view("sqlite3.OperationalError: no such table: user", "db.execute(all)"),
     "database-table-missing", "app.py:31", "no table user", {"app.init": ("flask --app app init-db",)}),
    (recorded.SQLALCHEMY, "database-table-missing", "shop/views.py:12 in users", "no table user",
     {"app.init": ("flask --app app init-db",)}),
    (view("psycopg2.OperationalError: connection to server at \"localhost\" (::1), port 5432 failed: no", "call()"),
     "database-server-silent", "app.py:31", "does not answer", None),
    (view("OSError: [Errno 28] No space left on device", "result.write(text)"),
     "disk-full", "app.py:31", "apt-get clean", None),
    (view("MemoryError", "hold.append(much)"), "out-of-memory", "app.py:31", "gunicorn.workers", None),
    (view("jinja2.exceptions.TemplateNotFound: Index.html", 'render_template("Index.html")'),
     "template-missing", "app.py:31", "uppercase and lowercase", None),
    (view("ZeroDivisionError: division by zero", "return str(1 / 0)"),
     "app-fails", "app.py:31 in poll: ZeroDivisionError", "return str(1 / 0)", None),
    (load("SyntaxError: '(' was never closed", f'  File "{CODE}/app.py", line 7\n    print(\n         ^\n'),
     "app-fails", "app.py:7: SyntaxError", "print(", None),
]  # fmt: skip


def answers_added(finding: Finding) -> dict[str, object]:
    """Return the answers that --fix adds, by key."""
    added = {one.key: one.values for one in finding.fix if isinstance(one, AddAnswer)}
    added |= {one.key: one.entries for one in finding.fix if isinstance(one, AddTableEntries)}
    return {**added, **{one.key: one.length for one in finding.fix if isinstance(one, GenerateSecret)}}


@pytest.mark.parametrize(("lines", "name", "where", "words", "added"), TABLE, ids=lambda value: None)
def test_traceback_has_a_cause_and_a_fix(
    context: AppContexts,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[str],
    name: str,
    where: str,
    words: str,
    added: dict[str, object] | None,
) -> None:
    monkeypatch.setattr("piwizard.diagnosis.resource_errors._has_space", lambda _: False)
    (finding,) = find_causes([lines], context())
    assert (finding.id, finding.ok, finding.step, finding.site) == (name, False, "app", "myflask")
    assert where in finding.detail
    assert words in f"{finding.cause} {finding.advice}"
    assert finding.cause.endswith((".", words)) or name == "app-fails"
    assert finding.advice.endswith((".", '…"'))
    assert finding.fixable == (added is not None)
    assert (answers_added(finding) if finding.fixable else None) == added


def test_same_problem_is_reported_once(context: AppContexts) -> None:
    lines = view("ZeroDivisionError: division by zero", "return str(1 / 0)")
    (finding,) = find_causes([lines, [*lines, *lines]], context())
    assert finding.detail.endswith(", 3 times")


def test_failures_of_several_workers_are_separate(context: AppContexts) -> None:
    first = view("KeyError: 'API_KEY'", 'os.environ["API_KEY"]', deeper=recorded.NO_VARIABLE)
    second = view("ModuleNotFoundError: No module named 'yaml'", "import yaml", line=44)
    found = find_causes([first, second], context())
    assert [finding.id for finding in found] == ["variable-missing", "module-missing"]


@pytest.mark.parametrize(
    ("lines", "known", "name"),
    [
        (view("PermissionError: [Errno 13] Permission denied: 'result.json'", OPEN), {"writable": ("result.json",)},
         "file-of-another-user"),
        (view("KeyError: 'API_KEY'", "x", deeper=recorded.NO_VARIABLE), {"env": frozenset({"API_KEY"})},
         "variable-missing"),
        (view("sqlite3.OperationalError: attempt to write a readonly database", "x"), {"writable": ("data.db",)},
         "database-read-only"),
        (view("sqlite3.OperationalError: no such table: user", "x"), {"init": ("flask --app app init-db",)},
         "database-table-missing"),
    ],
)  # fmt: skip
def test_failure_that_the_answers_fix_counts_only_after_the_last_run(
    context: AppContexts, lines: list[str], known: dict[str, object], name: str
) -> None:
    known_context = context(**known)
    (finding,) = find_causes([lines], known_context)
    assert finding.id == name
    assert answers_added(finding) == {}
    assert find_causes([lines], replace(known_context, before_last_run=True)) == []


def test_added_answer_includes_values_from_the_code(context: AppContexts) -> None:
    """An answer replaces all values from the code."""
    lines = view("OSError: [Errno 30] Read-only file system: 'notes.txt'", OPEN)
    (finding,) = find_causes([lines], context(writable=("data.db", "instance")))
    assert answers_added(finding) == {"app.writable": ("data.db", "instance", "notes.txt")}


def test_command_that_deletes_data_is_not_run_automatically(context: AppContexts) -> None:
    one = context()
    risk = DataRisk("drop_all()", "models.py", 8)
    destructive = context(commands=tuple(replace(command, risk=risk) for command in one.commands))
    lines = view("sqlite3.OperationalError: no such table: user", "x")
    (finding,) = find_causes([lines], destructive)
    assert not finding.fixable, "--fix --yes is no answer to a command that may delete data"
    assert 'Add "flask --app app init-db" to app.init' in finding.advice
    (one.tree / "data.db").write_bytes(b"SQLite format 3\0")
    (finding,) = find_causes([lines], destructive)
    assert not finding.fixable
    assert "deletes what is in the database" in finding.advice


def test_fix_of_the_newest_version_is_a_deploy(context: AppContexts) -> None:
    lines = load("KeyError: 'SECRET_KEY'", recorded.NO_VARIABLE)
    (finding,) = find_causes([lines], context(newest=True))
    assert ApplySteps(("app", "gunicorn", "site"), newest=True) in finding.fix
    assert "`piwizard deploy`" in finding.advice


def test_exceptions_of_gunicorn_and_visitors_are_ignored(context: AppContexts) -> None:
    lines = load("gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>")
    assert (
        find_causes([lines, view("BrokenPipeError: [Errno 32] Broken pipe", "x"), [recorded.TRACEBACK]], context())
        == []
    )


def test_finding_has_all_fields_in_json(context: AppContexts) -> None:
    (finding,) = find_causes([view("KeyError: 'API_KEY'", "x", deeper=recorded.NO_VARIABLE)], context())
    assert set(finding.as_json()) == {
        *("id", "subject", "name", "step", "site", "ok", "detail", "cause", "fix", "fixable"),
    }
    assert not Finding("x", "X", True, "fine", fix=(context().apply(),)).fixable


def test_environment_of_another_python_is_reported(context, tmp_path):
    venv = tmp_path / "site/current/venv"
    (venv / "lib/python3.11").mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to("/usr/bin/python3.13")
    words = ["Traceback (most recent call last):", '  File "/x", line 5, in <module>', "    from gunicorn import run",
             "ModuleNotFoundError: No module named 'gunicorn'"]  # fmt: skip
    (found,) = find_causes([words], context(folder=tmp_path / "site"))
    assert (found.id, found.fixable) == ("python-changed", True)
    assert "built for Python 3.11, and this machine has 3.13 now" in found.cause


def test_open_device_that_is_missing_or_in_use_is_named(context: AppContexts) -> None:
    missing = view("FileNotFoundError: [Errno 2] No such file or directory: '/dev/i2c-7'", "bus = SMBus(7)")
    busy = view("lgpio.error: 'GPIO busy'", "LED(17)")
    known = context(hardware=("gpio", "i2c"))
    (one,) = find_causes([missing], known)
    assert (one.id, "This machine has no /dev/i2c-7" in one.cause) == ("device-missing", True)
    (other,) = find_causes([busy], known)
    assert other.id == "device-in-use"


def test_pins_and_cameras_that_this_machine_lacks_are_no_fault_of_the_code(context, tmp_path, monkeypatch):
    monkeypatch.setattr(device_errors, "DEVICES", tmp_path)
    known = context(hardware=("gpio", "camera"))
    pins = view("gpiozero.exc.BadPinFactory: Unable to load any default pin factory!", "LED(17)")
    (one,) = find_causes([pins], known)
    assert (one.id, f"This machine has no {tmp_path}/gpiochip*" in one.cause) == ("device-missing", True)
    (tmp_path / "gpiochip0").touch()
    (one,) = find_causes([pins], known)
    assert one.id == "app-fails"
    by_index = ["Traceback (most recent call last):", '  File "/venv/picamera2/picamera2.py", line 5, in __init__',
                "    info = self.global_camera_info()[camera_num]", "IndexError: list index out of range"]  # fmt: skip
    for lines in (view("RuntimeError: Camera(s) not found", "Picamera2()"), by_index):
        (one,) = find_causes([lines], known)
        assert (one.id, one.cause) == ("device-missing", "This Pi finds no camera.")


def test_message_that_is_printed_twice_is_shown_once() -> None:
    (one,) = find_failures([*view("BadPinFactory: Unable to load", "LED(17)"), "Unable to load"])
    assert one.message == "BadPinFactory: Unable to load"


@pytest.mark.parametrize(
    ("error", "name", "words"),
    [
        ("PermissionError: [Errno 13] Permission denied: '/home/pi/lamp/state.json'", "file-of-another-user",
         "/srv/myflask/data/state.json would be new in a folder"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/home/pi/lamp/pictures/1.png'", "file-missing",
         "`sudo -u myflask mkdir -p /srv/myflask/data/pictures`"),
        ("OSError: [Errno 30] Read-only file system: '/home/pi/web/cache.json'", "file-outside-app",
         'Add "cache.json" to app.writable'),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/home/pi/web/cache.json'", "file-missing",
         "Commit it, or add cache.json"),
        ("PermissionError: [Errno 13] Permission denied: '/media/disk/1.png'", "file-of-another-user",
         "`sudo chown -R myflask /media/disk/1.png`"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/media/disk/1.png'", "file-missing", "`findmnt`"),
    ],
)  # fmt: skip
def test_shown_path_is_explained_by_the_answer(context: AppContexts, error: str, name: str, words: str) -> None:
    shown = {"/home/pi/lamp": "data", "/home/pi/web": "code", "/media/disk": "/media/disk"}
    (finding,) = find_causes([view(error, OPEN)], context(shown_paths=shown))
    assert finding.id == name
    assert words in f"{finding.cause} {finding.advice}"


def test_added_path_includes_the_paths_from_the_code(context: AppContexts) -> None:
    lines = view("PermissionError: [Errno 13] Permission denied: '/home/pi/b/result.json'", OPEN)
    (finding,) = find_causes([lines], context(shown_paths={"/home/pi/a": "code"}))
    assert answers_added(finding) == {"app.paths": (("/home/pi/a", "code"), ("/home/pi/b", "data"))}


def test_path_that_overlaps_a_shown_one_is_not_added(context: AppContexts) -> None:
    lines = view("PermissionError: [Errno 13] Permission denied: '/home/pi/result.json'", OPEN)
    (finding,) = find_causes([lines], context(shown_paths={"/home/pi/a": "code"}))
    assert not finding.fixable


def test_message_of_several_lines_is_whole(context: AppContexts) -> None:
    lines = view(
        "pydantic_core.ValidationError: 2 validation errors for Settings\nport\n  Input should be a valid integer\n"
        "host\n  Field required\n[2026-11-22 12:45:29 +0000] [756] [INFO] Worker exiting",
        "Settings()",
    )
    (finding,) = find_causes([lines], context())
    assert finding.detail.startswith("app.py:31 in poll: ValidationError: 2 validation errors for Settings port Input ")
    assert "host Field required (requested" in finding.detail


def test_library_is_found_below_an_empty_first_line(context: AppContexts) -> None:
    text = (
        "ImportError: \n\nIMPORTANT: PLEASE READ THIS:\n\nOriginal error was: libopenblas.so.0: cannot open shared "
        "object file: No such file or directory\n"
    )
    (finding,) = find_causes([view(text, "import numpy")], context())
    assert finding.id == "system-library-missing"
    assert "ImportError: IMPORTANT: PLEASE READ THIS: Original" in finding.detail


def test_endless_message_is_cut(context: AppContexts) -> None:
    text = "RuntimeError: many\n" + "line of the message\n" * 5000
    (finding,) = find_causes([view(text, "import x")], context())
    assert len(finding.detail) < 700


@pytest.mark.parametrize("name", ["\0", "n" * 300, "\ud800", f"{'n' * 300}/x"])
@pytest.mark.parametrize(
    "error",
    ["PermissionError: [Errno 13] Permission denied: '{}'", "FileNotFoundError: [Errno 2] No such file: '{}'",
     "ModuleNotFoundError: No module named '{}'"],
)  # fmt: skip
def test_name_that_no_file_can_have_is_an_error_of_the_app(context: AppContexts, error: str, name: str) -> None:
    lines = ["Traceback (most recent call last):", FRAME, "    open(name, 'w')", error.format(name)]
    assert len(find_causes([lines], context())) == 1


def test_traceback_with_an_endless_number_or_line_of_code_is_read(context: AppContexts) -> None:
    endless = f'  File "/srv/myflask/current/app/app.py", line {"9" * 5000}, in x'
    assert find_causes([["Traceback (most recent call last):", endless, "ValueError: x"]], context())
    (failure,) = find_failures(["Traceback (most recent call last):", FRAME, f"    {'open(' * 9000}", "ValueError: x"])
    assert len(failure.frames[0].source) < 1000
