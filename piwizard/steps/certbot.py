"""Get a certificate from Let's Encrypt and serve the site over HTTPS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.certificate import CertbotCertificate
from piwizard.changes.command import Command
from piwizard.changes.file import AbsentFile, File
from piwizard.changes.folder import Folder
from piwizard.changes.link import Link
from piwizard.changes.transaction import Transaction
from piwizard.errors import PiwizardError
from piwizard.nginx.tls_settings import HSTS_SECONDS, WEBROOT
from piwizard.steps.blocks import NGINX_TEST, RELOAD_NGINX, bare_name, certificate_of, site_file
from piwizard.steps.site_path import owner_of
from piwizard.steps.step import PlanContext, Scope, Stage, Step
from piwizard.system import checks, commands
from piwizard.system.checks import Check
from piwizard.system.remedies import RunCommand
from piwizard.tls import certificate_problem, lineage
from piwizard.tls.certificate_request import PRODUCTION, CertbotRequest
from piwizard.tls.certified_names import certified_names, public_names
from piwizard.tls.challenge import ENVIRONMENT, Challenge, choose_challenge, settings_path
from piwizard.tls.probes import SystemProbes

CHALLENGES = ("http", "dns")


def hsts_time(value: object) -> str:
    """Accept how long browsers use only HTTPS.

    true and false are from earlier versions.
    """
    if isinstance(value, bool):
        return "two-years" if value else "off"
    return str(v.one_of(*HSTS_SECONDS)(value))


QUESTIONS = (
    Question(
        "tls.https",
        "HTTPS",
        "Gets a free certificate from Let's Encrypt; your domains must point to this Pi, or use the validation by dns.",
        v.yes_or_no,
        kind="yesno",
        required=True,
        declines=False,
    ),
    Question(
        "tls.challenge",
        "Validation method",
        "How Let's Encrypt checks that the domains are yours; the record at the DDNS provider needs no open port.",
        v.one_of(*CHALLENGES),
        kind="choice",
        choices={"http": "Page on port 80", "dns": "Record at the DDNS provider"},
        default="http",
    ),
    Question("tls.email", "Email address", "Contact address for Let's Encrypt. Optional.", v.email),
    Question(
        "tls.hsts",
        "HTTPS only (HSTS)",
        "How long browsers accept only HTTPS after a visit: visitors are locked out that long if a renewal fails, but "
        "an A+ needs two years.",
        hsts_time,
        kind="choice",
        choices={"off": "Off", "one-day": "One day", "two-years": "Two years"},
        default="one-day",
    ),
    Question("tls.server", "ACME server", "Directory URL of the server to use instead of Let's Encrypt.", v.directory),
    Question(
        "tls.ca_bundle",
        "CA certificate file",
        "Full path of the CA certificate of a private ACME server.",
        v.full_path,
    ),
)


class Certbot(Step):
    """Request a certificate, or use one that exists, and serve the site with it."""

    name = "certbot"
    title = "Certificate"
    heading = "HTTPS"
    stage = Stage.HTTPS
    why = (
        "Gets a certificate from Let's Encrypt and serves your site over HTTPS. HTTP redirects to HTTPS. piwizard "
        "first runs preflight checks and a test request, because Let's Encrypt limits failed requests. Until the "
        "certificate exists, your site stays available over HTTP. "
        "With yes you accept the terms of Let's Encrypt: https://letsencrypt.org/repository"
    )
    scope: Scope = "site"
    optional = True
    needs = ("site",)
    typical_seconds = 60

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if context is None:
            return QUESTIONS
        return [QUESTIONS[0].suggest(True, "browsers expect it"), *QUESTIONS[1:]]

    def turned_off(self, answers: Answers) -> bool:
        return not answers.get("tls.https", True)

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        site = str(answers.site)
        if owner_of(context, answers) != site:
            return ()
        used = Link(lineage.in_use_folder() / site, None)
        if not answers["tls.https"]:
            return (
                Transaction(
                    f"{site}-https",
                    (used, site_file(context, answers, None)),
                    validate=NGINX_TEST,
                    activate=RELOAD_NGINX,
                ),
            )
        if not certified_names(answers):
            names = ", ".join(answers["site.domains"])
            raise PiwizardError(
                f"tls.https: Let's Encrypt has no certificates for names of a home network ({names}).",
                key="tls.https",
                hint="Add a domain of the Internet to site.domains, or set tls.https to false.",
            )
        chosen = certificate_of(context, answers)
        folder = str(lineage.live_folder(chosen.name))
        host = bare_name(public_names(answers))
        made = () if chosen.of_user else _certificate_changes(chosen.name, context, answers)
        return (
            Folder(Path(WEBROOT)),
            *made,
            Transaction(
                f"{site}-https",
                (site_file(context, answers, folder), Link(used.path, folder)),
                validate=NGINX_TEST,
                activate=RELOAD_NGINX,
                verify=lambda: certificate_problem.find_https_problem(host, folder),
            ),
        )

    def live_checks(self, answers: Answers) -> Iterable[Check]:
        if answers.get("tls.https") and not answers.get("site.path"):
            folder = lineage.folders_in_use().get(str(answers.site))
            yield certificate_problem.check_certificate(folder, public_names(answers))

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        site, domains = owner_of(context, answers), list(public_names(answers))
        host, folder = bare_name(domains), context.certificates.in_use.get(site)
        if not answers["tls.https"]:
            yield Check(
                "https-off",
                "HTTPS off",
                folder is None,
                "off, as you answered" if folder is None else "still served, although tls.https = false",
                fix=(RunCommand("piwizard apply certbot", "to turn it off"),),
            )
            return
        yield certificate_problem.check_certificate(folder, domains)
        wrong = certificate_problem.find_https_problem(host, folder) if folder else "nothing is served over HTTPS"
        yield Check(
            "https-serves-certificate",
            "HTTPS serves the newest certificate",
            wrong is None,
            wrong or f"https://{host}/ uses it",
            cause="Another server block has the host name, or nginx was not reloaded after a renewal.",
            fix=(RunCommand("piwizard apply certbot"), RunCommand("sudo nginx -t", "if that does not help")),
        )
        http = checks.poll_until(
            lambda: checks.get_page("/", host=host), lambda seen: seen is not None and seen.status == 301
        )
        target = http.headers.get("location", "") if http else ""
        yield Check(
            "http-redirects-to-https",
            "HTTP redirects to HTTPS",
            target == f"https://{host}/",
            f"http://{host}/ redirects to {target}" if target else f"http://{host}/ does not redirect",
            cause="The server block was edited, or another one has the host name.",
            fix=(RunCommand("piwizard apply site certbot", "to restore the redirect"),),
        )


def _certificate_changes(name: str, context: PlanContext, answers: Answers) -> tuple[Change, ...]:
    challenge = choose_challenge(answers)
    asked = _certificate(name, context, answers, challenge)
    if challenge.settings is None:  # with http validation, nothing uses the credentials for DNS any more
        return (Packages(challenge.packages), asked, AbsentFile(settings_path(str(answers.site))))
    signed = File(challenge.settings, challenge.content, 0o600, secret=True)
    return (Packages(challenge.packages), *_environment(challenge), signed, asked)


def _environment(challenge: Challenge) -> tuple[Change, ...]:
    """Return the changes that install a certbot plugin that Debian lacks, next to Debian's certbot.

    It runs as root: pip installs exactly one file, whose hash is known, and ignores the settings of users.
    """
    if not challenge.requirement:
        return ()
    python = Path(commands.which("python3") or "/usr/bin/python3").resolve()
    made = (str(python), "-I", "-m", "venv", "--system-site-packages", "--clear", str(ENVIRONMENT))
    plugin = challenge.requirement.partition(" ")[0]
    lock = File(ENVIRONMENT / f"{plugin}.lock", f"{challenge.requirement}\n")
    pip = (str(ENVIRONMENT / "bin" / "python"), "-I", "-m", "pip", "--isolated", "--no-cache-dir", "install")
    quiet = ("--no-input", "--disable-pip-version-check", "--progress-bar=off")
    only = ("--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(lock.path))
    what, failure = "Virtual environment for the certbot plugin", "The certbot plugin could not be installed."
    changes = (
        Folder(ENVIRONMENT, whole=True),
        Command(
            what, made, ENVIRONMENT / "made.json", "root", Path("/"), "The virtual environment could not be created."
        ),
        lock,
        Command(
            f"Install {plugin}",
            (*pip, *quiet, *only),
            ENVIRONMENT / f"{plugin}.json",
            "root",
            Path("/"),
            failure,
            proves=(challenge.requirement,),
        ),
    )
    return (Transaction("certbot-plugin", changes, shared=True),)


def _certificate(name: str, context: PlanContext, answers: Answers, challenge: Challenge) -> CertbotCertificate:
    domains, there = certified_names(answers), context.certificates.named(name)
    server = answers.get("tls.server")
    again = there is not None and (there.server != (server or PRODUCTION) or challenge.differs_from(there))
    request = CertbotRequest(
        name,
        domains,
        SystemProbes(),
        email=answers.get("tls.email"),
        server=server,
        ca_bundle=answers.get("tls.ca_bundle"),
        force=again or (there is not None and there.certificate.due()),
        challenge=challenge,
    )
    return CertbotCertificate(name, domains, request, request_again=again)
