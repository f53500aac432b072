"""Diffie-Hellman parameters: none, the well-known ones, or some of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.absent_file import AbsentFile
from piwizard.changes.base import Change
from piwizard.changes.dh_parameters import Generate, NotGenerating
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.link import Link
from piwizard.changes.transaction import Then, Transaction
from piwizard.steps.step import PlanContext, Step
from piwizard.system import commands, files, openssl_dhparam, paths
from piwizard.system import dhparam_generator as generator
from piwizard.system.checks import Check
from piwizard.system.remedies import RunCommand
from piwizard.templates.render import render

IN_USE = paths.dhparam_file()
FOLDER = IN_USE.parent
DIRECTIVE = FOLDER / "dhparam.conf"
INCLUDED = Path("/etc/nginx/conf.d/piwizard-dhparam.conf")
"""A link to the directive. Where it is, nginx has parameters, for every server block alike."""
KNOWN = FOLDER / "dhparam-ffdhe2048.pem"
COMMAND = "/usr/local/bin/piwizard"
UNIT = Path("/etc/systemd/system") / generator.UNIT
AT_BOOT = UNIT.parent / "multi-user.target.wants" / UNIT.name
ENOUGH = 2048

WAY = Question(
    "dhparam.way",
    "Diffie-Hellman parameters",
    "none: visitors' browsers use elliptic curves, and nothing is lost. ffdhe2048: the well-known ones of RFC 7919, at "
    "once. generate: your own, minutes on a new Pi and hours on an old one; no safer than ffdhe2048.",
    v.one_of("none", "ffdhe2048", "generate"),
    kind="choice",
    choices=("none", "ffdhe2048", "generate"),
    required=True,
    default="none",
    declines="none",
)
BITS = Question(
    "dhparam.bits",
    "Bits, if generated",
    "2048 or more: fewer are refused by today's OpenSSL, unless its own settings on this machine allow them. 4096 "
    "takes some twenty times as long as 2048.",
    v.whole(1024, 4096),
    kind="number",
    default=ENOUGH,
)
AT_START = Question(
    "dhparam.at_boot",
    "Continue after a reboot",
    "Starts an interrupted generation again when the Pi boots. Otherwise `piwizard apply` starts it again.",
    v.yes_or_no,
    kind="yesno",
    default=False,
)


class Dhparam(Step):
    """Parameters for every server block at once, by one directive that nginx includes."""

    name = "dhparam"
    title = "DH parameters"
    heading = "HTTPS"
    why = (
        "Old guides have you wait an hour for `openssl dhparam`. Its result matters only to cipher suites with DHE, "
        "which today's recommended HTTPS settings no longer offer, and which certificates of today's kind (ECDSA, as "
        "certbot gets them) cannot even use: without them you lose nothing and still get an A+. "
        "If you have an RSA certificate and visitors with very old browsers, take ffdhe2048, or generate your own. "
        "That runs in the background, and nginx uses the result as soon as it is complete."
    )
    optional = True
    needs = ("nginx",)
    background = generator.JOB

    def questions(self, ground: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        bits = BITS
        if (
            ground is not None
            and answers is not None
            and (seconds := openssl_dhparam.expected(answers.get(BITS.key, ENOUGH)))
        ):
            bits = BITS.suggest(
                ENOUGH, f"takes about {openssl_dhparam.duration(seconds)} on this board, by a short try"
            )
        return (WAY, bits, AT_START)

    def plan(self, ground: PlanContext, answers: Answers) -> Sequence[Change]:
        way = answers[WAY.key]
        not_generating = (Link(AT_BOOT, None), NotGenerating(), AbsentFile(UNIT))
        if way == "none":
            return (*not_generating, _taken_up(Link(INCLUDED, None), Link(IN_USE, None)))
        directive = File(DIRECTIVE, render("nginx/dhparam.conf.j2", file=str(IN_USE)))
        included = Link(INCLUDED, str(DIRECTIVE))
        if way == "ffdhe2048":
            known = File(KNOWN, render("tls/ffdhe2048.pem"))
            group = _taken_up(known, Link(IN_USE, KNOWN.name), directive, included)
            return (Folder(FOLDER), *not_generating, group)
        bits = answers.get(BITS.key, ENOUGH)
        own = Generate(FOLDER / f"dhparam-{bits}.pem", bits)
        at_boot = Link(AT_BOOT, f"../{UNIT.name}" if answers.get(AT_START.key, False) else None)
        group = _taken_up(Link(IN_USE, own.path.name), directive, included)
        return (Folder(FOLDER), File(UNIT, _unit(bits)), at_boot, own, group)

    def checks(self, ground: PlanContext, answers: Answers) -> Iterable[Check]:
        dump = commands.run(("nginx", "-T"))
        used = f"ssl_dhparam {IN_USE};" in dump.output
        if answers[WAY.key] == "none":
            known = "not used, as you answered" if dump.ok else "unknown: nginx rejects its configuration"
            yield Check(
                "dh-parameters-off",
                "DH parameters not used",
                dump.ok and not used,
                "nginx still uses some" if used else known,
                cause="They were put back." if used else "A file under /etc/nginx has an error.",
                fix=(RunCommand("piwizard apply dhparam", "to remove them"),)
                if used
                else (RunCommand("sudo nginx -t", "to see which"),),
            )
            return
        found = openssl_dhparam.parse(files.read(IN_USE) or b"")
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


def _taken_up(*changes: Change) -> Transaction:
    take_up = Then(("systemctl", "reload-or-restart", "nginx.service"))
    return Transaction("dhparam", changes, guard=("nginx", "-t"), then=(take_up,))


def _unit(bits: int) -> str:
    return render(
        "systemd/dhparam.service.j2",
        bits=bits,
        folder=str(generator.folder()),
        partial=str(generator.partial()),
        generated=str(generator.generated()),
        progress=str(generator.PROGRESS),
        command=COMMAND,
    )


def _size(found: openssl_dhparam.Parameters | None) -> str:
    if found is None:
        return "the file is incomplete"
    few = "" if found.bits >= ENOUGH else ": fewer than is considered safe"
    return f"{found.bits} bits{few}"
