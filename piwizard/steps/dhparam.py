"""Set up Diffie-Hellman parameters: none, the well-known ones, or generated ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.base import Change
from piwizard.changes.dh_parameters import Generate, NotGenerating
from piwizard.changes.file import AbsentFile, File
from piwizard.changes.folder import Folder
from piwizard.changes.link import Link
from piwizard.changes.transaction import Activation, Transaction
from piwizard.steps.step import PlanContext, Stage, Step
from piwizard.system import commands, files, openssl_dhparam, paths
from piwizard.system import dhparam_generator as generator
from piwizard.system.checks import Check
from piwizard.system.remedies import RunCommand
from piwizard.templates.render import render

IN_USE = paths.dhparam_file()
FOLDER = IN_USE.parent
DIRECTIVE = FOLDER / "dhparam.conf"
INCLUDED = Path("/etc/nginx/conf.d/piwizard-dhparam.conf")
"""A link to the directive. While it exists, nginx has parameters for every server block."""
FFDHE2048 = FOLDER / "dhparam-ffdhe2048.pem"
UNIT = Path("/etc/systemd/system") / generator.UNIT
AT_BOOT = UNIT.parent / "multi-user.target.wants" / UNIT.name
RECOMMENDED_BITS = 2048

WAY = Question(
    "dhparam.way",
    "DH parameters",
    "Only old browsers use them; your own take up to hours to generate, and are no safer than those of RFC 7919.",
    v.one_of("none", "ffdhe2048", "generate"),
    kind="choice",
    choices={"none": "None", "ffdhe2048": "Those of RFC 7919 (ffdhe2048)", "generate": "Generate my own"},
    required=True,
    default="none",
    declines="none",
)
BITS = Question(
    "dhparam.bits",
    "Size in bits",
    "Size of generated parameters: OpenSSL refuses fewer than 2048 by default, and 4096 takes about 20 times as long.",
    v.whole(1024, 4096),
    kind="number",
    default=RECOMMENDED_BITS,
)
CONTINUE_AT_BOOT = Question(
    "dhparam.at_boot",
    "Continue after a reboot",
    "Restarts an interrupted generation when the Pi boots; otherwise `piwizard apply` restarts it.",
    v.yes_or_no,
    kind="yesno",
    default=False,
)


class Dhparam(Step):
    """Set the parameters for every server block by one directive."""

    name = "dhparam"
    title = "DH parameters"
    heading = "HTTPS"
    stage = Stage.ADVANCED
    why = (
        "Diffie-Hellman (DH) parameters are numbers for an older kind of key exchange. Old guides have you wait an "
        "hour for `openssl dhparam`, but today's recommended HTTPS settings no longer use them, and certificates from "
        "certbot cannot: without them you still get an A. If you have an RSA certificate and visitors with very old "
        "browsers, choose ffdhe2048 or generate your own. That runs in the background, and nginx uses the result as "
        "soon as it is complete."
    )
    optional = True
    needs = ("nginx",)
    background = generator.JOB

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        bits = BITS
        if (
            context is not None
            and answers is not None
            and (seconds := openssl_dhparam.estimate_seconds(answers.get(BITS.key, RECOMMENDED_BITS)))
        ):
            bits = BITS.suggest(
                RECOMMENDED_BITS,
                f"takes about {openssl_dhparam.format_duration(seconds)} on this board, by a short test",
            )
        return (WAY, bits, CONTINUE_AT_BOOT)

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        way = answers[WAY.key]
        not_generating = (Link(AT_BOOT, None), NotGenerating(), AbsentFile(UNIT))
        if way == "none":
            return (*not_generating, _activated(Link(INCLUDED, None), Link(IN_USE, None)))
        directive = File(DIRECTIVE, render("nginx/dhparam.conf.j2", file=str(IN_USE)))
        included = Link(INCLUDED, str(DIRECTIVE))
        if way == "ffdhe2048":
            known = File(FFDHE2048, render("tls/ffdhe2048.pem"))
            group = _activated(known, Link(IN_USE, FFDHE2048.name), directive, included)
            return (Folder(FOLDER), *not_generating, group)
        bits = answers.get(BITS.key, RECOMMENDED_BITS)
        own = Generate(FOLDER / f"dhparam-{bits}.pem", bits)
        at_boot = Link(AT_BOOT, f"../{UNIT.name}" if answers.get(CONTINUE_AT_BOOT.key, False) else None)
        group = _activated(Link(IN_USE, own.path.name), directive, included)
        return (Folder(FOLDER), File(UNIT, _unit(bits)), at_boot, own, group)

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        dump = commands.run(("nginx", "-T"))
        used = f"ssl_dhparam {IN_USE};" in dump.output
        if answers[WAY.key] == "none":
            known = "not used, as you answered" if dump.ok else "unknown: nginx rejects its configuration"
            yield Check(
                "dh-parameters-off",
                "DH parameters not used",
                dump.ok and not used,
                "nginx still uses some" if used else known,
                cause="They were added again." if used else "A file under /etc/nginx has an error.",
                fix=(RunCommand("piwizard apply dhparam", "to remove them"),)
                if used
                else (RunCommand("sudo nginx -t", "to see which"),),
            )
            return
        found = openssl_dhparam.parse_parameters(files.read(IN_USE) or b"")
        yield Check(
            "dh-parameters-valid",
            "DH parameters valid",
            found is not None,
            _size(found),
            cause="The file was changed or removed.",
            fix=(RunCommand("piwizard apply dhparam", "to generate them again"),),
        )
        yield Check(
            "dh-parameters-used",
            "nginx uses the DH parameters",
            used,
            f"ssl_dhparam {IN_USE}" if used else "nginx does not read them",
            cause="The file in conf.d is missing, or nginx rejects its configuration.",
            fix=(
                RunCommand("sudo nginx -t", "to see what nginx rejects"),
                RunCommand("piwizard apply dhparam", "to restore the file"),
            ),
        )


def _activated(*changes: Change) -> Transaction:
    reload_nginx = Activation(("systemctl", "reload-or-restart", "nginx.service"))
    return Transaction("dhparam", changes, validate=("nginx", "-t"), activate=(reload_nginx,))


def _unit(bits: int) -> str:
    return render(
        "systemd/dhparam.service.j2",
        bits=bits,
        partial=str(generator.partial_file()),
        generated=str(generator.generated_file()),
        command=str(paths.piwizard_command()),
    )


def _size(found: openssl_dhparam.Parameters | None) -> str:
    if found is None:
        return "the file is incomplete"
    few = "" if found.bits >= RECOMMENDED_BITS else ": fewer than is considered safe"
    return f"{found.bits} bits{few}"
