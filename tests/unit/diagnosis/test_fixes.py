"""Test the answers that --fix adds, and the text of findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.diagnosis import findings, fixes, memory_cgroup
from piwizard.diagnosis.findings import Finding
from piwizard.errors import PiwizardError
from piwizard.setup.answer_store import AnswerStore
from piwizard.system import paths
from piwizard.system.remedies import (
    AddAnswer,
    AddTableEntries,
    Advice,
    ApplySteps,
    AskAnswer,
    GenerateSecret,
    format_fix,
)

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
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AnswerStore:
    path = tmp_path / "answers.toml"
    path.write_text(ANSWERS)
    monkeypatch.setattr(paths, "answers_file", lambda: path)
    return AnswerStore()


def test_answers_are_added_to_existing_ones(answers: AnswerStore) -> None:
    fix = (
        AddAnswer("app.writable", ("uploads", "result.json")),
        GenerateSecret("app.env.SECRET_KEY"),
        AddAnswer("app.init", ("flask --app app init-db",)),
        ApplySteps(("app",)),
    )
    fixes.add_answers("myflask", fix)
    assert answers.get("myflask", "app.writable") == ["result.json", "uploads"]
    assert answers.get("myflask", "app.env") == {"GREETING": "hello", "SECRET_KEY": {"generate": 32}}
    assert answers.get("myflask", "app.init") == ["flask --app app init-db"]
    assert "# mine" in answers.path.read_text()


def test_entries_are_added_to_a_table(answers: AnswerStore) -> None:
    fix = (AddTableEntries("app.paths", (("/home/pi/a", "code"), ("/home/pi/b", "data")), ("/home/pi/b", "data")),)
    fixes.add_answers("myflask", fix)
    assert answers.get("myflask", "app.paths") == {"/home/pi/a": "code", "/home/pi/b": "data"}
    assert format_fix(fix) == 'Add "/home/pi/b" = "data" to app.paths.'


def test_several_fixes_are_one_run() -> None:
    uploads = AddAnswer("app.writable", ("uploads",))
    several = [ApplySteps(("gunicorn",)), uploads, ApplySteps(("app", "gunicorn")), ApplySteps(("app",), newest=True)]
    assert fixes.merge_runs(several) == ApplySteps(("app", "gunicorn"), newest=True)


def test_fix_is_rendered_as_text() -> None:
    added = (AddAnswer("app.writable", ("found", "uploads"), shown=("uploads",)), ApplySteps(("app",), "to build it"))
    assert format_fix(added) == 'Add "uploads" to app.writable. Then run `piwizard apply app` to build it.'
    generated = (GenerateSecret("app.env.SECRET_KEY"), ApplySteps(("app", "gunicorn", "site"), newest=True))
    assert format_fix(generated) == "Add SECRET_KEY = { generate = 32 } to [app.env]. Then run `piwizard deploy`."
    assert format_fix((AskAnswer("app.env.API_URL", secret=False),)).startswith(
        "Run `piwizard doctor --fix` to be asked for API_URL, or add API_URL to [app.env]"
    )
    assert format_fix(()) == ""


def never(run: ApplySteps, site: str | None, as_json: bool) -> int:
    raise AssertionError(f"{run} of {site} needs a yes")


def into(applied: list[tuple[object, ...]]) -> fixes.Apply:
    """Return an `apply` that records its steps and succeeds."""

    def apply(run: ApplySteps, site: str | None, as_json: bool) -> int:
        applied.append(run.steps)
        return 0

    return apply


def test_fix_needs_a_terminal_for_the_yes() -> None:
    fixable = Finding("x", "X", False, "x", "y", (ApplySteps(("app",)),), step="app", site="myflask")
    with pytest.raises(PiwizardError, match="needs a terminal"):
        fixes.fix_findings([fixable], never, yes=False, as_json=True)
    assert not fixes.fix_findings(
        [Finding("disk-space", "Disk", True, "fine", step="system")], never, yes=False, as_json=True
    )


def asked(name: str, *, secret: bool) -> Finding:
    fix = (AskAnswer(f"app.env.{name}", secret), ApplySteps(("app", "gunicorn")))
    return Finding("variable-missing", "Variables", False, "x", "y", fix, step="app", site="myflask")


@pytest.fixture
def applied() -> list[tuple[object, ...]]:
    """Return the list of the applied steps."""
    return []


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> list[str]:
    """Type these lines at a terminal; return the list of questions."""
    questions: list[str] = []
    given = iter(lines)

    def line(question: str) -> str:
        questions.append(question)
        return next(given)

    monkeypatch.setattr("builtins.input", line)
    monkeypatch.setattr("getpass.getpass", line)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    return questions


def test_fix_asks_for_missing_values(
    answers: AnswerStore, applied: list[tuple[object, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "state_dir", lambda: tmp_path)
    questions = typed(monkeypatch, "y", "", "s3cret", "a\x00b", "https://example.org")
    assert fixes.fix_findings(
        [asked("API_KEY", secret=True), asked("API_URL", secret=False)], into(applied), yes=False, as_json=False
    )
    assert questions[1:] == ["API_KEY (not shown): "] * 2 + ["API_URL: "] * 2
    env = answers.get("myflask", "app.env")
    assert env == {"GREETING": "hello", "API_KEY": {"asked": True}, "API_URL": "https://example.org"}
    assert "s3cret" not in answers.path.read_text()
    assert "s3cret" in (tmp_path / "secrets.json").read_text()
    assert applied == [("app", "gunicorn")]


@pytest.mark.parametrize(("yes", "as_json"), [(True, False), (False, False)])
def test_missing_values_need_a_terminal(
    answers: AnswerStore, applied: list[tuple[object, ...]], yes: bool, as_json: bool
) -> None:
    with pytest.raises(PiwizardError, match="need values from you"):
        fixes.fix_findings([asked("API_KEY", secret=True)], into(applied), yes=yes, as_json=as_json)
    assert not fixes.fix_findings([asked("API_KEY", secret=True)], into(applied), yes=yes, as_json=True)
    assert applied == []


def test_memory_controller_is_reported() -> None:
    assert memory_cgroup.judge_memory(["cpu", "memory"], None).detail.startswith("the kernel applies them")
    off = memory_cgroup.judge_memory(["cpuset", "cpu", "io", "pids"], Path("/boot/firmware/cmdline.txt"))
    assert off.ok
    assert "add cgroup_enable=memory to the end of the one line in /boot/firmware/cmdline.txt" in off.advice
    assert "kernel's options" in memory_cgroup.judge_memory([], None).advice


def test_findings_are_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    findings.show_findings(
        [
            Finding("disk-space", "Free disk space", True, "900 MiB free", step="system"),
            Finding(
                "app-fails",
                "App runs",
                False,
                "\x1b[31mapp.py:3\x1b[0m",
                "This line.",
                (ApplySteps(("app",)),),
                step="app",
                site="myflask",
            ),
            Finding("disk-full", "Disk", False, "full", "Full.", (Advice("Free some."),), step="app", site="myflask"),
        ]
    )
    shown = capsys.readouterr().out
    assert "Free disk space" not in shown
    assert "App runs (myflask): \\x1b[31mapp.py:3\\x1b[0m\n" in shown
    assert "\x1b" not in shown
    assert "Why:  This line." in shown
    last = "2 problems, 1 check passed. `piwizard doctor --fix` fixes 1 of them. --all lists every check.\n"
    assert shown.endswith(f" {last}")
    assert findings.summary([Finding("disk-space", "Free disk space", True, "9")]) == "All 1 checks passed."


def test_findings_that_passed_are_listed_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        Finding("disk-space", "Free disk space", True, "900 MiB free"),
        Finding("ssl-labs-grade", "SSL Labs grade A or better", True, "A+ expected"),
        Finding("disk-full", "Disk", False, "full"),
    ]
    findings.show_findings(found)
    short = capsys.readouterr().out
    assert short.index("Disk: full") < short.index("A+ expected") < short.index("1 problem, 2 checks passed.")
    assert "900 MiB" not in short
    findings.show_findings(found, everything=True)
    assert "900 MiB" in capsys.readouterr().out
