"""nginx running, with the guide's nine settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.absent_file import AbsentFile
from piwizard.changes.base import Change
from piwizard.changes.file import EditedFile, File
from piwizard.changes.package import Packages
from piwizard.changes.transaction import Transaction
from piwizard.changes.unit import RunningUnit
from piwizard.nginx import capacity, request_limits, tuning
from piwizard.nginx.ipv6_listen import FOLDER, render_listens
from piwizard.steps.blocks import TAKE_UP, TEST, engine_of
from piwizard.steps.step import Ground, Scope, Step
from piwizard.system import apt_options, commands, systemd
from piwizard.system.checks import Check
from piwizard.templates.render import render


class Nginx(Step):
    """Edits nginx.conf in place, directive by directive, behind `nginx -t`."""

    name = "nginx"
    title = "nginx"
    heading = "Web server"
    why = (
        "Tunes nginx for a small board: idle connections are closed earlier, pages travel compressed, and the "
        "version is not told to strangers. Your nginx.conf stays yours: nine settings are changed where they stand, "
        "every comment remains, and nginx checks the result before it is used."
    )
    scope: Scope = "machine"
    optional = False
    needs = ("system",)

    def questions(self, ground: Ground | None, answers: Answers | None) -> Sequence[Question]:
        return ()

    def plan(self, ground: Ground, answers: Answers) -> Sequence[Change]:
        included = tuning.readable(ground.nginx.included)

        def tune(text: str) -> str:
            return capacity.raise_capacity(tuning.tune(text, tuning.NGINX_CONF, included), tuning.NGINX_CONF)

        edit = EditedFile(Path(tuning.NGINX_CONF), tune, "nine settings for a small board, and more connections")
        others = {**ground.nginx.included, **ground.nginx.sites}
        limited = File(Path(request_limits.FILE), request_limits.render_limits(ground.nginx.main, others))
        return (
            Packages(("nginx",)),
            Transaction("nginx", (*_listens(ground), limited, edit), guard=TEST, then=TAKE_UP),
            RunningUnit("nginx.service", guard=TEST),
            _updates(ground),
        )

    def checks(self, ground: Ground, answers: Answers) -> Iterable[Check]:
        dump = commands.run(("nginx", "-T"))
        ipv6_gone = "Address family not supported" in dump.last_words
        yield Check(
            "nginx configuration",
            dump.ok,
            "nginx accepts it" if dump.ok else dump.last_words.splitlines()[0],
            cause="The kernel has no IPv6 any more." if ipv6_gone else "A file under /etc/nginx has a mistake.",
            mend="`piwizard apply` lets nginx run without it; a server block that is not piwizard's needs your hand."
            if ipv6_gone
            else "Mend the line that nginx names, then `sudo nginx -t`.",
        )
        if dump.ok:
            lacking = tuning.missing(dump.output)
            yield Check(
                "nine settings",
                not lacking,
                f"not as they should be: {', '.join(lacking)}" if lacking else "all nine in force",
                cause="Another file under /etc/nginx sets them otherwise, or somebody altered nginx.conf.",
                mend="`piwizard apply nginx` sets them again.",
            )
            low = [*capacity.lacking(dump.output), *request_limits.lacking(dump.output)]
            yield Check(
                "connection limits",
                not low,
                f"too low or missing: {', '.join(low)}" if low else "slow visitors are cut off, and many are served",
                cause="Another file under /etc/nginx sets them otherwise, or somebody altered nginx.conf.",
                mend="`piwizard apply nginx` sets them again.",
            )
        state = systemd.ask(["nginx.service"])["nginx.service"]
        yield Check(
            "nginx service",
            state.running and state.enabled,
            f"{state.active}, {state.file}",
            cause="Somebody stopped it, or it could not be started.",
            mend="`piwizard apply nginx` starts it again.",
        )


def _listens(ground: Ground) -> tuple[Change, ...]:
    """Here, not with the sites that include them: where IPv6 is gone from the kernel, nginx starts only without."""
    texts = render_listens(engine_of(ground), ipv6=ground.ipv6)
    return tuple(File(Path(FOLDER) / name, text) for name, text in texts.items())


def _updates(ground: Ground) -> Change:
    """Let unattended-upgrades replace nginx although its nginx.conf is edited; nothing where it is not installed."""
    path = Path(apt_options.FILE)
    if "unattended-upgrades" not in ground.installed or apt_options.others_keep_settings():
        return AbsentFile(path)
    return File(path, render("apt/keep-settings.conf.j2"))
