"""Deploy new versions without a login: by polling, by pushes, or by webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.base import Change
from piwizard.changes.file import AbsentFile, File
from piwizard.changes.folder import Folder
from piwizard.changes.systemd_unit import DisabledUnit, RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.deploys.deploy_record import record_folder
from piwizard.deploys.deploy_ways import KEY, MANUAL, POLL, POLL_MINUTES, PUSH, WAYS, poll_minutes, ways_of
from piwizard.steps.step import PlanContext, Scope, Stage, Step
from piwizard.system import systemd
from piwizard.system.checks import Check
from piwizard.system.remedies import ApplySteps
from piwizard.templates.render import render

UNITS = Path("/etc/systemd/system")
RELOAD = Activation(("systemctl", "daemon-reload"))

QUESTIONS = (
    Question(
        KEY,
        "Deploy new versions",
        "manual: you run `piwizard deploy`; poll: piwizard asks the repository for new commits and deploys them.",
        v.deploy_ways(WAYS, alone=(MANUAL, PUSH)),
        kind="list",
        choices=WAYS,
        required=True,
        default=[MANUAL],
        declines=[MANUAL],
    ),
    Question(
        "app.poll_every",
        "Minutes between polls",
        "How often piwizard asks the repository for a new commit, if it polls; if empty, every 5 minutes.",
        v.whole(1, 1440),
        kind="number",
        default=POLL_MINUTES,
    ),
)


class AutomaticDeploys(Step):
    """Set up what starts a deploy: a timer, or an address to call."""

    name = "deploys"
    title = "Automatic deploys"
    heading = "New versions"
    stage = Stage.VERSIONS
    why = (
        "Puts new versions of your app online without a login. piwizard can ask your repository every few minutes, "
        "your git server can call this Pi, or you `git push` to this Pi itself. Each new version has to pass its smoke "
        "test: if it fails, the current version stays, and that commit is not tried again."
    )
    scope: Scope = "site"
    optional = True
    needs = ("site",)
    typical_seconds = 3

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        return QUESTIONS

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        site, ways = str(answers.site), ways_of(answers)
        return (*_folders(site), *_triggered(site, ways), *_polling(site, ways, answers))

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        site, ways = str(answers.site), ways_of(answers)
        if POLL in ways:
            yield _running(_timer(site), "deploy-timer-running", "Repository polled by a timer")


def _folders(site: str) -> tuple[Change, ...]:
    folder = record_folder(site)
    return (Folder(folder.parent, 0o700), Folder(folder, 0o700, whole=True))


def _triggered(site: str, ways: tuple[str, ...]) -> tuple[Change, ...]:
    """Return the service that deploys what is new in the repository."""
    path = UNITS / f"piwizard-deploy-{site}.service"
    wanted = any(way != PUSH for way in ways)
    unit = File(path, render("systemd/autodeploy.service.j2", site=site)) if wanted else AbsentFile(path)
    return (Transaction(f"{site}-deploy-service", (unit,), activate=(RELOAD,)),)


def _polling(site: str, ways: tuple[str, ...], answers: Answers) -> tuple[Change, ...]:
    timer = _timer(site)
    if POLL not in ways:
        return (
            DisabledUnit(timer),
            Transaction(f"{site}-deploy-timer", (AbsentFile(UNITS / timer),), activate=(RELOAD,)),
        )
    minutes = poll_minutes(answers)
    content = render("systemd/poll.timer.j2", site=site, minutes=minutes)
    restart = Activation(("systemctl", "try-restart", timer), unit=timer)
    own = Transaction(f"{site}-deploy-timer", (File(UNITS / timer, content),), activate=(RELOAD, restart))
    return (own, RunningUnit(timer))


def _timer(site: str) -> str:
    return f"piwizard-deploy-{site}.timer"


def _running(unit: str, check_id: str, name: str) -> Check:
    state = systemd.read_states([unit])[unit]
    return Check(
        check_id,
        name,
        state.running and state.enabled,
        f"{unit} is {state.active}, {state.file or 'missing'}",
        cause="The unit was stopped.",
        fix=(ApplySteps(("deploys",), "to start it again"),),
    )
