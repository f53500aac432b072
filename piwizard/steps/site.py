"""The site: what nginx serves itself, what it passes on, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard import validators as v
from piwizard.answers import Answers
from piwizard.apps.trial import LONGEST_START
from piwizard.changes.base import Change
from piwizard.changes.file import File
from piwizard.changes.group import Group
from piwizard.changes.link import Link
from piwizard.changes.log_file import LogFile
from piwizard.errors import PiwizardError
from piwizard.machine import checks, units
from piwizard.machine.checks import Answer, Check
from piwizard.nginx.present import DEFAULT_SERVER
from piwizard.nginx.site import access_log, render_default_server
from piwizard.questions import Question
from piwizard.steps.blocks import AVAILABLE, ENABLED, TAKE_UP, TEST, bare_name, engine_of, site_file
from piwizard.steps.step import Ground, Scope, app_of

NEVER_SERVED = ("/.git/config", "/.env", "/app.py", "/requirements.txt")

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


class Site:
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
        site = Group(f"{name}-site", own, guard=TEST, then=TAKE_UP)
        default = Group("default-server", tuple(shared), guard=TEST, then=TAKE_UP, shared=True)
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
        leaks = checks.settled(lambda: _leaks(host, secure=secure), lambda seen: not seen)
        yield Check(
            "repository closed",
            not leaks,
            f"served: {', '.join(leaks)}" if leaks else "only static files are served",
            cause="The app itself answers for these addresses, or a server block of somebody else does.",
            mend="`piwizard plan site` shows what was altered; else look into the app for a route that serves files.",
        )
        if other := ground.nginx.default_server_of_others():
            yield Check("unknown names", True, f"are answered by {other}, as you have it")
            return
        stranger = checks.settled(lambda: checks.get("/", host="unknown.invalid"), lambda seen: seen is None)
        yield Check(
            "unknown names",
            stranger is None,
            f"get {stranger.status}" if stranger else "get no answer",
            cause="Another server block answers for names that nobody has here.",
            mend="`piwizard apply site` puts the right one there.",
        )


def _first_page(host: str, service: str, *, secure: bool) -> Answer | None:
    """What a visitor gets; waits while the app's workers are still being loaded."""
    while True:
        began = time.monotonic()
        page = checks.settled(
            lambda: checks.get("/", host=host, secure=secure), lambda seen: seen is not None and seen.status < 500
        )
        # Refused or cut off at once is nginx's doing; of an app that is being loaded nginx hears nothing, or 502.
        silent = page is None and time.monotonic() - began >= checks.TIMEOUT
        may_load = silent or (page is not None and page.status in (502, 504))
        if not may_load or not units.loading(service, LONGEST_START):
            return page


def _leaks(host: str, *, secure: bool) -> list[str]:
    """What of a repository's inside is served."""
    asked = {path: checks.get(path, host=host, secure=secure) for path in NEVER_SERVED}
    return [path for path, found in asked.items() if found and found.status == 200]


def _cause(page: Answer | None) -> str:
    if page is None:
        return "nginx does not run, or does not know the name."
    return "The app itself fails on its first page." if page.status == 500 else "nginx cannot reach the app."
