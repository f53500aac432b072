"""Test the units of further processes and scheduled commands of an app."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from piwizard.apps import app_processes
from piwizard.errors import PiwizardError
from piwizard.setup import app_runs
from piwizard.steps.app import App
from piwizard.steps.gunicorn import Gunicorn

from .conftest import FLASK, of_kind

LOGGER = {"app.py": FLASK, "logger.py": "", "Procfile": "web: gunicorn app:app\nlogger: python logger.py\n"}
PROCESSES = '\n[app.processes]\nlogger = "python logger.py --every 5"\n'
SCHEDULE = '\n[app.schedule]\n"daily 03:00" = "flask cleanup"\n"every 10 minutes" = "python read.py"\n'


@pytest.fixture
def planned(context, answers, monkeypatch):
    """Return the changes of a plan."""
    monkeypatch.setattr(app_processes, "is_calendar", lambda expression: "25" not in expression)

    def made(files=None, more="", **parts):
        return Gunicorn().plan(context(files or LOGGER, **parts), answers(more))

    return made


def unit_files(changes):
    return {file.path.name: file.content for file in of_kind(changes, "file") if file.path.name.startswith("blog")}


def test_found_process_is_a_unit_of_its_own_and_is_named_in_the_plan(planned):
    changes = planned()
    text = unit_files(changes)["blog-logger.service"]
    web = unit_files(changes)["blog.service"]
    assert "ExecStart=/usr/bin/env -- python logger.py\n" in text
    assert "Restart=on-failure" in text
    assert "EnvironmentFile=/srv/blog/app.env" in text
    sandbox = web.partition("# If memory runs out")[2].partition("[Install]")[0]
    assert len(sandbox) > 1000
    assert sandbox in text
    assert "blog-logger.service" in [unit.name for unit in of_kind(changes, "unit")]
    assert [notice.sentence for notice in of_kind(changes, "notice")] == [
        "Beside the web server, the app runs `python logger.py` as logger (Procfile:2). To change that, set "
        "[app.processes] in the answers; `processes = {}` under [app] runs none."
    ]


def test_found_processes_are_the_default_of_the_question(context, answers):
    (question,) = [one for one in App().questions(context(LOGGER), answers()) if one.key == "app.processes"]
    assert (question.default, question.detected) == ({"logger": "python logger.py"}, "Procfile:2")


def test_timed_commands_and_programs_that_cannot_run_are_named_with_the_answer(planned):
    files = {
        "app.py": FLASK,
        "log.py": "",
        "crontab": "0 3 * * * python3 log.py\n",
        "Procfile": "web: gunicorn app:app\nclock: node clock.js\n",
    }
    unrunnable, timed = of_kind(planned(files), "notice")
    assert "`node clock.js`" in unrunnable.sentence
    assert timed.sentence.endswith('answers: "daily 03:00" = "python log.py"')
    assert (timed.key, timed.line) == ("app.schedule", ("daily 03:00", "python log.py"))
    answered = planned(files, '\n[app.processes]\n[app.schedule]\n"daily 04:00" = "python log.py"\n')
    assert of_kind(answered, "notice") == []


def test_answers_replace_what_was_found(planned):
    changes = planned(more=PROCESSES)
    assert "env -- python logger.py --every 5\n" in unit_files(changes)["blog-logger.service"]
    assert of_kind(changes, "notice") == []
    assert "blog-logger.service" not in unit_files(planned(more="\nprocesses = {}"))


def test_process_gets_the_hardware_and_the_network_access_of_the_app(planned):
    more = '\nhardware = ["i2c"]\nnetwork = "home"' + PROCESSES
    text = unit_files(planned(more=more))["blog-logger.service"]
    assert "DeviceAllow=char-i2c rw" in text
    assert "IPAddressDeny" not in text
    assert "IPAddressDeny" in unit_files(planned())["blog-logger.service"]


def test_processes_belong_to_the_transaction_of_the_web_service(planned):
    changes = planned(more=PROCESSES + SCHEDULE)
    group = next(one for one in of_kind(changes, "group") if one.name == "blog-service")
    names = {file.path.name for file in group.changes if file.kind == "file"}
    assert {"blog.service", "blog-logger.service", "blog-cleanup.service", "blog-cleanup.timer"} <= names
    assert group.companions.services == ("blog-logger.service",)
    assert group.companions.jobs == ("blog-cleanup.service", "blog-read.service")


def test_scheduled_command_is_a_timer_and_a_service(planned):
    files = unit_files(planned(more=SCHEDULE))
    assert "OnCalendar=*-*-* 03:00:00\n" in files["blog-cleanup.timer"]
    assert "OnCalendar=*-*-* *:0/10:00\n" in files["blog-read.timer"]
    job = files["blog-cleanup.service"]
    assert "Type=oneshot" in job
    assert "Environment=FLASK_APP=app:app\n" in job
    assert "ExecStart=/usr/bin/env -- flask cleanup\n" in job
    assert "Restart=" not in job
    assert "[Install]" not in job
    units = [unit.name for unit in of_kind(planned(more=SCHEDULE), "unit")]
    assert {"blog-cleanup.timer", "blog-read.timer"} <= set(units)
    assert "blog-cleanup.service" not in units


def test_one_command_at_several_times_has_one_timer(planned):
    more = '\n[app.schedule]\n"monday 8:00" = "flask cleanup"\n"daily 20:30" = "flask cleanup"\n'
    files = unit_files(planned(more=more))
    assert "OnCalendar=Mon *-*-* 08:00:00\nOnCalendar=*-*-* 20:30:00\n" in files["blog-cleanup.timer"]


def test_command_has_another_name_than_a_process(planned):
    more = '\n[app.processes]\nlogger = "python logger.py"\n[app.schedule]\n"hourly" = "python logger.py --once"\n'
    assert {"blog-logger.service", "blog-logger-2.service", "blog-logger-2.timer"} <= unit_files(
        planned(more=more)
    ).keys()


def test_time_that_systemd_refuses_is_named(planned):
    with pytest.raises(
        PiwizardError, match=r"app\.schedule: systemd does not accept the time '\*-\*-\* 25:00'"
    ) as said:
        planned(more='\n[app.schedule]\n"*-*-* 25:00" = "flask cleanup"\n')
    assert said.value.key == "app.schedule.*-*-* 25:00"


@pytest.mark.parametrize(
    ("parts", "taken"),
    [
        ({"packaged_units": frozenset({"blog-logger.service"})}, "a system service"),
        ({"sites": ("blog", "blog-logger")}, "the site blog-logger"),
        ({"local_units": {"blog-logger.service": ""}}, "a unit in /etc/systemd/system that piwizard did not write"),
        ({"local_units": {"blog-logger.service": "other"}}, "a process of the site other"),
    ],
)
def test_name_of_another_unit_is_refused(planned, parts, taken):
    with pytest.raises(PiwizardError) as refused:
        planned(more=PROCESSES, **parts)
    assert refused.value.message == f"app.processes.logger: blog-logger is the name of {taken}."
    assert refused.value.key == "app.processes.logger"


def test_site_name_of_another_sites_process_is_refused(planned):
    with pytest.raises(PiwizardError, match=r"site\.name: blog is the name of a process of the site b"):
        planned(local_units={"blog.service": "b"})


def test_units_that_are_no_longer_wanted_are_stopped_and_removed(planned):
    there = {"blog.service": "blog", "blog.socket": "blog", "blog-old.service": "blog", "blog-old.timer": "blog",
             "blog-logger.service": "blog", "blogger.service": "", "nginx.service": ""}  # fmt: skip
    changes = planned(local_units=there)
    assert [one.name for one in of_kind(changes, "idle")] == ["blog-old.timer", "blog-old.service"]
    gone = {one.path.name for one in of_kind(changes, "gone") if one.path.parent.name == "system"}
    assert gone == {"blog-old.timer", "blog-old.service"}
    group = next(one for one in of_kind(changes, "group") if one.name == "blog-service")
    assert group.companions.retired == ("blog-old.service", "blog-old.timer")


@pytest.fixture
def prepared(context, answers, tmp_path, monkeypatch):
    """Return a command of `piwizard run` for the site "blog", which is set up."""
    monkeypatch.setattr("piwizard.system.paths.sites_dir", lambda: tmp_path / "srv")
    (tmp_path / "srv" / "blog" / "current" / "app").mkdir(parents=True)
    (tmp_path / "srv" / "blog" / "app.env").write_text("")
    monkeypatch.setattr("piwizard.system.transient_unit.systemd_version", lambda: 257)

    def made(*argv, more=""):
        planned = context(LOGGER)
        place = SimpleNamespace(of=lambda instance: planned)
        planner = SimpleNamespace(answers_of=lambda site: answers(more), context=place)
        return app_runs.prepare_run(planner, "blog", argv)

    return made


def test_typed_command_gets_user_environment_and_sandbox_of_the_app(prepared, tmp_path):
    run = prepared("flask", "shell", more='\nhardware = ["i2c"]\nnetwork = "home"')
    folder = tmp_path / "srv" / "blog"
    assert run.argv == ("flask", "shell")
    assert run.cwd == folder / "current" / "app"
    assert run.env["PATH"].startswith(f"{folder}/current/venv/bin:")
    assert run.env["HOME"] == f"{folder}/data"
    assert {"User=blog", "ProtectSystem=strict", f"ReadWritePaths={folder}/data", "DeviceAllow=char-i2c rw"} <= set(
        run.properties
    )
    assert run.properties[-2:] == ("Environment=FLASK_APP=app:app", f"EnvironmentFile={folder}/app.env")
    assert not [one for one in run.properties if one.startswith(("IPAddressDeny", "PrivatePIDs"))]


def test_command_for_an_older_flask_names_its_app_in_a_variable(prepared):
    run = prepared("flask", "--app", "other", "sweep")
    assert run.argv == ("flask", "sweep")
    assert "Environment=FLASK_APP=other" in run.properties
    assert "python" in prepared("python", "x.py").argv
