"""Test programs beside the web server, as the author's own files start them."""

from __future__ import annotations

import pytest

from piwizard.apps.processes import (
    FoundProcess,
    command_title,
    find_processes,
    find_unrunnable_programs,
    unused_name,
)
from piwizard.apps.repository_checkout import scan_checkout

CODE = {
    "app.py": "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run()\n",
    "logger.py": "import time\nwhile True:\n    time.sleep(1)\n",
    "serve.py": "from app import app\napp.run(host='0.0.0.0')\n",
    "jobs/pump.py": "import asyncio\nasyncio.run(main())\n",
}


@pytest.fixture
def found(tree):
    """Return what is found in a repository with more files, as (name, command, place)."""

    def made(files, start=""):
        checkout = scan_checkout(tree(CODE | files))
        return [(one.name, one.command, one.place) for one in find_processes(checkout, "app.py", start)]

    return made


def test_procfile_lines_besides_the_web_server(found):
    procfile = """
        web: gunicorn app:app
        release: flask db upgrade
        # comment: python logger.py
        worker: celery -A app.celery worker --loglevel=info
        logger: python -u logger.py >> log.txt 2>&1
        pump: cd jobs && python3 pump.py --fast
        shell: python logger.py | tee log
        node: node server.js
        port: python logger.py $PORT
        """
    assert found({"Procfile": procfile}) == [
        ("worker", "celery -A app.celery worker --loglevel=info", "Procfile:4"),
        ("logger", "python logger.py", "Procfile:5"),
        ("pump", "python jobs/pump.py --fast", "Procfile:6"),
    ]


UNIT = "[Unit]\nDescription=x\n[Service]\n{more}\nExecStart={command}\n[Install]\nWantedBy=multi-user.target\n"


@pytest.mark.parametrize(
    ("command", "more", "expected"),
    [
        ("/usr/bin/python3 /home/pi/greenhouse/logger.py", "", "python logger.py"),
        ("/home/pi/green/venv/bin/python -u jobs/pump.py", "WorkingDirectory=/home/pi/green", "python jobs/pump.py"),
        ("python3 pump.py", "WorkingDirectory=/home/pi/greenhouse/jobs", "python jobs/pump.py"),
        ("-/bin/bash -c 'cd /home/pi/greenhouse && python3 logger.py'", "", "python logger.py"),
        ("/usr/bin/python3 \\\n  /home/pi/greenhouse/logger.py \\\n  --every 5", "", "python logger.py --every 5"),
        ("/home/pi/greenhouse/logger.py", "User=pi", "python logger.py"),
        ("{python_path} {script_path}/jobs/pump.py", "User={user}", "python jobs/pump.py"),
        ("/home/pi/greenhouse/venv/bin/flask --app app collect", "", "flask --app app collect"),
    ],
)  # fmt: skip
def test_systemd_units_of_the_repository(found, command, more, expected):
    ((name, said, place),) = found({"systemd/green-logger.service": UNIT.format(command=command, more=more)})
    assert (name, said) == ("green-logger", expected)
    assert place.startswith("systemd/green-logger.service:")


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("/usr/bin/python3 /home/pi/app/app.py", ""),
        ("/usr/bin/python3 /home/pi/app/serve.py", ""),
        ("/home/pi/venv/bin/gunicorn app:app", ""),
        ("/home/pi/venv/bin/flask run --host 0.0.0.0", ""),
        ("/usr/bin/python3 -m flask run", ""),
        ("/usr/bin/python3 /home/pi/missing.py", ""),
        ("/usr/bin/mosquitto", ""),
        ("{python_path} {script_path}/app.py", ""),
        ("/usr/bin/python3 /home/pi/app/logger.py", "Type=oneshot"),
    ],
)
def test_units_of_the_web_server_and_of_others_are_no_processes(found, command, more):
    assert found({"web.service": UNIT.format(command=command, more=more)}) == []


def test_compose_commands_of_services_that_the_repository_builds(found):
    compose = """
        services:
          web:
            build: .
            command: gunicorn app:app
          logger:
            build: .
            command: ["python", "logger.py", "--every=5"]
          pump:
            build:
              context: .
            command:
              - python
              - jobs/pump.py
          text:
            build: .
            command: "python -m jobs.pump"
          redis:
            image: redis
            command: redis-server --save
        volumes:
          command: python logger.py
        """
    assert found({"docker-compose.yml": compose, "jobs/__init__.py": ""}) == [
        ("logger", "python logger.py --every=5", "docker-compose.yml:7"),
        ("pump", "python jobs/pump.py", "docker-compose.yml:11"),
        ("text", "python -m jobs.pump", "docker-compose.yml:16"),
    ]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cd /home/pi/app\npython3 logger.py &\npython3 app.py\n", [("logger", "python logger.py", "start.sh:2")]),
        ("nohup python3 logger.py > /dev/null 2>&1 &\ngunicorn a:a", [("logger", "python logger.py", "start.sh:1")]),
        ("python3 logger.py & python3 app.py", [("logger", "python logger.py", "start.sh:1")]),
        ("python3 app.py &\npython3 logger.py", [("logger", "python logger.py", "start.sh:2")]),
        ("cd jobs\npython3 pump.py &\ncd ..\npython3 app.py &\nwait", [("pump", "python jobs/pump.py", "start.sh:2")]),
        ("python3 logger.py && python3 app.py", []),
        ("python3 logger.py\npython3 app.py", []),
        ("python3 app.py 2>&1 &", []),
    ],
)  # fmt: skip
def test_start_scripts_with_a_program_in_the_background(found, script, expected):
    assert found({"start.sh": script}) == expected


def test_compose_command_over_several_lines(found):
    compose = """
        services:
          app:
            build: .
          recorder:
            build: .
            command: >
              python -u
              logger.py
            devices:
              - /dev/i2c-1
        """
    assert found({"compose.yaml": compose}) == [("recorder", "python logger.py", "compose.yaml:6")]


def test_package_that_is_the_app_is_no_process(tree):
    files = {
        "lamp/__init__.py": "",
        "lamp/__main__.py": CODE["serve.py"],
        "Procfile": "lamp: python -m lamp --port 80\n",
    }
    assert find_processes(scan_checkout(tree(CODE | files)), "lamp/__main__.py") == ()


def test_supervisor_programs(found):
    conf = """
        [supervisord]
        nodaemon=true
        [program:web]
        command=gunicorn app:app
        [program:logger]
        directory=/home/pi/app
        command=/home/pi/app/venv/bin/python logger.py
        autostart=true
        """
    assert found({"supervisord.conf": conf}) == [("logger", "python logger.py", "supervisord.conf:7")]


def test_scripts_are_named_from_the_folder_that_the_app_starts_in(found):
    assert found({"web/x.py": "", "Procfile": "logger: python logger.py\n"}, "web") == [
        ("logger", "python ../logger.py", "Procfile:1")
    ]


def test_program_that_several_files_start_is_found_once(found):
    files = {"Procfile": "log: python logger.py\n", "x.service": UNIT.format(command="python3 /a/logger.py", more="")}
    assert found(files) == [("log", "python logger.py", "Procfile:1")]


def test_programs_that_uwsgi_starts_beside_the_app(found):
    ini = "[uwsgi]\nmodule = app:app\n\nattach-daemon = python logger.py\nmule = jobs/pump.py\nmule = 2\n"
    assert found({"uwsgi.ini": ini}) == [
        ("logger", "python logger.py", "uwsgi.ini:4"),
        ("pump", "python jobs/pump.py", "uwsgi.ini:5"),
    ]


def test_program_that_cron_starts_with_the_pi(found):
    text = "@reboot cd /home/pi/x && python3 logger.py &\n@reboot python3 /home/pi/x/app.py\n"
    assert found({"README.md": text}) == [("logger", "python logger.py", "README.md:1")]


def test_service_of_a_timer_is_no_process(found):
    unit = UNIT.format(command="/usr/bin/python3 /home/pi/x/logger.py", more="")
    assert found({"log.service": unit, "log.timer": "[Timer]\nOnCalendar=daily\n"}) == []


def test_program_that_the_environment_cannot_run_is_named(tree):
    files = {
        "Procfile": "web: gunicorn app:app\nclock: node clock.js\nport: python logger.py $A\nlog: python logger.py\n",
        "x.service": UNIT.format(command="/usr/bin/python3 /home/pi/gone.py", more=""),
        "web.service": UNIT.format(command="/home/pi/x/venv/bin/python -m flask run", more=""),
        "boot.service": UNIT.format(command="/home/pi/x/start.sh", more=""),
        "start.sh": "node clock.js &\npython3 app.py\n",
        "cast.service": UNIT.format(command="/bin/bash /home/pi/x/cast.sh in out", more=""),
        "cast.sh": "str2str -in serial\n",
    }
    programs = find_unrunnable_programs(scan_checkout(tree(CODE | files)), "app.py")
    assert [(one.command, one.place) for one in programs] == [
        ("node clock.js", "Procfile:2"), ("python logger.py $A", "Procfile:3"),
        ("/bin/bash /home/pi/x/cast.sh in out", "cast.service:5"), ("/usr/bin/python3 /home/pi/gone.py", "x.service:5"),
    ]  # fmt: skip


def test_names_are_those_of_units_and_differ():
    assert unused_name("My Logger_2!", ()) == "my-logger-2"
    assert unused_name("a" * 40, ()) == "a" * 24
    assert unused_name("…", {"process"}) == "process-2"
    assert unused_name("x", {"x", "x-2"}) == "x-3"
    assert FoundProcess("a", "python a.py", "Procfile", 3).place == "Procfile:3"


@pytest.mark.parametrize(
    ("argv", "title"),
    [
        (("flask", "cleanup"), "cleanup"),
        (("flask", "--app", "app", "cleanup"), "cleanup"),
        (("python", "tools/backup.py", "--all"), "backup"),
        (("python", "-m", "tools.backup"), "tools.backup"),
        (("celery", "-A", "app", "worker"), "celery"),
    ],
)
def test_commands_are_named_by_what_they_do(argv, title):
    assert command_title(argv) == title


def test_supervisor_program_in_a_folder_of_its_own(found):
    conf = "[program:control]\ncommand=/opt/lamp/.venv/bin/python /opt/lamp/logger.py\ndirectory=/opt/lamp\n"
    found_there = found({"setup/supervisor/control.conf": conf, "setup/nginx.conf": "server { listen 80; }\n"})
    assert found_there == [("control", "python logger.py", "setup/supervisor/control.conf:2")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", "Add to rc.local:\n\n    sudo python3 /home/pi/x/logger.py &\n    python3 /home/pi/x/app.py &\n"),
        ("rc.local", "#!/bin/sh\ncd /home/pi/x\nnohup /usr/bin/python3 logger.py > /dev/null 2>&1 &\nexit 0\n"),
    ],
)
def test_program_of_rc_local_runs_beside_the_app(found, name, text):
    assert found({name: text}) == [("logger", "python logger.py", f"{name}:3")]


def test_program_in_the_background_without_rc_local_is_an_example(found):
    assert found({"README.md": "Try it:\n\n    python3 logger.py &\n"}) == []


def test_program_of_a_file_is_not_run_again_for_the_instructions(found):
    files = {
        "start.sh": "python3 logger.py --fast &\npython3 app.py\n",
        "README.md": "@reboot python3 /home/pi/x/logger.py --slow\n",
    }
    assert found(files) == [("logger", "python logger.py --fast", "start.sh:1")]


def test_redirections_of_a_unit_are_ignored(found):
    unit = UNIT.format(more="", command="/usr/bin/python /home/pi/x/logger.py > /home/pi/log.txt 2>&1")
    assert found({"logger.service": unit}) == [("logger", "python logger.py", "logger.service:5")]
