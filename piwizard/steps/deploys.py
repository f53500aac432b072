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
from piwizard.deploys import push_changes, webhook_changes
from piwizard.deploys.deploy_record import record_folder
from piwizard.deploys.deploy_ways import (
    KEY,
    KEYS_KEY,
    MANUAL,
    POLL,
    POLL_MINUTES,
    PUSH,
    SECRET_KEY,
    WAYS,
    WEBHOOK,
    branch_of,
    poll_minutes,
    ways_of,
)
from piwizard.deploys.push_changes import PushAddress
from piwizard.errors import MissingAnswer, PiwizardError
from piwizard.steps.site_path import owner_of
from piwizard.steps.step import PlanContext, Scope, Stage, Step
from piwizard.system import systemd
from piwizard.system.checks import Check
from piwizard.system.remedies import Advice, ApplySteps
from piwizard.system.unit_checks import check_unit
from piwizard.templates.render import render

UNITS = Path("/etc/systemd/system")
MAX_USER_CHARACTERS = 32
"""The longest name of a user that Linux allows."""
RELOAD = Activation(("systemctl", "daemon-reload"))

QUESTIONS = (
    Question(
        KEY,
        "Deploy new versions",
        "manual: you run `piwizard deploy`; poll: piwizard asks the repository; webhook: the git server calls this Pi; "
        "push: you `git push` to this Pi.",
        v.deploy_ways(WAYS, alone=(MANUAL, PUSH)),
        kind="list",
        choices={way: way for way in WAYS},
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
    Question(
        KEYS_KEY,
        "Keys that may push",
        "For push: the public SSH keys of people, one line each as in id_ed25519.pub.",
        v.list_of(v.ssh_public_key, 20),
        kind="list",
        default=[],
    ),
    Question(
        SECRET_KEY,
        "Webhook secret",
        "For webhook: a secret that the git server has made; if empty, piwizard generates one and shows it to you.",
        v.secret_source,
        kind="secret",
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
        return (
            *_folders(site),
            *_triggered(site, ways),
            *_polling(site, ways, answers),
            *_pushing(context, answers, ways),
            *_calling(context, answers, ways),
        )

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        site, ways = str(answers.site), ways_of(answers)
        if POLL in ways:
            yield _running(_timer(site), "deploy-timer-running", "Repository polled by a timer")
        if WEBHOOK in ways:
            for unit in webhook_changes.sockets(site):
                yield _running(unit, "deploy-webhook-running", f"{unit} running", unit)
        if PUSH in ways:
            address = PushAddress(site)
            yield _running(address.socket, "deploy-push-running", "Pushes accepted")
            problem = push_changes.login_problem(address)
            yield Check(
                "deploy-push-login",
                "SSH server lets keys push",
                not problem,
                problem or f"{address.user} may log in with a key",
                cause="The settings of the SSH server were changed.",
                fix=(Advice("Correct /etc/ssh/sshd_config, then run `sudo systemctl reload ssh`."),),
            )


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


def _pushing(context: PlanContext, answers: Answers, ways: tuple[str, ...]) -> tuple[Change, ...]:
    address = PushAddress(str(answers.site))
    if PUSH not in ways:
        return push_changes.no_push_changes(address)
    keys = list(answers.get(KEYS_KEY, ()))
    if not keys:
        raise MissingAnswer(
            f"{KEYS_KEY} is missing: no key may push.",
            key=KEYS_KEY,
            hint="Add the content of ~/.ssh/id_ed25519.pub of the computer that you push from.",
        )
    if len(address.user) > MAX_USER_CHARACTERS:
        longest = MAX_USER_CHARACTERS - len(address.user) + len(address.site)
        raise PiwizardError(
            f"{KEY}: the name of the site {address.site} is too long for push: the user {address.user} is needed.",
            key=KEY,
            hint=f"Choose another way, or a site name of at most {longest} characters.",
        )
    if "openssh-server" not in context.installed:
        raise PiwizardError(
            f"{KEY}: push needs an SSH server on this Pi.",
            key=KEY,
            hint="Install it with `sudo apt install openssh-server`, or choose another way.",
        )
    return push_changes.push_changes(address, branch_of(answers, _tree(context)), keys)


def _calling(context: PlanContext, answers: Answers, ways: tuple[str, ...]) -> tuple[Change, ...]:
    site, owner = str(answers.site), owner_of(context, answers)
    if WEBHOOK not in ways:
        return webhook_changes.no_webhook_changes(site, owner)
    if not answers.get("tls.https") or owner not in context.certificates.in_use:
        raise PiwizardError(
            f"{KEY}: a webhook needs HTTPS, since some git servers send its secret as it is.",
            key=KEY,
            hint="Set tls.https to true and run `piwizard apply certbot` first, or choose poll.",
        )
    secret = answers.secrets[SECRET_KEY]
    return webhook_changes.webhook_changes(site, owner, branch_of(answers, _tree(context)), secret)


def _tree(context: PlanContext) -> Path | None:
    return context.source.tree if context.source else None


def _timer(site: str) -> str:
    return f"piwizard-deploy-{site}.timer"


def _running(unit: str, check_id: str, name: str, subject: str = "") -> Check:
    state, start_again = systemd.read_states([unit])[unit], ApplySteps(("deploys",), "to start it again")
    return check_unit(check_id, name, unit, state, start_again, cause="The unit was stopped.", subject=subject)
