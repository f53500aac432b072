"""Test commands at certain times: lines of cron, systemd timers and uWSGI's cron."""

from __future__ import annotations

import pytest

from piwizard.answers.validators.process_tables import schedule
from piwizard.apps.cron_times import schedule_time
from piwizard.apps.repository_checkout import scan_checkout
from piwizard.apps.schedules import find_schedules
from piwizard.system.calendar_times import CALENDAR_FORM, PERIODS, to_calendar

CODE = {
    "app.py": "from flask import Flask\napp = Flask(__name__)\n",
    "log.py": "print(1)\n",
    "jobs/pump.py": "print(1)\n",
}


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("*/10 * * * *", "every 10 minutes"),
        ("* * * * *", "every minute"),
        ("0 * * * *", "hourly"),
        ("0 */6 * * *", "every 6 hours"),
        ("5 4 * * *", "daily 04:05"),
        ("30 7 * * 1-5", "weekdays 07:30"),
        ("0 8 * * sun", "sunday 08:00"),
        ("0 8 * * 7", "sunday 08:00"),
        ("0,30 8-20 * * *", "*-*-* 8..20:0,30:00"),
        ("*/7 * * * *", "*-*-* *:0/7:00"),
        ("0 3 1 * *", "*-*-1 3:0:00"),
        ("0 3 1 jan,jul *", "*-1,7-1 3:0:00"),
        ("0 */6 * * 1-5", "Mon..Fri *-*-* 0/6:0:00"),
        ("@daily", "daily"),
        ("@midnight", "daily"),
    ],
)
def test_time_of_cron_is_a_time_of_the_answers(line: str, time: str) -> None:
    assert schedule_time(line.split()) == time
    assert schedule({time: "flask x"}) == {time: "flask x"}
    calendar = to_calendar(time)
    assert calendar in PERIODS or CALENDAR_FORM.fullmatch(calendar)


@pytest.mark.parametrize(
    "line", ["@reboot", "0 3 1 * 1", "99 * * * *", "0 25 * * *", "*/0 * * * *", "* * *", "a b c d e"]
)
def test_time_that_systemd_lacks_is_none(line: str) -> None:
    assert schedule_time(line.split()) is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"README.md": "Run `crontab -e`:\n\n    */10 * * * * /usr/bin/python3 /home/pi/x/log.py >> log.txt 2>&1\n"},
            ("every 10 minutes", "python log.py", "README.md:3"),
        ),
        (
            {"README.md": "Add `0 7 * * * cd /home/pi/x/jobs && python3 pump.py` to it.\n"},
            ("daily 07:00", "python jobs/pump.py", "README.md:1"),
        ),
        (
            {"crontab": "# m h\n5 4 * * * /home/pi/x/venv/bin/flask clean\n"},
            ("daily 04:05", "flask clean", "crontab:2"),
        ),
        ({"cron.d/x": "0 1 * * * pi python3 /opt/x/log.py\n"}, ("daily 01:00", "python log.py", "cron.d/x:1")),
        (
            {"install.sh": '(crontab -l; echo "@hourly python3 /home/pi/x/log.py") | crontab -\n'},
            ("hourly", "python log.py", "install.sh:1"),
        ),
        (
            {
                "deploy/log.timer": "[Timer]\nOnCalendar=*-*-* 02:30:00\n",
                "deploy/log.service": "[Service]\nType=oneshot\nExecStart=/home/pi/x/venv/bin/python log.py\n",
            },
            ("*-*-* 02:30:00", "python log.py", "deploy/log.timer:2"),
        ),
        (
            {
                "log.timer": "[Timer]\nOnUnitActiveSec=5min\nUnit=pump.service\n",
                "pump.service": "[Service]\nWorkingDirectory=/home/pi/x/jobs\nExecStart=/usr/bin/python3 pump.py\n",
            },
            ("every 5 minutes", "python jobs/pump.py", "log.timer:2"),
        ),
        (
            {"uwsgi.ini": "[uwsgi]\nmodule = app:app\ncron = 59 3 -1 -1 -1 python log.py\n"},
            ("daily 03:59", "python log.py", "uwsgi.ini:3"),
        ),
    ],
)
def test_timed_command_is_found(tree, files: dict[str, str], expected: tuple[str, str, str]) -> None:
    (one,) = find_schedules(scan_checkout(tree(CODE | files)), "app.py")
    assert (one.time, one.command, one.place) == expected


@pytest.mark.parametrize(
    "text",
    [
        "0 3 * * 0 sudo reboot\n",
        "@reboot python3 /home/pi/x/log.py &\n",
        "1 2 3 4 5 python is fun\n",
        "| 1 | 2 | 3 |\nPin 3 4 5 6 7 is log.py\n",
        "* * * * * node /home/pi/x/server.js\n",
    ],
)
def test_other_lines_are_no_schedule(tree, text: str) -> None:
    assert find_schedules(scan_checkout(tree(CODE | {"README.md": text})), "app.py") == ()


def test_two_commands_at_one_time_have_different_keys(tree) -> None:
    text = "0 3 * * * python3 log.py\n0 3 * * * python3 jobs/pump.py\n"
    found = find_schedules(scan_checkout(tree(CODE | {"crontab": text})), "app.py")
    assert [one.time for one in found] == ["daily 03:00", "*-*-* 03:00:00"]
