"""Test an app with several programs: a web server, a logger, a scheduled command."""

from __future__ import annotations

import json

import pytest

from piwizard.system.commands import Result
from tests.lab import layers, quickstart, sample_app
from tests.lab.dialogue import as_root
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

READINGS = """

import sqlite3

import click

DATABASE = os.path.join(os.environ["HOME"], "readings.db")


def readings():
    database = sqlite3.connect(DATABASE, timeout=30)
    database.execute("create table if not exists reading (who text)")
    return database


@app.get("/readings")
def show_readings():
    return sorted({{row[0] for row in readings().execute("select who from reading")}}) + ["web {version}"]


@app.cli.command("cleanup")
def cleanup():
    with readings() as database:
        database.execute("delete from reading")
        database.execute("insert into reading values (?)", (f"cleaned by {{os.getuid()}}",))


@app.cli.command("upgrade")
def upgrade():
    with readings() as database:
        database.execute("insert into reading values ('upgraded to {version}')")
"""
LOGGER = """
import time

from app import readings

while True:
    with readings() as database:
        database.execute("insert into reading values ('logger {version}')")
    time.sleep(0.5)
"""
BROKEN = "import time\ntime.sleep(0.2)\nraise OSError('no sensor on pin 4')\n"
MORE = '\ninit = ["flask --app app upgrade"]\n[app.schedule]\n"yearly" = "flask cleanup"\n'
UNITS = ("systemctl", "list-units", "--all", "--plain", "--no-legend", "myflask*")


def version(number: str) -> dict[str, str | bytes | None]:
    return {
        "app.py": sample_app.APP + READINGS.format(version=number),
        "logger.py": LOGGER.format(version=number),
        "Procfile": "web: gunicorn app:app\nlogger: python logger.py\n",
    }


def readings(pi: Pi) -> list[str]:
    return list(json.loads(pi.http("/readings", host=quickstart.HOST).text))


def uid(pi: Pi) -> str:
    return pi.run(("id", "-u", "myflask")).output.strip()


def unit_files(pi: Pi) -> list[str]:
    return sorted(path.name for path in (pi.files / "etc/systemd/system").glob("myflask*"))


def add_schedule(lab: Lab, pi: Pi, *, check: bool = True) -> Result:
    pi.write(quickstart.ANSWERS, sample_app.answers(lab.git.url(layers.REPOSITORY), more=MORE))
    return quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS, check=check)


def test_processes_are_deployed_and_removed_with_the_app(lab: Lab, served_pi: Pi) -> None:
    pi = served_pi
    lab.git.commit(layers.REPOSITORY, version("one"))
    deployed = pi.run(("piwizard", "deploy"))
    assert "the app runs `python logger.py` as logger (Procfile:2)" in deployed.output
    eventually(lambda: "logger one" in readings(pi))
    assert pi.run(("systemctl", "is-enabled", "myflask-logger.service")).output == "enabled\n"

    add_schedule(lab, pi)
    assert "myflask-cleanup.timer" in pi.run(("systemctl", "list-timers", "--no-legend")).output
    pi.run(("systemctl", "start", "myflask-cleanup.service"))
    assert f"cleaned by {uid(pi)}" in readings(pi)
    assert set(quickstart.states(pi).values()) == {"done"}
    assert pi.run(("piwizard", "plan"), check=False).exit == 0

    run = ("piwizard", "run", "--")
    failed = pi.run((*run, "python", "-c", "import app, sys; print(app.DATABASE); sys.exit(5)"), check=False)
    assert (failed.exit, failed.output) == (5, "/srv/myflask/data/readings.db\n")
    assert pi.run((*run, "flask", "cleanup")).output == ""
    denied = pi.run((*run, "python", "-c", "open('/etc/new', 'w')"), check=False)
    assert (denied.exit, "Read-only file system" in denied.errors) == (1, True)
    asked = as_root(pi, *run, "python", "-c", "import os; print(os.isatty(0), 'hello', input('name? '))")
    asked.answer("name? ", "pi")
    assert asked.end() == 0
    assert "True hello pi" in asked.text

    removed = pi.run(("piwizard", "remove", "myflask", "--yes")).output
    assert "Nothing of it is left." in removed
    assert unit_files(pi) == []
    assert pi.run(UNITS).output == ""
    assert not list((pi.files / "run/systemd/system.control").glob("myflask*"))


@pytest.mark.nightly
def test_processes_change_version_with_the_app(lab: Lab, served_pi: Pi) -> None:
    pi = served_pi
    lab.git.commit(layers.REPOSITORY, version("one"))
    pi.run(("piwizard", "deploy"))
    add_schedule(lab, pi)
    eventually(lambda: "logger one" in readings(pi))

    lab.git.commit(layers.REPOSITORY, version("two"))
    pi.run(("piwizard", "deploy"))
    assert "upgraded to two" in readings(pi)
    pi.run(("systemctl", "start", "myflask-cleanup.service"))
    eventually(lambda: "logger two" in readings(pi))
    assert "logger one" not in readings(pi)
    assert "web two" in readings(pi)

    lab.git.commit(layers.REPOSITORY, version("three") | {"logger.py": BROKEN})
    refused = pi.run(("piwizard", "deploy"), check=False)
    assert refused.exit == 1
    said = next(line for line in refused.output.splitlines() if "does not stay up" in line)
    assert "app.processes: myflask-logger.service does not stay up" in said
    assert "OSError: no sensor on pin 4" in said
    assert "upgraded to three" not in readings(pi)
    pi.run(("systemctl", "start", "myflask-cleanup.service"))
    eventually(lambda: "logger two" in readings(pi))
    assert "web two" in readings(pi)

    pi.run(("systemctl", "stop", "myflask-logger.service"))
    findings = json.loads(pi.run(("piwizard", "doctor", "--json"), check=False).output)["findings"]
    assert [one["subject"] for one in findings if one["id"] == "app-process-running" and not one["ok"]] == ["logger"]
    pi.run(("piwizard", "apply"))
    assert set(quickstart.states(pi).values()) == {"done"}


@pytest.mark.nightly
def test_first_setup_serves_the_site_without_a_failed_process(lab: Lab, served_pi: Pi) -> None:
    pi = served_pi
    pi.run(("piwizard", "remove", "myflask", "--yes"))
    lab.git.commit(layers.REPOSITORY, version("one") | {"logger.py": BROKEN})
    failed = add_schedule(lab, pi, check=False)
    assert failed.exit == 1
    assert "Process logger running" in failed.output + failed.errors
    assert "OSError: no sensor on pin 4" in failed.output + failed.errors
    assert "web one" in readings(pi)
