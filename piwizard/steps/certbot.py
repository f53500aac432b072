"""A certificate from Let's Encrypt, and HTTPS with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.absent_file import AbsentFile
from piwizard.changes.base import Change
from piwizard.changes.certificate import CertbotCertificate
from piwizard.changes.command import Command
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.link import Link
from piwizard.changes.package import Packages
from piwizard.changes.transaction import Transaction
from piwizard.nginx.tls_settings import WEBROOT
from piwizard.steps.blocks import TAKE_UP, TEST, bare_name, certificate_of, site_file
from piwizard.steps.step import PlanContext, Scope, Step
from piwizard.system import checks, commands
from piwizard.system.checks import Check
from piwizard.system.remedies import RunCommand
from piwizard.tls import certificate_problem, lineage
from piwizard.tls.certificate_request import PRODUCTION, CertbotRequest
from piwizard.tls.challenge import ENVIRONMENT, Challenge, settings_path, way_of
from piwizard.tls.probes import Here

CHALLENGES = ("http", "dns")
QUESTIONS = (
    Question(
        "tls.https",
        "HTTPS",
        "A certificate from Let's Encrypt, for which the names have to lead to this Pi from the Internet, or, by dns "
        "in the next question, to be in the zone of your DDNS provider.",
        v.yes_or_no,
        kind="yesno",
        required=True,
        declines=False,
    ),
    Question(
        "tls.challenge",
        "Shown how",
        "How Let's Encrypt sees that the names are yours. http: by a page at port 80. dns: by a record that your DDNS "
        "provider's account makes, where no port can be open.",
        v.one_of(*CHALLENGES),
        kind="choice",
        choices=CHALLENGES,
        default="http",
    ),
    Question("tls.email", "E-mail", "For Let's Encrypt to write to, which it hardly does. May stay empty.", v.email),
    Question(
        "tls.hsts",
        "HTTPS only (HSTS)",
        "Browsers that were here once ask over HTTPS alone, for two years.",
        v.yes_or_no,
        kind="yesno",
        default=True,
    ),
    Question("tls.server", "ACME server", "Another one than Let's Encrypt, by its directory's address.", v.directory),
    Question("tls.ca_bundle", "Its CA", "A file with the certificate of a private ACME server's CA.", v.full_path),
)


class Certbot(Step):
    """Has certbot make a certificate, or finds one of the person's, and serves the site with it."""

    name = "certbot"
    title = "Certificate"
    heading = "HTTPS"
    why = (
        "Gets a certificate from Let's Encrypt and serves your site over HTTPS; requests over HTTP are sent there. "
        "Before Let's Encrypt is asked, everything that it will want is looked at from here and rehearsed, so that "
        "its limits are not used up by failures. Without a certificate your site stays as it is, over HTTP. "
        "By answering yes you agree to Let's Encrypt's terms: https://letsencrypt.org/repository"
    )
    scope: Scope = "site"
    optional = True
    needs = ("site",)
    typical_seconds = 60

    def questions(self, ground: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if ground is None:
            return QUESTIONS
        return [QUESTIONS[0].suggest(True, "what browsers expect"), *QUESTIONS[1:]]

    def plan(self, ground: PlanContext, answers: Answers) -> Sequence[Change]:
        site = str(answers.site)
        used = Link(lineage.in_use_folder() / site, None)
        if not answers["tls.https"]:
            return (Transaction(f"{site}-https", (used, site_file(ground, answers, None)), guard=TEST, then=TAKE_UP),)
        chosen = certificate_of(ground, answers)
        folder = str(lineage.folder(chosen.name))
        host = bare_name(answers["site.domains"])
        made = () if chosen.of_person else _made(chosen.name, ground, answers)
        return (
            Folder(Path(WEBROOT)),
            *made,
            Transaction(
                f"{site}-https",
                (site_file(ground, answers, folder), Link(used.path, folder)),
                guard=TEST,
                then=TAKE_UP,
                proof=lambda: certificate_problem.ill(host, folder),
            ),
        )

    def checks(self, ground: PlanContext, answers: Answers) -> Iterable[Check]:
        site, domains = str(answers.site), answers["site.domains"]
        host, folder = bare_name(domains), ground.certificates.in_use.get(site)
        if not answers["tls.https"]:
            yield Check(
                "https-off",
                "HTTPS off",
                folder is None,
                "off, as you answered" if folder is None else "still served, although tls.https = false",
                fix=(RunCommand("piwizard apply certbot", "to turn it off"),),
            )
            return
        yield certificate_problem.certificate_check(folder, domains)
        wrong = certificate_problem.ill(host, folder) if folder else "nothing is served over HTTPS"
        yield Check(
            "https-serves-certificate",
            "HTTPS serves the newest certificate",
            wrong is None,
            wrong or f"https://{host}/ uses it",
            cause="Another server block has the host name, or nginx was not reloaded after a renewal.",
            fix=(RunCommand("piwizard apply certbot"), RunCommand("sudo nginx -t", "if that does not help")),
        )
        http = checks.settled(lambda: checks.get("/", host=host), lambda seen: seen is not None and seen.status == 301)
        target = http.headers.get("location", "") if http else ""
        yield Check(
            "http-redirects-to-https",
            "HTTP redirects to HTTPS",
            target == f"https://{host}/",
            f"http://{host}/ redirects to {target}" if target else f"http://{host}/ does not redirect",
            cause="The server block was edited, or another one has the host name.",
            fix=(RunCommand("piwizard apply site certbot", "to restore the redirect"),),
        )


def _made(name: str, ground: PlanContext, answers: Answers) -> tuple[Change, ...]:
    way = way_of(answers)
    asked = _certificate(name, ground, answers, way)
    if way.settings is None:  # once the certificate is renewed by a page, nobody signs with what was for the records
        return (Packages(way.packages), asked, AbsentFile(settings_path(str(answers.site))))
    signed = File(way.settings, way.content, 0o600, secret=True)
    return (Packages(way.packages), *_environment(way), signed, asked)


def _environment(way: Challenge) -> tuple[Change, ...]:
    """A plugin that Debian does not have, beside Debian's certbot: nothing of it is replaced, or built here.

    It runs as root, so pip takes only the one file whose hash is known, and no settings but those in /etc.
    """
    if not way.requirement:
        return ()
    python = Path(commands.which("python3") or "/usr/bin/python3").resolve()
    made = (str(python), "-I", "-m", "venv", "--system-site-packages", "--clear", str(ENVIRONMENT))
    plugin = way.requirement.partition(" ")[0]
    lock = File(ENVIRONMENT / f"{plugin}.lock", f"{way.requirement}\n")
    pip = (str(ENVIRONMENT / "bin" / "python"), "-I", "-m", "pip", "--isolated", "--no-cache-dir", "install")
    quiet = ("--no-input", "--disable-pip-version-check", "--progress-bar=off")
    only = ("--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(lock.path))
    what, failure = "Environment for certbot's plugin", "certbot's plugin could not be installed."
    changes = (
        Folder(ENVIRONMENT, whole=True),
        Command(what, made, ENVIRONMENT / "made.json", "root", Path("/"), "It could not be made."),
        lock,
        Command(
            f"Install {plugin}",
            (*pip, *quiet, *only),
            ENVIRONMENT / f"{plugin}.json",
            "root",
            Path("/"),
            failure,
            proves=(way.requirement,),
        ),
    )
    return (Transaction("certbot-plugin", changes, shared=True),)


def _certificate(name: str, ground: PlanContext, answers: Answers, way: Challenge) -> CertbotCertificate:
    domains, there = tuple(answers["site.domains"]), ground.certificates.named(name)
    server = answers.get("tls.server")
    anew = there is not None and (there.server != (server or PRODUCTION) or way.differs(there))
    request = CertbotRequest(
        name,
        domains,
        Here(),
        email=answers.get("tls.email"),
        server=server,
        ca_bundle=answers.get("tls.ca_bundle"),
        force=anew or (there is not None and there.certificate.due()),
        way=way,
    )
    return CertbotCertificate(name, domains, request, anew=anew)
