"""What --fix writes into the answers, and what a person reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.doctor import kernel, mending, show
from piwizard.doctor.finding import Finding, Fix
from piwizard.errors import PiwizardError
from piwizard.setup.answer_store import Answering
from piwizard.system import paths

ANSWERS = """\
[site]
name = "myflask"

[app]
repo = "https://example.org/myflask.git"  # mine
writable = ["result.json"]

[app.env]
GREETING = "hello"
"""


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answering:
    path = tmp_path / "answers.toml"
    path.write_text(ANSWERS)
    monkeypatch.setattr(paths, "answers_file", lambda: path)
    return Answering()


def test_answers_are_added_to_those_there(answers: Answering) -> None:
    fix = Fix(
        ("app",),
        (
            ("app.writable", ("uploads", "result.json")),
            ("app.env", {"SECRET_KEY": {"generate": 32}}),
            ("app.init", ("flask --app app init-db",)),
        ),
    )
    mending.answer("myflask", fix)
    assert answers.get("myflask", "app.writable") == ["result.json", "uploads"]
    assert answers.get("myflask", "app.env") == {"GREETING": "hello", "SECRET_KEY": {"generate": 32}}
    assert answers.get("myflask", "app.init") == ["flask --app app init-db"]
    assert "# mine" in answers.path.read_text()


def test_several_fixes_are_one_run() -> None:
    uploads = ("app.writable", ("uploads",))
    whole = mending.together(
        [Fix(("gunicorn",)), Fix(("app", "gunicorn"), (uploads,)), Fix(("app",), (uploads,), newest=True)]
    )
    assert whole == Fix(("app", "gunicorn"), (uploads,), newest=True)


def test_nobody_there_to_say_yes() -> None:
    fixable = Finding("file not writable", "app", "myflask", False, "x", "y", "z", Fix(("app",)))
    with pytest.raises(PiwizardError, match="Nobody is there"):
        mending.mend([fixable], yes=False, as_json=True)
    assert not mending.mend([Finding("disk", "system", None, True, "fine")], yes=False, as_json=True)


def asked(name: str, *, secret: bool) -> Finding:
    fix = Fix(("app", "gunicorn"), asks=((f"app.env.{name}", secret),))
    return Finding("variable missing", "app", "myflask", False, "x", "y", "z", fix)


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was applied; nothing is."""
    done: list[tuple[object, ...]] = []
    monkeypatch.setattr("piwizard.cli.apply.apply", lambda *steps, **_: done.append(steps[0]) or 0)
    return done


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> list[str]:
    """Somebody at a terminal who types these lines; what they were asked."""
    questions: list[str] = []
    given = iter(lines)

    def line(question: str) -> str:
        questions.append(question)
        return next(given)

    monkeypatch.setattr("builtins.input", line)
    monkeypatch.setattr("getpass.getpass", line)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    return questions


def test_a_person_is_asked_for_what_only_they_know(
    answers: Answering, applied: list[tuple[object, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "state_dir", lambda: tmp_path)
    questions = typed(monkeypatch, "y", "", "s3cret", "a\x00b", "https://example.org")
    assert mending.mend([asked("API_KEY", secret=True), asked("API_URL", secret=False)], yes=False, as_json=False)
    assert questions[1:] == ["API_KEY (not shown): "] * 2 + ["API_URL: "] * 2
    env = answers.get("myflask", "app.env")
    assert env == {"GREETING": "hello", "API_KEY": {"asked": True}, "API_URL": "https://example.org"}
    assert "s3cret" not in answers.path.read_text()
    assert "s3cret" in (tmp_path / "secrets.json").read_text()
    assert applied == [("app", "gunicorn")]


@pytest.mark.parametrize(("yes", "as_json"), [(True, False), (False, False)])
def test_nobody_there_to_tell(answers: Answering, applied: list[tuple[object, ...]], yes: bool, as_json: bool) -> None:
    with pytest.raises(PiwizardError, match="only a person can tell"):
        mending.mend([asked("API_KEY", secret=True)], yes=yes, as_json=as_json)
    assert not mending.mend([asked("API_KEY", secret=True)], yes=yes, as_json=True)
    assert applied == []


def test_the_kernels_memory_controller() -> None:
    assert kernel.judge(["cpu", "memory"], None).detail.startswith("the kernel keeps to those")
    off = kernel.judge(["cpuset", "cpu", "io", "pids"], Path("/boot/firmware/cmdline.txt"))
    assert off.ok
    assert "add cgroup_enable=memory to the end of the one line in /boot/firmware/cmdline.txt" in off.mend
    assert "kernel's options" in kernel.judge([], None).mend


def test_what_a_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    show.show(
        [
            Finding("disk", "system", None, True, "900 MiB free"),
            Finding(
                "app fails", "app", "myflask", False, "\x1b[31mapp.py:3\x1b[0m", "This line.", "Mend it.", Fix(("app",))
            ),
            Finding("disk full", "app", "myflask", False, "full", "No room.", "Make room."),
        ]
    )
    shown = capsys.readouterr().out
    assert "disk: 900 MiB free" in shown
    assert "app fails (myflask): \\x1b[31mapp.py:3\\x1b[0m\n" in shown
    assert "\x1b" not in shown
    assert "Why:  This line." in shown
    assert shown.endswith("\n2 of 3 looks found something. `piwizard doctor --fix` mends 1 of them.\n")
    assert "all well" in show.summary([Finding("disk", "system", None, True, "900 MiB free")])
