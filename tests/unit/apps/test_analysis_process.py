"""Test the process that reads untrusted code: sandbox, limits, report."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from piwizard.answers.model import Answers
from piwizard.apps import analysis_cache, analysis_process
from piwizard.apps.analysis import KEY_OF_PART, Analysis, AnalysisOptions
from piwizard.apps.analysis_limits import ANALYSIS_UID as UID
from piwizard.apps.analysis_validation import check_part
from piwizard.apps.app_config import AppConfig
from piwizard.apps.app_source import AppSource
from piwizard.apps.typed_json import MalformedAnalysis
from piwizard.errors import PiwizardError
from tests.unit.namespaces import needs_namespaces

APP = "from flask import Flask\napp = Flask(__name__)\n@app.route('/')\ndef page(): return ''\n"
DATA = Path("/srv/blog/data")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGITS = "9" * 5000
HOSTILE = {
    "dotted keys": {"pyproject.toml": "a" + ".a" * 100_000 + " = 1\n"},
    "dotted keys with spaces": {"pyproject.toml": "[a" + " . 'a'" * 50_000 + "]\n"},
    "dotted keys in a table": {"poetry.lock": f"x = {{a{'.a' * 100_000} = 1}}", "pyproject.toml": "project = {a = 1}"},
    "many dotted keys": {"pyproject.toml": "".join(f"{'a.' * 30}k{number} = 1\n" for number in range(5000))},
    "a version of 5000 digits": {
        "pyproject.toml": f"[tool.poetry]\n[tool.poetry.dependencies]\nflask = '^{DIGITS}'\npython = '~{DIGITS}'\n"
    },
    "a version of many parts": {"Pipfile": f"[packages]\nflask = '~1{'.1' * 200_000}'\n"},
    "a Python of many digits": {"Pipfile": f"[requires]\npython_version = '1.{'1' * 900_000}!'\n"},
    "spaces in setup.cfg": {"setup.cfg": f"[options]\na{' ' * 900_000}b\n"},
    "spaces in a sample": {".env.example": f"A=x{' ' * 1990}y\n" * 450},
    "a name without an end": {"requirements.txt": "a" * 900_000},
    "lines without an end": {"Procfile": "gunicorn " + "a:" * 400_000, "Makefile": "flask " * 150_000},
    "brackets in JSON": {"Pipfile.lock": "[" * 900_000},
    "brackets in TOML": {"pyproject.toml": "x=" + "[" * 900_000},
    "nested Python": {"wsgi.py": "# flask\n" + "f(" * 300_000},
    "thousands of files": {f"d{number % 50}/m{number}.py": APP for number in range(3000)},
    "thousands of apps": {"many.py": APP + "".join(f"app{number} = Flask(__name__)\n" for number in range(20_000))},
    "thousands of variables": {
        "many.py": "import os\n" + "".join(f"os.environ['A{number}']\n" for number in range(20_000))
    },
    "long lines and circles": {
        "Procfile": "web: gunicorn " + "a" * 500_000 + "\n" + "gunicorn 'x\n" * 3000,
        ".env": "FLASK_APP" * 100_000 + "\n" + " FLASK_APP =" * 150 + "\n",
        "requirements.txt": "-r requirements.txt\n" * 4000 + "\\\n" * 100_000,
        "requirements/prod.txt": "-r prod.txt\n" * 50,
        "names.py": "import os\n" + "".join(f"a{n} = a{n + 1} + a{n + 1}\n" for n in range(999)) + "os.environ[a0]\n",
        "loop.py": "import os\nfrom flask import Flask\na = b\nb = a\nopen(a + b, 'w')\nos.environ[a]\n",
    },
    "thousands of settings": {
        "many.py": APP + "KEY = None\nSECRET_KEY = KEY\napp.config.update(DEBUG=KEY)\n" * 300
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def _anew():
    analysis_cache.forget_analyses()
    yield
    analysis_cache.forget_analyses()


def chosen(root: Path, **given: object) -> AppConfig:
    """Return the app in a folder, with these answers of its table."""
    answers = {"site.name": "blog", **{f"app.{key}": value for key, value in given.items()}}
    return AppConfig(AppSource("/srv/git/blog.git", None, COMMIT, root, None), Answers("blog", answers))


@pytest.mark.parametrize("name", HOSTILE)
def test_analysis_of_hostile_files_takes_seconds_and_finds_the_app(tree, name):
    root = tree({"app.py": APP, **HOSTILE[name]})
    started = time.monotonic()
    found = analysis_process.analyze_code(root, DATA, AnalysisOptions())
    assert time.monotonic() - started < 10
    assert found.entries
    assert "app:app" in [one.entry for one in found.entries]


BLOG = {
    "blog.py": "from site_app import create_app, db\napp = create_app()\n",
    "site_app/__init__.py": """
        import os
        from flask import Flask
        from flask_migrate import Migrate
        from flask_sqlalchemy import SQLAlchemy
        from config import Config
        db = SQLAlchemy()
        def create_app(config_class=Config):
            app = Flask(__name__)
            app.config.from_object(config_class)
            Migrate(app, db)
            return app
    """,
    "site_app/static/favicon.ico": "",
    "config.py": """
        import os
        basedir = os.path.abspath(os.path.dirname(__file__))
        class Config:
            DEBUG = True
            SECRET_KEY = os.environ.get("SECRET_KEY") or "guess"
            SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL") or "sqlite:///" + os.path.join(basedir, "app.db")
            MAIL_SERVER = os.environ["MAIL_SERVER"]
    """,
    "migrations/env.py": "",
    "requirements.txt": "flask\nflask-sqlalchemy\nflask-migrate\n",
    ".flaskenv": "FLASK_APP=blog.py\nFLASK_DEBUG=1\n",
    ".python-version": "3.9\n",
    "tests/test_x.py": "import os\nos.environ['NOT_THIS']\n",
    "broken.py": "from flask import (",
}


def test_analysis_of_a_package_with_migrations_has_all_parts(tree):
    found = analysis_process.analyze_code(tree(BLOG), DATA, AnalysisOptions())
    assert not found.failures
    assert found.entries[0].entry == "blog:app"
    assert found.needs.requirements.arguments == ("-r", "requirements.txt")
    assert [(folder.prefix, folder.folder) for folder in found.static.folders] == [("/static/", "site_app/static")]
    assert [(file.url, file.path) for file in found.static.root_files] == [
        ("/favicon.ico", "site_app/static/favicon.ico")
    ]
    assert [variable.name for variable in found.environment if variable.needed] == ["MAIL_SERVER"]
    assert [command.text for command in found.init] == ["flask --app blog db upgrade"]
    assert [item.path for item in found.writable] == ["app.db"]
    assert [(one.spec, one.file, one.declared) for one in found.python] == [("==3.9.*", ".python-version", False)]
    assert [(one.setting, one.file, one.line) for one in found.warnings] == [("DEBUG", "config.py", 4)]


def test_analysis_of_links_pipes_and_sparse_files_takes_seconds(tree):
    root = tree({"app.py": APP})
    for number in range(500):
        (root / f"l{number}.py").symlink_to(f"l{number + 1}.py")
        (root / f"e{number}").symlink_to(f"e{number + 1}/e{number + 1}")
    (root / "static").symlink_to("e0")
    (root / "loop").symlink_to(".")
    (root / "requirements.txt").symlink_to("loop/loop/requirements.txt")
    for name in ("wsgi.py", "Pipfile", "Procfile"):
        os.mkfifo(root / name)
    for name in ("main.py", "pyproject.toml", "setup.cfg"):
        with (root / name).open("wb") as file:
            file.truncate(1 << 40)
    started = time.monotonic()
    found = analysis_process.analyze_code(root, DATA, AnalysisOptions())
    assert time.monotonic() - started < 10
    assert not found.failures
    assert [one.entry for one in found.entries or ()] == ["app:app"]


START_WITH_LIMITS = (
    "import sys; sys.path.insert(0, sys.argv[1]); from piwizard.apps import analysis_limits as limits; "
    "limits.MAX_CPU_SECONDS = {seconds}; limits.MAX_MEMORY_BYTES = 128 << 20; "
    "from piwizard.apps import analysis_worker as worker; worker.MIN_PART_SECONDS = 0.1; worker.main()"
)


@pytest.fixture
def little_memory(monkeypatch):
    """Limit the child to 128 MB."""
    monkeypatch.setattr(analysis_process, "START_CODE", START_WITH_LIMITS.format(seconds=1))


@pytest.fixture
def little_time(monkeypatch):
    """Give each part of the analysis 0.1 seconds: less than the file below takes on the fastest computer."""
    monkeypatch.setattr(analysis_process, "START_CODE", START_WITH_LIMITS.format(seconds=0))


PARSER = {"wsgi.py": "# flask\n" + ("x=" + "(" * 90 + "1" + ")" * 90 + "\n") * 5000}
"""Python's own parser needs a second or more for this, and cannot be interrupted."""
LARGE = {"wsgi.py": "# flask\n" + "a=1\n" * 240_000}


@pytest.mark.usefixtures("little_time")
def test_slow_file_is_named_with_the_answer_that_replaces_it(tree):
    app = chosen(tree({"app.py": APP, **PARSER}))
    started = time.monotonic()
    with pytest.raises(PiwizardError, match=r"too long .* \(wsgi\.py\)") as refused:
        _ = app.entry
    assert refused.value.key == "app.entry"
    assert "app.entry" in str(refused.value.hint)
    assert time.monotonic() - started < 10


@pytest.mark.usefixtures("little_time")
def test_answers_replace_what_cannot_be_read(tree):
    root = tree({"app.py": APP, "requirements.txt": "flask\n", "static/a.css": "", **PARSER})
    app = chosen(
        root, entry="app:app", requirements="requirements.txt", static={"/static/": "static"}, env={"A": "b"},
        writable=["data"], init=["flask init-db"],
    )  # fmt: skip
    assert app.entry.entry == "app:app"
    assert app.requirements is not None
    assert app.requirements.arguments == ("-r", "requirements.txt")
    assert app.static == {"/static/": "static"}
    assert app.root_files == {}
    assert app.writable == ("data",)
    assert app.init == ("flask init-db",)
    assert (app.settings.generated, app.settings.unset) == ((), ())
    assert app.dependencies.libraries == ()


@pytest.mark.usefixtures("little_memory")
def test_file_that_takes_too_much_memory_is_skipped(tree):
    found = analysis_process.analyze_code(tree({"app.py": APP, **LARGE}), DATA, AnalysisOptions())
    assert [one.entry for one in found.entries or ()] == ["app:app"]
    assert not found.failures


def test_failed_analysis_is_not_repeated_in_the_same_plan(tree, monkeypatch):
    calls = []
    real = analysis_process.analyze_code
    monkeypatch.setattr(analysis_process, "analyze_code", lambda *given: calls.append(given) or real(*given))
    root = tree({"app.py": APP})
    for _ in range(3):
        assert chosen(root).entry.entry == "app:app"
    assert len(calls) == 1


def confined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> str:
    """Run `body` instead of the analysis, as an attacker in the child could."""
    report = tmp_path / "tree"
    report.mkdir(exist_ok=True)
    start = (
        "import sys, os, socket, subprocess, resource; sys.path.insert(0, sys.argv[1])\n"
        "from piwizard.apps import analysis_worker\n"
        f"def taken_over(self):\n    try:\n        said = repr({body})\n    except BaseException as error:\n"
        "        said = type(error).__name__\n    analysis_worker.print_json({'part': 'entries', 'failed': said})\n"
        "analysis_worker.AnalysisReader.report = taken_over\nanalysis_worker.main()\n"
    )
    monkeypatch.setattr(analysis_process, "START_CODE", start)
    return analysis_process.analyze_code(report, DATA, AnalysisOptions()).failures["entries"].why


ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give its rights up")


@ROOT
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("(os.getresuid(), os.getresgid(), os.getgroups())", f"(({UID},) * 3, ({UID},) * 3, [])"),
        ("os.listdir('/')", "[]"),
        ("open('/etc/passwd').read()", "'FileNotFoundError'"),
        ("open('/proc/self/status').read()", "'FileNotFoundError'"),
        ("open('made', 'w')", "'PermissionError'"),
        ("os.mkdir('/made')", "'PermissionError'"),
        ("os.setuid(0)", "'PermissionError'"),
        ("os.chroot('..')", "'PermissionError'"),
        ("os.fork()", "'BlockingIOError'"),
        pytest.param(
            "socket.socket().connect((b'127.0.0.1', 1))", "'OSError'",  # not even a loopback that refuses
            marks=needs_namespaces,
        ),
        ("sorted(fd for fd in range(64) if os.path.exists(f'/dev/fd/{fd}'))", "[]"),
        ("os.kill(os.getppid(), 9)", "'PermissionError'"),
        ("len(bytearray(300 << 20))", "'MemoryError'"),
    ],
)  # fmt: skip
def test_analysis_process_can_only_read_the_code(tmp_path, monkeypatch, body, said):
    assert confined(tmp_path, monkeypatch, body) == (eval(said) if said[0] == "'" else repr(eval(said)))


@ROOT
def test_analysis_process_cannot_read_files_of_root(tree):
    root = tree({"app.py": APP, "requirements.txt": "secret-package\n"})
    (root / "requirements.txt").chmod(0o600)
    found = analysis_process.analyze_code(root, DATA, AnalysisOptions())
    assert found.needs is not None
    assert found.needs.requirements is not None
    assert found.needs.requirements.names == ()


@ROOT
def test_analysis_process_reads_a_release_by_its_group(tree):
    root = tree({"app.py": APP})
    for path in (root, root / "app.py"):
        os.chown(path, 0, 12_345)
        path.chmod(0o750)
    assert [one.entry for one in analysis_process.analyze_code(root, DATA, AnalysisOptions()).entries or ()] == [
        "app:app"
    ]


@ROOT
def test_analysis_ignores_what_the_app_has_written(tree, tmp_path):
    data = tmp_path / "data"
    (data / "uploads").mkdir(parents=True)
    (data / "uploads/robots.txt").write_text("")
    (data / "requirements.txt").write_text("gunicorn\n")
    root = tree({"app.py": APP.replace("__name__", "__name__, static_folder='uploads'")})
    (root / "uploads").symlink_to(data / "uploads")
    (root / "requirements.txt").symlink_to(data / "requirements.txt")
    found = analysis_process.analyze_code(root, data, AnalysisOptions())
    assert found.static is not None
    assert [one.folder for one in found.static.folders] == ["uploads"]
    assert found.static.root_files == ()
    assert found.needs is not None
    assert found.needs.requirements is not None
    assert found.needs.requirements.names == ()


CANDIDATE = {
    "entry": "app:app", "file": "app.py", "line": 1, "why": "", "score": 1, "chdir": "", "pythonpath": "",
    "origin": ["app.py", 1], "problem": "", "required": [],
}  # fmt: skip
NEEDS = {
    "kind": "requirements", "file": "requirements.txt", "arguments": ["-r", "requirements.txt"], "lines": [],
    "constraints": [], "names": ["flask"], "pins": [], "apart": [], "unusable": [], "skipped": [], "gunicorn": "",
    "compiled": [],
}  # fmt: skip


@pytest.mark.parametrize(
    "lie",
    [
        {"entry": "app:app; reboot"}, {"entry": "app:app()\n"}, {"entry": "app:f($x)"}, {"entry": "--help"},
        {"chdir": "/etc"}, {"chdir": "../.."}, {"chdir": "a/../../b"}, {"pythonpath": "/root"}, {"file": "/etc/passwd"},
        {"why": "\x1b[2J"}, {"problem": "\u202e"}, {"file": "a\nb"}, {"chdir": ".git/hooks"}, {"chdir": "-x"},
    ],
)  # fmt: skip
def test_reported_entry_that_no_answer_could_be_is_ignored(lie):
    assert check_part("entries", [CANDIDATE])
    assert not check_part("entries", [CANDIDATE | lie])


@pytest.mark.parametrize(
    "lie",
    [
        {"arguments": ["--index-url", "http://x"]}, {"arguments": ["-r", "/etc/shadow"], "file": "/etc/shadow"},
        {"arguments": ["./../../x"]}, {"arguments": ["-r"]}, {"file": "../x", "arguments": ["-r", "../x"]},
        {"apart": ["--index-url=http://x"]}, {"unusable": ["x"]}, {"gunicorn": None}, {"compiled": ["numpy"]},
        {"names": "flask"}, {"names": ["a"] * 100_000}, {"names": ["a" * 10_000]}, {"extra": 1}, {"project": 1},
    ],
)  # fmt: skip
def test_reported_requirements_that_are_malformed_are_refused(lie):
    assert check_part("needs", {"requirements": NEEDS, "imported": [], "unknown": []}).requirements.names == ("flask",)
    with pytest.raises(MalformedAnalysis):
        check_part("needs", {"requirements": NEEDS | lie, "imported": [], "unknown": []})


def test_reported_packages_that_are_unknown_are_ignored():
    assert check_part(
        "needs", {"requirements": None, "imported": ["flask", "evil", "pillow"], "unknown": []}
    ).imported == (
        "flask",
        "pillow",
    )


@pytest.mark.parametrize("path", ["/etc", "../x", "a/../../x", ".git", "-x", "", "a\nb", "x" * 1000])
def test_reported_path_outside_the_repository_is_ignored(path):
    one = {"path": path, "kind": "folder", "why": "", "file": "app.py", "line": 1, "database": False}
    assert check_part("writable", [one | {"path": "my uploads/a"}])
    assert not check_part("writable", [one])
    folder = {"prefix": "/static/", "folder": path, "file": "app.py", "line": 1}
    assert not check_part("static", {"folders": [folder], "root_files": [{"url": "/robots.txt", "path": path}]}).folders


@pytest.mark.parametrize(
    "argv",
    [
        ["rm", "-rf", "/"],
        ["flask", "a;b"],
        ["flask", "$x"],
        ["flask", "--app", "a:b;c", "x"],
        ["python"],
        ["python", "-c", "x.py"],
        ["python", "-c.py"],
        ["python", "-m", "http.server"],
        ["python", "../x.py"],
        ["python", "/etc/x.py"],
        ["python", "init_db.py", "$x"],
        [],
    ],
)
def test_reported_command_of_another_program_is_ignored(argv):
    one = {
        "argv": ["flask", "--app", "app:make('x')", "init-db"],
        "why": "",
        "file": "a.py",
        "line": 1,
        "risk": {"why": "drops a table", "file": "db.py", "line": 1, "sure": True},
        "migrates": False,
        "started": False,
    }
    assert check_part("init", [one])
    assert not check_part("init", [one | {"risk": one["risk"] | {"why": "\x1b[2J"}}])
    assert not check_part("init", [one | {"argv": argv}])


@pytest.mark.parametrize("name", ["LD_PRELOAD", "PATH", "a b", "A\n", ""])
def test_reported_variable_that_no_answer_could_set_is_ignored(name):
    one = {
        "name": name, "needed": True, "default": "\x1b[2J", "file": "a.py", "line": 1, "secret": False,
        "generate": True, "example": None,
    }  # fmt: skip
    assert not check_part("environment", [one])
    kept = check_part("environment", [one | {"name": "SOME_TOKEN"}])[0]
    assert (kept.secret, kept.generate, kept.default) == (True, False, " [2J")


@pytest.mark.parametrize(
    "said",
    [
        "print('[' * 100_000)",
        "print('{\"part\": ' + '9' * 100_000 + '}')",
        "os.write(1, b'\\xff' * 100_000)",
        "print('x' * (8 << 20))",
    ],
)
def test_malformed_report_becomes_an_error_by_key(tmp_path, monkeypatch, said):
    monkeypatch.setattr(analysis_process, "START_CODE", f"import os; {said}")
    found = analysis_process.analyze_code(tmp_path, DATA, AnalysisOptions())
    assert set(found.failures) == set(KEY_OF_PART)
    with pytest.raises(PiwizardError, match=r"app\.init: the app's code cannot be read"):
        found.known("init", found.init)


@pytest.mark.parametrize("lie", [{"setting": "OTHER"}, {"file": "../x"}, {"file": "a\nb"}])
def test_reported_warning_that_is_malformed_is_ignored(lie):
    one = {"setting": "DEBUG", "file": "app.py", "line": 3}
    assert check_part("warnings", [one])
    assert not check_part("warnings", [one | lie])


@pytest.mark.parametrize("lie", [{"spec": "\x1b[2J"}, {"spec": "=" * 900}, {"file": "/etc/passwd"}])
def test_reported_python_that_is_malformed_is_ignored(lie):
    one = {"spec": ">=3.9", "file": "pyproject.toml", "declared": True}
    assert check_part("python", [one])
    assert not check_part("python", [one | lie])


class Kept:
    """A checkout with a saved analysis beside it, and how often it was read."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tree, self.count, real = folder / "tree", 0, analysis_process.analyze_code
        self.tree.mkdir(parents=True)
        (self.tree / "app.py").write_text(APP)
        (folder / "release.json").write_text(json.dumps({"repo": "x", "ref": None, "commit": COMMIT}))

        def counted(*given: object) -> Analysis:
            self.count += 1
            return real(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(analysis_process, "analyze_code", counted)

    def of(self, options: AnalysisOptions | None = None, commit: str = COMMIT) -> Analysis:
        """Return the analysis as another process would."""
        analysis_cache.forget_analyses()
        return analysis_cache.cached_analysis("blog", self.tree, commit, DATA, options or AnalysisOptions())


@pytest.fixture
def kept(own_places, tmp_path, monkeypatch):
    return Kept(tmp_path / "release", monkeypatch)


def test_analysis_is_cached_by_commit_and_answers(kept):
    first = kept.of()
    assert kept.of() == first
    assert kept.count == 1
    assert kept.of(AnalysisOptions(entry="app:other")).entries == first.entries
    assert kept.count == 2
    assert kept.of(commit="f" * 40) == first  # the saved analysis beside the code is not trusted
    assert kept.of(commit="f" * 40) == first
    assert kept.count == 4


def test_analysis_is_repeated_by_another_version_of_piwizard(kept, monkeypatch):
    kept.of()
    monkeypatch.setattr(analysis_cache, "_code_version", lambda: "another")
    kept.of()
    assert kept.count == 2


def test_cached_analyses_are_private_and_few(kept, monkeypatch):
    monkeypatch.setattr(analysis_cache, "MAX_KEPT_ANALYSES", 2)
    for number in range(4):
        kept.of(AnalysisOptions(requirements=f"r{number}.txt"))
    folder = analysis_cache.cache_folder("blog")
    assert folder.stat().st_mode & 0o777 == 0o700
    names = list(folder.iterdir())
    assert len(names) == analysis_cache.MAX_KEPT_ANALYSES
    assert {name.stat().st_mode & 0o777 for name in names} == {0o600}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"entries": []}', "[" * 100_000])
def test_broken_cache_is_replaced(kept, content):
    first = kept.of()
    (only,) = analysis_cache.cache_folder("blog").iterdir()
    only.write_text(content)
    assert kept.of() == first
    assert kept.count == 2


def test_failed_analysis_is_not_cached(kept, monkeypatch):
    monkeypatch.setattr(analysis_process, "START_CODE", "raise SystemExit(3)")
    assert kept.of().failures
    assert not analysis_cache.cache_folder("blog").exists()


@pytest.mark.parametrize("lie", [{"mib": 0}, {"mib": 99_999}, {"setting": "A\nB"}, {"file": "../x"}])
def test_reported_upload_limit_that_is_malformed_is_ignored(lie):
    one = {"mib": 200, "setting": "MAX_CONTENT_LENGTH", "file": "app.py", "line": 3}
    assert check_part("uploads", [one])
    assert not check_part("uploads", [one | lie])
