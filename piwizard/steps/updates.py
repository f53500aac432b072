"""Install Debian's security updates, and rebuild the apps' environments monthly."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.file import AbsentFile, File
from piwizard.changes.folder import Folder
from piwizard.changes.systemd_unit import DisabledUnit, RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.steps.step import PlanContext, Stage, Step
from piwizard.system import apt_state, dpkg, files, package_lists, systemd
from piwizard.system.checks import Check
from piwizard.system.remedies import Advice, ApplySteps, Fix, RunCommand
from piwizard.templates.render import render

UNITS = Path("/etc/systemd/system")
APT_SETTINGS = Path(apt_state.UPDATES_FILE)
APT_TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")
POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian's packages ask it before they restart a service."""
KEEP_SETTINGS = Path(apt_state.KEEP_SETTINGS_FILE)
AFTER_APT = UNITS / "apt-daily-upgrade.service.d"
CHECK, REBUILD, REBUILD_TIMER = "piwizard-updates.service", "piwizard-rebuild.service", "piwizard-rebuild.timer"
ADVISORIES, ADVISORIES_TIMER = "piwizard-advisories.service", "piwizard-advisories.timer"
REBUILD_TIMERS = (REBUILD_TIMER, ADVISORIES_TIMER)
MONTHLY, OFF = "monthly", "off"
MAX_NAMED = 5
MAX_LIST_DAYS, MAX_RUN_DAYS, PATIENCE_DAYS = 45, 14, 2
"""A server of Debian makes its list again every week at least."""

QUESTIONS = (
    Question(
        "updates.security",
        "Security updates",
        "Installs Debian's updates every day, nginx and certbot included, and checks your sites after that.",
        v.yes_or_no,
        kind="yesno",
        required=True,
        default=True,
        declines=False,
    ),
    Question(
        "updates.app",
        "Rebuild of environments",
        "Monthly, or earlier if a version is known to be vulnerable: newest allowed versions, after a smoke test.",
        v.one_of(MONTHLY, OFF),
        kind="choice",
        choices={MONTHLY: "Monthly", OFF: "Off"},
        default=MONTHLY,
    ),
)


class Updates(Step):
    """Set up unattended-upgrades, a check after it, and the monthly rebuild."""

    name = "updates"
    title = "Updates"
    heading = "Maintenance"
    stage = Stage.ADVANCED
    why = (
        "Installs the security updates of Debian every day, nginx and certbot included. Services that still use an old "
        "library are restarted without a failed request, and all checks run after each update: an alert names what was "
        "updated and how to go back. Once a month, or as soon as a version is known to be vulnerable, the Python "
        "environment of each app is rebuilt with newer versions. "
        "Nothing restarts the Pi."
    )
    optional = True
    needs = ("system",)
    typical_seconds = 20

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        return QUESTIONS

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        return (*_security(wanted=bool(answers["updates.security"])), *_rebuild(answers.get("updates.app", MONTHLY)))

    def live_checks(self, answers: Answers) -> Iterable[Check]:
        unfinished = dpkg.unfinished_packages(dpkg.read_status())
        more = f" and {len(unfinished) - MAX_NAMED} more" if len(unfinished) > MAX_NAMED else ""
        yield Check(
            "packages-complete",
            "Packages completely installed",
            not unfinished,
            f"not completely installed: {', '.join(unfinished[:MAX_NAMED])}{more}" if unfinished else "all of them",
            cause="An update failed or was interrupted. What ran before still runs.",
            fix=(RunCommand("sudo dpkg --configure -a", "to finish it, or to see why it fails"),),
        )

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        yield from self.live_checks(answers)
        wanted = [
            *(APT_TIMERS if answers["updates.security"] else ()),
            *(REBUILD_TIMERS if answers.get("updates.app", MONTHLY) == MONTHLY else ()),
        ]
        states = systemd.read_states(wanted)
        stopped = [unit for unit in wanted if not (states[unit].running and states[unit].enabled)]
        yield Check(
            "update-timers-running",
            "Update timers running",
            not stopped,
            f"{', '.join(stopped)} not running" if stopped else "they run",
            cause="The timers were stopped.",
            fix=(ApplySteps(("updates",), "to start them again"),),
        )
        if answers["updates.security"]:
            yield check_lists(context.machine.os.codename, datetime.now(UTC))
            yield check_installed(datetime.now(UTC))


def check_lists(codename: str, now: datetime) -> Check:
    """Check that this Pi still hears of new packages.

    Without that, no update is pending, and nothing else shows that none will ever come.
    """
    newest, end = package_lists.newest_list(), package_lists.support_end(codename)
    days = (now - newest).days if newest else 0
    waits = _up_days() < PATIENCE_DAYS
    cause = "apt does not reach its servers, or they no longer have anything for this release."
    fix: Fix = (RunCommand("sudo apt update", "to see why"),)
    if end and end < now.date():
        cause = f"Debian's support of {codename} ended on {end}."
        fix = (Advice("Install the current Raspberry Pi OS on another card, then run `piwizard restore` there."),)
    return Check(
        "package-lists-recent",
        f"Package lists less than {MAX_LIST_DAYS} days old",
        days < MAX_LIST_DAYS or waits,
        f"the newest is {days} days old" if newest else "none yet",
        cause=cause,
        fix=fix,
        beyond=True,
    )


def check_installed(now: datetime) -> Check:
    """Check that unattended-upgrades still comes to its end.

    Its timer may run, and it may fail each time.
    """
    last = package_lists.last_installation()
    days = (now - last).days if last else 0
    return Check(
        "updates-installed",
        f"Updates installed within {MAX_RUN_DAYS} days",
        days < MAX_RUN_DAYS or _up_days() < PATIENCE_DAYS,
        f"unattended-upgrades last ended {days} days ago" if last else "unattended-upgrades has not run yet",
        cause="unattended-upgrades fails or does not start, for example because the disk is full.",
        fix=(RunCommand("sudo unattended-upgrade --verbose", "to see why"),),
        beyond=True,
    )


def _up_days() -> float:
    """Return the days since the start: a Pi that was off for months needs some time."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) / 86400


def _security(*, wanted: bool) -> tuple[Change, ...]:
    reload = (Activation(("systemctl", "daemon-reload")),)
    own = {
        APT_SETTINGS: "apt/updates.conf",
        UNITS / CHECK: "systemd/updates.service",
        AFTER_APT / "piwizard.conf": "systemd/apt-updates.conf",
    }
    if not wanted:
        own_files = (*own, POLICY)
        return (Transaction("security-updates", tuple(map(AbsentFile, own_files)), activate=reload),)
    # As the step nginx does once the package is there: its nginx.conf is edited.
    keep = () if apt_state.others_decide_conffiles() else (File(KEEP_SETTINGS, render("apt/keep-settings.conf.j2")),)
    policy = render("apt/policy-rc.d")
    others = (files.read(POLICY) or policy.encode()) != policy.encode()
    return (
        Packages(("unattended-upgrades",)),
        *keep,
        # A policy of another program stays: Debian's package then restarts nginx itself.
        *(() if others else (File(POLICY, policy, 0o755),)),
        Folder(AFTER_APT),
        Transaction("security-updates", tuple(File(path, render(name)) for path, name in own.items()), activate=reload),
        *map(RunningUnit, APT_TIMERS),
    )


def _rebuild(when: str) -> tuple[Change, ...]:
    reload = (Activation(("systemctl", "daemon-reload")),)
    names = {
        UNITS / REBUILD: "systemd/rebuild.service",
        UNITS / REBUILD_TIMER: "systemd/rebuild.timer",
        UNITS / ADVISORIES: "systemd/advisories.service",
        UNITS / ADVISORIES_TIMER: "systemd/advisories.timer",
    }
    if when == OFF:
        return (
            *map(DisabledUnit, REBUILD_TIMERS),
            Transaction("environment-rebuild", tuple(map(AbsentFile, names)), activate=reload),
        )
    return (
        Transaction(
            "environment-rebuild", tuple(File(path, render(name)) for path, name in names.items()), activate=reload
        ),
        *map(RunningUnit, REBUILD_TIMERS),
    )
