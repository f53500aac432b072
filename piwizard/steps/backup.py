"""Back up everything to another place, encrypted, on a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.backups import backup_record
from piwizard.backups.backup_error import FOR_PERSON
from piwizard.backups.opened_repository import OpenedRepository
from piwizard.backups.target import Target, backup_target, target_from
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.command import Notice
from piwizard.changes.file import File
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.errors import MissingAnswer
from piwizard.steps.step import PlanContext, Stage, Step
from piwizard.system import systemd
from piwizard.system.checks import Check
from piwizard.system.remedies import Advice, ApplySteps, RunCommand
from piwizard.system.unit_checks import check_unit
from piwizard.templates.render import render

UNITS = Path("/etc/systemd/system")
TIMERS = ("piwizard-backup.timer", "piwizard-backup-proof.timer")
SCHEDULES = {
    "hourly": ("hourly", "10min"),
    "daily": ("*-*-* 02:00:00", "2h"),
    "weekly": ("Sun *-*-* 02:00:00", "2h"),
}
"""The time of each schedule in systemd's form, and the longest random delay."""
MAX_AGE_HOURS = {"hourly": 6.0, "daily": 72.0, "weekly": 16 * 24.0}
"""An older last backup is a problem: several attempts in a row have failed."""

QUESTIONS = (
    Question(
        "backup.target",
        "Backup target",
        "A folder of another disk, or a server: sftp://USER@HOST/FOLDER, s3:https://HOST/BUCKET, rest:https://HOST/.",
        backup_target,
        required=True,
    ),
    Question(
        "backup.user",
        "User at the target",
        "The access key of S3 storage, or the user of a REST server; leave it empty for other targets.",
        v.login,
    ),
    Question(
        "backup.secret",
        "Secret of the target",
        "The secret key of S3 storage, or the password of a REST server; leave it empty for other targets.",
        v.given_secret,
        kind="secret",
    ),
    Question(
        "backup.passphrase",
        "Passphrase",
        "Only for backups that exist already; if empty, piwizard generates one and shows it as a recovery sheet.",
        v.given_secret,
        kind="secret",
    ),
    Question(
        "backup.schedule",
        "Schedule",
        "How often a backup is made, each time after a random delay.",
        v.one_of(*SCHEDULES),
        kind="choice",
        choices={one: one.capitalize() for one in SCHEDULES},
        default="daily",
    ),
    Question(
        "backup.limit",
        "Upload limit",
        "The most kilobytes per second to send, so that visitors keep their bandwidth; 0 is no limit.",
        v.whole(0, 1_000_000),
        kind="number",
        default=0,
    ),
)


class Backup(Step):
    """Open the target with a generated passphrase, and back up by a timer."""

    name = "backup"
    title = "Backups"
    heading = "Care"
    stage = Stage.ADVANCED
    why = (
        "An SD card lasts a few years and fails without a warning. piwizard saves what your apps have written, your "
        "answers, secrets and certificates to another disk or a server, encrypted by restic. SQLite databases are "
        "copied consistently while the app runs. Each week piwizard restores the newest backup for a test and starts "
        "your app from it. With the recovery sheet, `piwizard restore` brings everything back on a new Pi."
    )
    optional = True
    needs = ("system",)
    typical_seconds = 40

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        return QUESTIONS

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        target = target_from(answers.values, answers.secrets)
        _require_access(target)
        calendar, delay = SCHEDULES[answers.get("backup.schedule", "daily")]
        proof_calendar, proof_delay = "Wed *-*-* 04:00:00", "4h"
        units = [
            File(UNITS / f"{name}.{kind}", render(f"systemd/{template}.{kind}.j2", **values))
            for name, template, values in (
                ("piwizard-backup", "backup", {"folder": target.folder}),
                ("piwizard-backup-proof", "backup-proof", {"folder": target.folder}),
            )
            for kind in ("service",)
        ]
        timers = [
            File(UNITS / f"{name}.timer", render("systemd/backup.timer.j2", what=what, calendar=when, delay=late))
            for name, what, when, late in (
                ("piwizard-backup", "Backup", calendar, delay),
                ("piwizard-backup-proof", "Weekly test of the backups", proof_calendar, proof_delay),
            )
        ]
        return (
            Notice(
                "Keep the recovery sheet",
                "Without the recovery sheet, nobody can read the backups once this Pi is broken. After this step, run "
                "`piwizard backup sheet` and keep it in another place.",
            ),
            Packages(("restic", *(("rclone",) if target.kind == "rclone" else ()))),
            OpenedRepository(target, context.machine.hostname),
            Transaction("backup", (*units, *timers), activate=(Activation(("systemctl", "daemon-reload")),)),
            *(RunningUnit(timer) for timer in TIMERS),
        )

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        states = systemd.read_states(list(TIMERS))
        for check_id, name, timer in (
            ("backup-timer-running", "Backup timer running", TIMERS[0]),
            ("backup-proof-timer-running", "Timer of the backup test running", TIMERS[1]),
        ):
            yield check_unit(check_id, name, timer, states[timer], ApplySteps(("backup",), "to start it again"))
        yield from self.live_checks(answers)

    def live_checks(self, answers: Answers) -> Iterable[Check]:
        record = backup_record.read_record()
        yield check_age(record, answers.get("backup.schedule", "daily"))
        if record.proof is not None:
            yield Check(
                "backup-proven",
                "Newest backup can be restored",
                record.proof.ok,
                record.proof.message,
                cause="The backups at the target may be damaged.",
                fix=(RunCommand("piwizard backup verify", "to test again"),),
                beyond=True,
            )


def check_age(record: backup_record.BackupRecord, schedule: str) -> Check:
    """Check that the last complete backup is not too old for the schedule.

    Before the first backup, the check passes unless an attempt has failed. It fails at once for what no later attempt
    can end, such as a full target.
    """
    age, last = record.age_hours, record.last
    recent = age is not None and age <= MAX_AGE_HOURS[schedule] and not (last and last.reason in FOR_PERSON)
    ok = recent or (age is None and (last is None or last.ok))
    if age is None:
        detail = "no backup yet" if last is None or last.ok else f"no backup yet: {last.message}"
    else:
        detail = f"the last one is {age:.0f} hours old"
        if last is not None and not last.ok:
            detail += f"; since then: {last.message}"
    advice = Advice("Connect the drive, or check the server.")
    return Check(
        "backup-recent",
        "Last backup recent",
        ok,
        detail.rstrip("."),
        cause="Backups have failed, or this Pi was off.",
        fix=(advice, RunCommand("piwizard backup now", "to make one now")),
        beyond=True,
    )


def _require_access(target: Target) -> None:
    if target.asks_access and not (target.user and target.secret):
        key = "backup.user" if not target.user else "backup.secret"
        raise MissingAnswer(f"{key} is missing: S3 storage needs an access key and its secret.", key=key)
