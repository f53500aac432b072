"""Renew the certificate by a timer, verified by a dry run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from piwizard.answers.model import Answers
from piwizard.changes.base import Change
from piwizard.changes.file import AbsentFile, EditedFile, File
from piwizard.changes.folder import Folder
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.steps.blocks import certificate_of
from piwizard.steps.site_path import owner_of
from piwizard.steps.step import PlanContext, Scope, Stage, Step
from piwizard.system import files, paths, systemd
from piwizard.system.checks import Check
from piwizard.system.remedies import RunCommand
from piwizard.system.unit_checks import check_unit
from piwizard.templates.render import render
from piwizard.tls import certificate_problem, lineage, renewal_dry_run
from piwizard.tls.certified_names import certified_names, public_names
from piwizard.tls.challenge import ENVIRONMENT, Challenge, choose_challenge, environment_runs, needs_environment
from piwizard.tls.renewal_dry_run import HOOK, RenewalDryRun

TIMER, HEALTH_TIMER = "certbot.timer", "piwizard-watch.timer"
UNITS = Path("/etc/systemd/system")
DROP_INS = UNITS / "certbot.service.d"
PLUGIN = DROP_INS / "piwizard-plugin.conf"
"""Makes certbot run in the environment with the plugin that Debian lacks."""

RELOAD = (Activation(("systemctl", "daemon-reload")),)


def _health_check_units() -> tuple[File, ...]:
    """Return the units of the weekly health check."""
    return tuple(
        File(UNITS / f"piwizard-watch.{kind}", render(f"systemd/watch.{kind}")) for kind in ("service", "timer")
    )


class Renewal(Step):
    """Set up certbot's timer and a hook for nginx, and pass a dry run."""

    name = "renewal"
    title = "Renewal"
    heading = "HTTPS"
    stage = Stage.HTTPS
    why = (
        "A certificate is valid for a few weeks; a timer renews it while your Pi runs. Let's Encrypt does not notify "
        "you if that fails, so piwizard tests a renewal now. nginx reloads after each renewal. Once a week piwizard "
        "checks everything, and shows problems at your next login."
    )
    scope: Scope = "site"
    optional = True
    needs = ("certbot",)

    def turned_off(self, answers: Answers) -> bool:
        return not answers.get("tls.https", True)

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        if not answers["tls.https"] or owner_of(context, answers) != answers.site:
            return ()
        site, name = str(answers.site), certificate_of(context, answers).name
        bundle, there = answers.get("tls.ca_bundle"), context.certificates.named(name)
        changes: list[Change] = []
        if bundle:
            content = render("systemd/certbot-ca.conf.j2", bundle=bundle)
            drop_in = File(DROP_INS / f"piwizard-{site}.conf", content)
            changes.append(Transaction(f"{site}-renewal", (Folder(DROP_INS), drop_in), activate=RELOAD))
        if there and renewal_dry_run.needs_webroot(there) and answers.get("tls.challenge", "http") == "http":
            conf = lineage.LETSENCRYPT / "renewal" / f"{name}.conf"
            served_here = partial(renewal_dry_run.with_webroot, domains=certified_names(answers))
            changes.append(EditedFile(conf, served_here, "validation files go to the folder that nginx serves"))
        hook = File(HOOK, render("certbot/deploy-hook"), 0o755)
        challenge = Challenge() if certificate_of(context, answers).of_user else choose_challenge(answers)
        if challenge.requirement:
            drop_in = File(PLUGIN, render("systemd/certbot-plugin.conf.j2", argv=challenge.certbot))
            changes.append(Transaction("renewal-plugin", (Folder(DROP_INS), drop_in), activate=RELOAD, shared=True))
        elif not needs_environment(context.certificates.lineages):
            changes.append(Transaction("renewal-plugin", (AbsentFile(PLUGIN),), activate=RELOAD, shared=True))
        return (
            Transaction(
                "renewal",
                (hook, *_health_check_units(), RunningUnit(TIMER), RunningUnit(HEALTH_TIMER)),
                activate=RELOAD,
                shared=True,
            ),
            *changes,
            RenewalDryRun(
                name,
                paths.state_dir() / "renewals" / name,
                {"REQUESTS_CA_BUNDLE": bundle} if bundle else {},
                answers.get("tls.server"),
                challenge,
            ),
        )

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        if not answers["tls.https"] or owner_of(context, answers) != answers.site:
            return
        states = systemd.read_states([TIMER, HEALTH_TIMER])
        for check_id, name, timer in (
            ("renewal-timer-running", "Renewal timer running", TIMER),
            ("health-timer-running", "Weekly health check timer running", HEALTH_TIMER),
        ):
            start_again = RunCommand("piwizard apply renewal", "to start it again")
            yield check_unit(check_id, name, timer, states[timer], start_again)
        able = files.read(HOOK) is not None and bool(files.mode_and_owner(HOOK)[0] & 0o100)
        yield Check(
            "renewal-reloads-nginx",
            "nginx reloads after a renewal",
            able,
            f"{HOOK} exists" if able else f"{HOOK} is missing or not executable",
            cause="The hook was removed or changed.",
            fix=(RunCommand("piwizard apply renewal", "to restore it"),),
        )
        if PLUGIN.exists():
            runs = environment_runs()
            yield Check(
                "certbot-plugin-runs",
                "certbot runs with its plugin",
                runs,
                f"certbot {'runs' if runs else 'cannot run'} in {ENVIRONMENT}, which renewals use",
                cause="The environment was removed, or the system has another Python than when it was made.",
                fix=(
                    RunCommand(
                        "piwizard apply certbot renewal", 'to make it again if a site has tls.challenge = "dns"'
                    ),
                    RunCommand(f"sudo rm {PLUGIN} && sudo systemctl daemon-reload", "if no site has"),
                ),
            )
        domains = list(public_names(answers))
        yield certificate_problem.check_certificate(context.certificates.in_use.get(str(answers.site)), domains)
