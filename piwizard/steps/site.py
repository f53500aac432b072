"""The site: what nginx serves itself, what it passes on, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps import bind_address
from piwizard.apps.layout import Layout
from piwizard.apps.smoke_test import LONGEST_START
from piwizard.changes.base import Change
from piwizard.changes.file import File
from piwizard.changes.link import Link
from piwizard.changes.log_file import LogFile
from piwizard.changes.transaction import Transaction
from piwizard.errors import PiwizardError
from piwizard.nginx import worker_reload
from piwizard.nginx.nginx_files import DEFAULT_SERVER
from piwizard.nginx.server_blocks import access_log, render_default_server
from piwizard.steps.blocks import AVAILABLE, ENABLED, TAKE_UP, TEST, bare_name, engine_of, site_file
from piwizard.steps.step import Ground, Scope, Step, app_of
from piwizard.system import checks, systemd
from piwizard.system.checks import Check
from piwizard.system.http_client import HttpResponse

QUESTIONS = (
    Question(
        "site.domains",
        "Host names",
        "The host names people type, the main one first. A www. name leads to the bare one.",
        v.list_of(v.host_name, 20, least=1),
        kind="list",
        required=True,
    ),
)


class Site(Step):
    """The server block of a site, and the one for names that nobody has here."""

    name = "site"
    title = "Site"
    heading = "Your app"
    why = (
        "Tells nginx the names of your site. Static files are served by nginx itself, compressed beforehand; every "
        "other request goes to your app. Nothing else of the repository can be reached from outside, and requests "
        "for names that are not yours get no answer."
    )
    scope: Scope = "site"
    optional = False
    needs = ("nginx", "gunicorn")

    def questions(self, ground: Ground | None, answers: Answers | None) -> Sequence[Question]:
        return QUESTIONS

    def plan(self, ground: Ground, answers: Answers) -> Sequence[Change]:
        app = app_of(ground, answers)
        name = app.layout.site
        for domain in answers["site.domains"]:
            if other := ground.nginx.server_of_others(domain, {name, *ground.sites}):
                raise PiwizardError(
                    f"site.domains: {domain} is served already, by {other}, which piwizard did not make.",
                    key="site.domains",
                    hint=f"Choose another name, or remove {other} if it is no longer wanted.",
                )
        certificate = ground.certificates.in_use.get(name)
        own = (
            site_file(ground, answers, certificate),
            Link(ENABLED / name, f"../sites-available/{name}"),
        )
        # Debian's own goes first: two default servers at a time, and a Pi without power would boot without nginx.
        shared: list[Change] = [Link(ENABLED / "default", None)] if ground.nginx.packaged_default else []
        http, https = (not ground.nginx.default_server_of_others(port) for port in (80, 443))
        if http or https:
            names_hash = not ground.nginx.names_hash_of_others()
            tls = engine_of(ground) if https else None
            text = render_default_server(names_hash=names_hash, http=http, tls=tls)
            shared += [
                File(AVAILABLE / DEFAULT_SERVER, text),
                Link(ENABLED / DEFAULT_SERVER, f"../sites-available/{DEFAULT_SERVER}"),
            ]
        site = Transaction(f"{name}-site", own, guard=TEST, then=TAKE_UP)
        default = Transaction("default-server", tuple(shared), guard=TEST, then=TAKE_UP, shared=True)
        # It also holds the size of the table of names, without which nginx refuses a long one. Once it is there, the
        # site's file comes first: it may be what keeps nginx from loading.
        groups = (site, default) if ground.nginx.has_default_server else (default, site)
        # First: already `nginx -t` makes the files that it would write to, for everybody to read.
        return (LogFile(Path(access_log(name))), *groups)

    def checks(self, ground: Ground, answers: Answers) -> Iterable[Check]:
        host = bare_name(answers["site.domains"])
        secure = answers.site in ground.certificates.in_use
        scheme = "https" if secure else "http"
        page = _first_page(host, f"{answers.site}.service", secure=secure)
        yield Check(
            "site answers",
            page is not None and page.status < 500,
            f"{scheme}://{host}/ gives {page.status}" if page else f"nobody answers for {host}",
            cause=_cause(page),
            mend="`piwizard doctor` says where the app fails."
            if page and page.status == 500
            else "`piwizard apply gunicorn site` puts both right.",
        )
        fresh = checks.settled(lambda: _up_to_date(str(answers.site)), bool, seconds=15.0)
        yield _closed(str(answers.site), host, page, secure=secure) if fresh else _old("repository closed")
        if other := ground.nginx.default_server_of_others():
            yield Check("unknown names", True, f"are answered by {other}, as you have it")
        else:
            yield _strangers() if fresh else _old("unknown names")


def _up_to_date(site: str) -> bool:
    """Whether nginx's workers serve what is on the disk, and not what was there before a reload."""
    names = (site, DEFAULT_SERVER)
    return worker_reload.up_to_date(folder / name for folder in (AVAILABLE, ENABLED) for name in names)


def _old(name: str) -> Check:
    return Check(
        name,
        False,
        "cannot be checked: nginx does not run with the newest configuration",
        cause="It is stopped, or has refused to load the files under /etc/nginx again.",
        mend="`sudo nginx -t` names what it refuses, if anything; then `sudo systemctl reload-or-restart nginx`.",
    )


def _closed(site: str, host: str, page: HttpResponse | None, *, secure: bool) -> Check:
    """Whether nothing of the repository's inside is served. Silence is no proof of that."""
    name = "repository closed"
    if page is None:
        return Check(name, False, f"cannot be checked: nobody answers for {host}", mend="`piwizard doctor` says why.")
    files = bind_address.private_files(Layout(site, ""))
    found = bind_address.look(files, lambda path: checks.get(path, host=host, secure=secure))
    if found.leaked:
        return Check(
            name,
            False,
            f"served: {', '.join(found.leaked)}",
            cause="The app itself answers for these addresses, or a server block of somebody else does.",
            mend="`piwizard plan site` shows what was altered; else look into the app for a route that serves files.",
        )
    if found.silent or not found.asked:
        return Check(
            name,
            False,
            f"cannot be checked: nobody answers for {', '.join(found.silent) or 'anything'}",
            cause="The app does not answer there, or takes too long.",
            mend="`piwizard doctor` says where the app fails.",
        )
    return Check(name, True, f"only static files are served ({found.asked} addresses were tried)")


def _strangers() -> Check:
    """Whether a name that nobody has here gets no answer: its connection is taken, and closed without one."""
    seen = checks.settled(lambda: checks.ask("/", host="unknown.invalid"), lambda seen: seen == "closed")
    said = {"closed": "get no answer", "nobody": "cannot be checked: nobody takes the connection"}
    return Check(
        "unknown names",
        seen == "closed",
        said[seen] if isinstance(seen, str) else f"get {seen.status}",
        cause="nginx does not run, or is too busy."
        if seen == "nobody"
        else "Another server block answers for names that nobody has here.",
        mend="`piwizard apply site` puts the right one there.",
    )


def _first_page(host: str, service: str, *, secure: bool) -> HttpResponse | None:
    """What a visitor gets; waits while the app's workers are still being loaded."""
    while True:
        began = time.monotonic()
        page = checks.settled(
            lambda: checks.get("/", host=host, secure=secure), lambda seen: seen is not None and seen.status < 500
        )
        # Refused or cut off at once is nginx's doing; of an app that is being loaded nginx hears nothing, or 502.
        silent = page is None and time.monotonic() - began >= checks.TIMEOUT
        may_load = silent or (page is not None and page.status in (502, 504))
        if not may_load or not systemd.loading(service, LONGEST_START):
            return page


def _cause(page: HttpResponse | None) -> str:
    if page is None:
        return "nginx does not run, or does not know the name."
    return "The app itself fails on its first page." if page.status == 500 else "nginx cannot reach the app."
