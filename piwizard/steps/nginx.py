"""Run nginx with nine settings for a small board."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers.model import Answers
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.file import AbsentFile, EditedFile, File
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Transaction
from piwizard.nginx import capacity, request_limits, tuning
from piwizard.nginx.ipv6_listen import FOLDER, render_listens
from piwizard.steps import nginx_logs
from piwizard.steps.blocks import NGINX_TEST, RELOAD_NGINX, engine_of
from piwizard.steps.step import PlanContext, Stage, Step
from piwizard.system import apt_state, commands, systemd
from piwizard.system.checks import Check
from piwizard.system.remedies import Advice, ApplySteps, RunCommand
from piwizard.templates.render import render


class Nginx(Step):
    """Edit nginx.conf in place, by directive, and validate it with `nginx -t`."""

    name = "nginx"
    title = "nginx"
    heading = "Web server"
    stage = Stage.WEB_SERVER
    why = (
        "Tunes the web server nginx for a small board: it closes idle connections earlier, compresses pages and hides "
        "its version. piwizard changes nine settings in your nginx.conf and keeps every comment. nginx checks the "
        "result before it uses it."
    )
    needs = ("system",)
    typical_seconds = 4
    diagnosis_order = 2

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        included = tuning.readable(context.nginx.included)

        def tune(text: str) -> str:
            return capacity.raise_capacity(tuning.tune(text, tuning.NGINX_CONF, included), tuning.NGINX_CONF)

        edit = EditedFile(Path(tuning.NGINX_CONF), tune, "nine settings for a small board, and more connections")
        others = {**context.nginx.included, **context.nginx.sites}
        limited = File(Path(request_limits.FILE), request_limits.render_limits(context.nginx.main, others))
        return (
            Packages(("nginx", nginx_logs.PACKAGE)),
            Transaction("nginx", (*_listens(context), limited, edit), validate=NGINX_TEST, activate=RELOAD_NGINX),
            RunningUnit("nginx.service", validate=NGINX_TEST),
            *nginx_logs.log_limit_changes(),
            _updates(context),
        )

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        dump = commands.run(("nginx", "-T"))
        ipv6_gone = "Address family not supported" in dump.last_lines
        yield Check(
            "nginx-config-valid",
            "nginx configuration valid",
            dump.ok,
            "nginx accepts it" if dump.ok else dump.last_lines.splitlines()[0],
            cause="The kernel no longer supports IPv6." if ipv6_gone else "A file under /etc/nginx has an error.",
            fix=(
                RunCommand("piwizard apply", "to let nginx run without IPv6"),
                Advice("Edit server blocks that are not piwizard's yourself."),
            )
            if ipv6_gone
            else (Advice("Correct the line that nginx names."), RunCommand("sudo nginx -t", "to check it again")),
        )
        if dump.ok:
            lacking = tuning.missing(dump.output)
            yield Check(
                "nginx-tuning",
                "nginx performance settings in effect",
                not lacking,
                f"not in effect: {', '.join(lacking)}" if lacking else "all nine are in effect",
                cause="Another file under /etc/nginx overrides them, or nginx.conf was edited.",
                fix=(ApplySteps(("nginx",), "to set them again"),),
            )
            low = [*capacity.lacking(dump.output), *request_limits.lacking(dump.output)]
            yield Check(
                "nginx-connection-limits",
                "nginx connection limits in effect",
                not low,
                f"too low or missing: {', '.join(low)}" if low else "many visitors at once, and a limit for slow ones",
                cause="Another file under /etc/nginx overrides them, or nginx.conf was edited.",
                fix=(ApplySteps(("nginx",), "to set them again"),),
            )
        yield from self.live_checks(answers)

    def live_checks(self, answers: Answers) -> Iterable[Check]:
        state = systemd.read_states(["nginx.service"])["nginx.service"]
        yield Check(
            "nginx-service-running",
            "nginx service running",
            state.running and state.enabled,
            f"{state.active}, {state.file}",
            cause="The service was stopped, or could not start.",
            fix=(ApplySteps(("nginx",), "to start it again"),),
        )


def _listens(context: PlanContext) -> tuple[Change, ...]:
    """Return the files with listen directives. They belong to this step, as nginx cannot start if IPv6 is gone."""
    texts = render_listens(engine_of(context), ipv6=context.ipv6)
    return tuple(File(Path(FOLDER) / name, text) for name, text in texts.items())


def _updates(context: PlanContext) -> Change:
    """Let unattended-upgrades upgrade nginx although nginx.conf is edited.

    Nothing if it is not installed, or is what the undone step `updates` has left.
    """
    path, package = Path(apt_state.KEEP_SETTINGS_FILE), "unattended-upgrades"
    left_behind = package in context.left_behind and not Path(apt_state.UPDATES_FILE).exists()
    wanted = package in context.installed and not left_behind
    if not wanted or apt_state.others_decide_conffiles():
        return AbsentFile(path)
    return File(path, render("apt/keep-settings.conf.j2"))
