"""Send alerts by mail, ntfy, Telegram and other services, and ping a heartbeat."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from piwizard.alerts import alert_state, board_checks, event, heartbeat, sending
from piwizard.alerts.quiet_hours import parse_quiet_hours
from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.alert_addresses import VerifyAddresses
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.file import AbsentFile, File
from piwizard.changes.folder import Folder
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.errors import PiwizardError
from piwizard.steps.step import PlanContext, Stage, Step
from piwizard.system import systemd
from piwizard.system.checks import Check
from piwizard.system.plural import count_of
from piwizard.system.remedies import ApplySteps, RunCommand
from piwizard.templates.render import render

UNITS = Path("/etc/systemd/system")
TIMER, PATH, MARKER = "piwizard-alerts.timer", "piwizard-alerts.path", "piwizard-shutdown-marker.service"
RUNNING = (TIMER, PATH, MARKER)
FAILURE = "piwizard-alerts-failure@.service"
"""Started with the name of a service that systemd gives up."""
DROP_IN = "piwizard-alerts.conf"
MAX_ADDRESSES = 10
MAX_WAIT_SECONDS = 900.0
"""A message that has waited for so long has been refused three times."""


def _quiet_hours(value: Any) -> str:  # noqa: ANN401 — a validator
    hours = v.text(value)
    if parse_quiet_hours(hours) is None:
        raise v.Invalid('must be a time of the day such as "22:00-07:00"')
    return hours


QUESTIONS = (
    Question(
        "alerts.urls",
        "Addresses",
        "Where alerts go, as URLs of apprise separated by spaces, such as ntfys://ntfy.sh/TOPIC or "
        "mailtos://USER:PASSWORD@gmail.com.",
        v.given_secret,
        kind="secret",
        required=True,
    ),
    Question(
        "alerts.heartbeat",
        "Heartbeat URL",
        "Requested every few minutes while no problem is open; the service behind it alerts you if this Pi is gone.",
        v.given_secret,
        kind="secret",
    ),
    Question(
        "alerts.quiet",
        "Quiet hours",
        "A time of the day without messages, such as 22:00-07:00; if empty, they are sent at any time.",
        _quiet_hours,
    ),
)


class Alerts(Step):
    """Verify the addresses, then check this machine every few minutes."""

    name = "alerts"
    title = "Alerts"
    heading = "Maintenance"
    stage = Stage.ADVANCED
    why = (
        "Sends a message when something fails: the app, nginx, the domain, the certificate, the disk, the power. "
        "Another message says when it works again. piwizard checks this Pi every 4 minutes and the view from outside "
        "every hour. It sends a test message to each address first. A heartbeat is a URL that the Pi requests "
        "regularly, so that a monitoring service notices a Pi that is gone."
    )
    optional = True
    needs = ("system",)
    typical_seconds = 30

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        return QUESTIONS

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        addresses = sending.split_addresses(answers.secrets["alerts.urls"])
        beat = answers.secrets.get("alerts.heartbeat", "")
        _require_valid(addresses, beat)
        program = File(sending.PROGRAM, sending.SENDER.read_text(encoding="utf-8"))
        watched = ["nginx.service", *(f"{site}.service" for site in context.sites)]
        folders = [UNITS / f"{unit}.d" for unit in watched]
        drop_ins = [File(folder / DROP_IN, render("systemd/alerts-on-failure.conf")) for folder in folders]
        earlier = [
            AbsentFile(path) for path in sorted(UNITS.glob(f"*.service.d/{DROP_IN}")) if path.parent not in folders
        ]
        units = (
            File(UNITS / "piwizard-alerts.service", render("systemd/alerts.service")),
            File(UNITS / FAILURE, render("systemd/alerts-failure@.service")),
            File(UNITS / TIMER, render("systemd/alerts.timer")),
            File(UNITS / PATH, render("systemd/alerts.path.j2", folder=str(event.events_dir()))),
            File(UNITS / MARKER, render("systemd/shutdown-marker.service.j2", folder=str(event.alerts_dir()))),
        )
        return (
            Folder(event.alerts_dir(), 0o700, whole=True),
            Packages(("apprise",)),
            program,
            VerifyAddresses(addresses, beat),
            Folder(event.events_dir(), 0o700),
            *map(Folder, folders),
            Transaction(
                "alerts",
                (*units, *drop_ins, *earlier, *map(RunningUnit, RUNNING)),
                activate=(Activation(("systemctl", "daemon-reload")),),
            ),
        )

    def live_checks(self, answers: Answers) -> Iterable[Check]:
        yield from board_checks.check_board()
        yield _delivered()

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        states = systemd.read_states(RUNNING)
        stopped = [unit for unit in RUNNING if not (states[unit].running and states[unit].enabled)]
        yield Check(
            "alerts-running",
            "Alerts running",
            not stopped,
            f"{', '.join(stopped)} not running" if stopped else "the Pi is checked every 4 minutes",
            cause="The units were stopped.",
            fix=(ApplySteps(("alerts",), "to start them again"),),
        )
        yield _delivered()


def _delivered() -> Check:
    """Check that no message has waited for long.

    A younger one is sent by the next check: a power cut or a server that restarts delays it, and is no problem.
    """
    late = [one for one in alert_state.load().unsent if time.time() - one.at > MAX_WAIT_SECONDS]
    return Check(
        "alerts-delivered",
        "Alerts delivered",
        not late,
        f"{count_of(len(late), 'message waits', 'messages wait')} to be sent" if late else "no message waits",
        cause="A mail or notification server did not accept them, or could not be reached.",
        fix=(RunCommand("piwizard alerts test", "to see which address fails"),),
    )


def _require_valid(addresses: Sequence[str], beat: str) -> None:
    if not 0 < len(addresses) <= MAX_ADDRESSES or not all("://" in one for one in addresses):
        raise PiwizardError(
            f"alerts.urls: there must be 1 to {MAX_ADDRESSES} URLs of apprise, separated by spaces.",
            key="alerts.urls",
            hint="For example ntfys://ntfy.sh/TOPIC, or mailtos://USER:PASSWORD@gmail.com.",
        )
    if beat and not heartbeat.is_heartbeat_url(beat):
        raise PiwizardError(
            "alerts.heartbeat: the URL does not begin with https:// or http://.",
            key="alerts.heartbeat",
            hint="Copy the whole URL from your monitoring service.",
        )
