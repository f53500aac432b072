"""Set up the server block of a site: static files and requests to the app."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps import leak_check
from piwizard.apps.layout import SiteLayout
from piwizard.apps.smoke_test import MAX_START_SECONDS
from piwizard.changes.base import Change
from piwizard.changes.command import Notice
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.link import Link
from piwizard.changes.log_file import LogFile
from piwizard.changes.transaction import Transaction
from piwizard.errors import PiwizardError
from piwizard.nginx import worker_reload
from piwizard.nginx.maintenance import in_maintenance
from piwizard.nginx.nginx_files import DEFAULT_SERVER
from piwizard.nginx.request_limits import MAX_UPLOAD_MIB, UPLOAD_MIB
from piwizard.nginx.server_blocks import access_log, own_lines_folder, render_default_server
from piwizard.steps.blocks import AVAILABLE, ENABLED, NGINX_TEST, RELOAD_NGINX, bare_name, engine_of, site_file
from piwizard.steps.companion_units import companion_checks
from piwizard.steps.site_path import included_folder, maintenance_folders, owner_of, path_changes, path_of
from piwizard.steps.step import PlanContext, Scope, Stage, Step, app_of
from piwizard.system import checks, systemd
from piwizard.system.checks import Check
from piwizard.system.http_client import HttpResponse
from piwizard.system.remedies import Advice, ApplySteps, Fix, RunCommand
from piwizard.tls import lineage
from piwizard.tls.certified_names import public_names

CLOSED = ("repository-closed", "Repository not served")
UNKNOWN_HOSTS = ("unknown-hosts-refused", "Unknown host names get no answer")
DOCTOR = (RunCommand("piwizard doctor", "to see where the app fails"),)

QUESTIONS = (
    Question(
        "site.domains",
        "Domains",
        "The domains that people type, the main one first; the one with www redirects to the one without.",
        v.list_of(v.host_name, 20, least=1),
        kind="list",
        required=True,
        lookup="host-name",
    ),
    Question(
        "site.path",
        "URL path",
        "Such as /camera: serves this site below the domains of another one; if empty, at the domains themselves.",
        v.url_path,
    ),
    Question(
        "app.upload_limit",
        "Upload limit",
        "MiB that a visitor may send in one request; if empty, what the code sets, else 16.",
        v.whole(1, MAX_UPLOAD_MIB),
        kind="number",
        default=UPLOAD_MIB,
    ),
)


class Site(Step):
    """Set up the server block of a site, and one for unknown host names."""

    name = "site"
    title = "Site"
    heading = "Your app"
    stage = Stage.ADDRESS
    why = (
        "Makes nginx serve your site under its domains. nginx serves static files itself, compressed in advance, and "
        "passes all other requests to your app. Nothing else in the repository is reachable from outside, and requests "
        "for unknown domains get no answer."
    )
    scope: Scope = "site"
    needs = ("nginx", "gunicorn")
    typical_seconds = 3
    deployed = True
    serves_site = True
    diagnosis_order = 3

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if context is None or context.source is None or answers is None:
            return QUESTIONS
        found = app_of(context, Answers(answers.site, {})).found_upload_limit
        suggested = {"app.upload_limit": (found.mib, found.text)} if found else {}
        return [one.suggest(*suggested[one.key]) if one.key in suggested else one for one in QUESTIONS]

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        if path_of(answers):
            return path_changes(context, answers)
        app = app_of(context, answers)
        name = app.layout.site
        for domain in answers["site.domains"]:
            if other := context.nginx.server_of_others(domain, {name, *context.sites}):
                raise PiwizardError(
                    f"site.domains: {domain} is already served by {other}, which is not piwizard's.",
                    key="site.domains",
                    hint=f"Choose another domain, or remove {other} if you no longer need it.",
                )
        certificate = context.certificates.in_use.get(name)
        own = (
            site_file(context, answers, certificate),
            Link(ENABLED / name, f"../sites-available/{name}"),
        )
        # Debian's default server is removed first: with two, nginx would not start after a power cut.
        shared: list[Change] = [Link(ENABLED / "default", None)] if context.nginx.packaged_default else []
        http, https = (not context.nginx.default_server_of_others(port) for port in (80, 443))
        if http or https:
            names_hash = not context.nginx.names_hash_of_others()
            tls = engine_of(context) if https else None
            text = render_default_server(names_hash=names_hash, http=http, tls=tls)
            shared += [
                File(AVAILABLE / DEFAULT_SERVER, text),
                Link(ENABLED / DEFAULT_SERVER, f"../sites-available/{DEFAULT_SERVER}"),
            ]
        site = Transaction(f"{name}-site", own, validate=NGINX_TEST, activate=RELOAD_NGINX)
        default = Transaction("default-server", tuple(shared), validate=NGINX_TEST, activate=RELOAD_NGINX, shared=True)
        # The default server also sets the hash size, without which nginx refuses long domains. Once it exists, the
        # site's file comes first: it may be the file that nginx cannot load.
        groups = (site, default) if context.nginx.has_default_server else (default, site)
        # First: even `nginx -t` creates log files, readable by everybody.
        own_lines = Folder(Path(own_lines_folder(name)))
        maintenance = maintenance_folders(app)
        log = LogFile(Path(access_log(name)))
        return (log, *_home_addresses(context, name), included_folder(), own_lines, *maintenance, *groups)

    def live_checks(self, answers: Answers) -> Iterable[Check]:
        host, path = bare_name(public_names(answers)), path_of(answers)
        secure = str(answers.site) in lineage.folders_in_use()
        page = checks.get_page(f"{path}/", host=host, secure=secure)
        if in_maintenance(str(answers.site)):
            yield _maintenance_check(page, host)
        else:
            yield _site_answers(page, f"{'https' if secure else 'http'}://{host}{path}/")

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        host, path = bare_name(public_names(answers)), path_of(answers)
        secure = owner_of(context, answers) in context.certificates.in_use
        scheme = "https" if secure else "http"

        def ask(url: str) -> HttpResponse | None:
            return checks.get_page(f"{path}{url}", host=host, secure=secure)

        if in_maintenance(str(answers.site)):
            yield _maintenance_check(ask("/"), host)
            return
        page = _first_page(ask, f"{answers.site}.service")
        yield _site_answers(page, f"{scheme}://{host}{path}/")
        fresh = checks.poll_until(lambda: _up_to_date(str(answers.site)), bool, seconds=15.0)
        yield _check_repository_closed(str(answers.site), host, page, ask) if fresh else _outdated(*CLOSED)
        if other := context.nginx.default_server_of_others():
            yield Check(*UNKNOWN_HOSTS, True, f"answered by {other}, which is not piwizard's")
        else:
            yield _check_unknown_hosts() if fresh else _outdated(*UNKNOWN_HOSTS)
        # Here, not in the step that starts them: a process that fails must not keep nginx from serving the site.
        yield from companion_checks(context, answers)


def _site_answers(page: HttpResponse | None, url: str) -> Check:
    app_fails = page is not None and page.status == 500
    return Check(
        "site-answers",
        "Site answers",
        page is not None and page.status < 500,
        f"{url} returns {page.status}" if page else f"no answer for {url}",
        cause=_cause(page),
        fix=DOCTOR if app_fails else (ApplySteps(("gunicorn", "site"), "to start both again"),),
    )


def _maintenance_check(page: HttpResponse | None, host: str) -> Check:
    """Check that a closed site answers 503. What the app serves is checked when it opens again."""
    status = f"status {page.status}" if page else "no answer"
    detail = f"closed for maintenance: {host} returns {status}"
    fix = (ApplySteps(("site",), "to load nginx's files again"),)
    return Check("site-answers", "Site answers", page is not None and page.status == 503, detail, _cause(page), fix)


def _home_addresses(context: PlanContext, name: str) -> tuple[Notice, ...]:
    """Say, before a site is first set up, which site answers local IPs and this machine's name at home."""
    if str(ENABLED / name) in context.nginx.sites:
        return ()
    # nginx takes the first file that has the pattern.
    first = min((site for site, route in context.routes.items() if not route.path), default=name)
    hostname = context.machine.hostname.lower().partition(".")[0]
    text = f"In your home network, http://{hostname}.local/ and this Pi's local IP show the site {first}, over HTTP."
    return (Notice("Home network addresses", text),)


def _up_to_date(site: str) -> bool:
    """Return whether the nginx workers use the files on disk, not those from before a reload."""
    names = (site, DEFAULT_SERVER)
    return worker_reload.up_to_date(folder / name for folder in (AVAILABLE, ENABLED) for name in names)


def _outdated(check_id: str, name: str) -> Check:
    return Check(
        check_id,
        name,
        False,
        "unknown: nginx does not run with the newest configuration",
        cause="nginx was stopped, or refused to load the files under /etc/nginx again.",
        fix=(
            RunCommand("sudo nginx -t", "to see what it refuses"),
            RunCommand("sudo systemctl reload-or-restart nginx", "after that"),
        ),
    )


def _check_repository_closed(site: str, host: str, page: HttpResponse | None, ask: leak_check.Request) -> Check:
    """Check that no file of the repository is served. No answer at all is no proof."""

    def failed(detail: str, cause: str, fix: Fix) -> Check:
        return Check(*CLOSED, False, detail, cause, fix)

    if page is None:
        return failed(f"unknown: no answer for {host}", "", DOCTOR)
    files = leak_check.list_private_files(SiteLayout(site, ""))
    # Where the first page was waited for in vain, no other path is answered either.
    patience = 0.0 if page.status in leak_check.GATEWAY_ERRORS else leak_check.WAIT_FOR_APP_SECONDS
    found = leak_check.find_leaks(files, ask, patience=patience)
    if found.leaked:
        return failed(
            f"served: {', '.join(found.leaked)}",
            "The app itself, or a server block that is not piwizard's, answers for these addresses.",
            (
                RunCommand("piwizard plan site", "to see what was changed"),
                Advice("If nothing was, find the route of the app that serves files."),
            ),
        )
    if found.silent or not found.asked:
        return failed(
            f"unknown: no answer for {', '.join(found.silent) or 'anything'}",
            "The app does not answer there, or takes too long.",
            DOCTOR,
        )
    return Check(*CLOSED, True, f"only static files are served ({found.asked} addresses checked)")


def _check_unknown_hosts() -> Check:
    """Check that a request for an unknown host name gets no answer: the connection is accepted, then closed."""
    seen = checks.poll_until(lambda: checks.try_page("/", host="unknown.invalid"), lambda seen: seen == "closed")
    details = {"closed": "no answer for them", "nobody": "unknown: no connection to nginx"}
    return Check(
        *UNKNOWN_HOSTS,
        seen == "closed",
        details[seen] if isinstance(seen, str) else f"answered with status {seen.status}",
        cause="nginx does not run, or is too busy."
        if seen == "nobody"
        else "Another server block answers for host names that no site here has.",
        fix=(RunCommand("piwizard apply site", "to restore piwizard's default server"),),
    )


def _first_page(ask: leak_check.Request, service: str) -> HttpResponse | None:
    """Return what a visitor gets; waits while the app's workers are starting."""
    while True:
        began = time.monotonic()
        page = checks.poll_until(lambda: ask("/"), lambda seen: seen is not None and seen.status < 500)
        # nginx itself refuses or closes immediately; an app that is starting gives no answer, or nginx returns 502.
        silent = page is None and time.monotonic() - began >= checks.TIMEOUT_SECONDS
        may_load = silent or (page is not None and page.status in (502, 504))
        if not may_load or not systemd.is_loading(service, MAX_START_SECONDS):
            return page


def _cause(page: HttpResponse | None) -> str:
    if page is None:
        return "nginx does not run, or does not know the host name."
    return "The app itself fails on its first page." if page.status == 500 else "nginx cannot reach the app."
