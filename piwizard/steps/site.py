"""The site: what nginx serves itself, what it passes on, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard import systemd_units
from piwizard import validators as v
from piwizard.answers import Answers
from piwizard.apps.chosen import Chosen
from piwizard.changes.base import Change
from piwizard.changes.file import File
from piwizard.changes.group import Group, Then
from piwizard.changes.link import Link
from piwizard.errors import PiwizardError
from piwizard.machine import checks
from piwizard.machine.checks import Check
from piwizard.nginx.present import DEFAULT_SERVER
from piwizard.nginx.site import SiteBlock, render_default_server, render_site
from piwizard.questions import Question
from piwizard.steps.step import Ground, Scope, app_of

AVAILABLE = Path("/etc/nginx/sites-available")
ENABLED = Path("/etc/nginx/sites-enabled")
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
        public = app.layout.current / "public"
        block = SiteBlock(
            name=name,
            domains=tuple(answers["site.domains"]),
            socket=systemd_units.socket_path(name),
            static={prefix: f"{public}{prefix}" for prefix in app.static},
            root_files={url: f"{public}{url}" for url in app.root_files},
            passed=_passed(app),
            ipv6=ground.ipv6,
        )
        own = (File(AVAILABLE / name, render_site(block)), Link(ENABLED / name, f"../sites-available/{name}"))
        shared: list[Change] = []
        if not ground.nginx.default_server_of_others():
            names_hash = not ground.nginx.names_hash_of_others()
            shared += [
                File(AVAILABLE / DEFAULT_SERVER, render_default_server(ipv6=ground.ipv6, names_hash=names_hash)),
                Link(ENABLED / DEFAULT_SERVER, f"../sites-available/{DEFAULT_SERVER}"),
            ]
        if ground.nginx.packaged_default:
            shared.append(Link(ENABLED / "default", None))
        test, take_up = ("nginx", "-t"), (Then(("systemctl", "reload-or-restart", "nginx.service")),)
        return (
            Group(f"{name}-site", own, guard=test, then=take_up),
            Group("default-server", tuple(shared), guard=test, then=take_up, shared=True),
        )

    def checks(self, ground: Ground, answers: Answers) -> Iterable[Check]:
        host = answers["site.domains"][0]
        page = checks.settled(lambda: checks.get("/", host=host), lambda seen: seen is not None and seen.status < 500)
        yield Check(
            "site answers",
            page is not None and page.status < 500,
            f"http://{host}/ gives {page.status}" if page else f"nobody answers for {host}",
            cause=_cause(page),
            mend="`piwizard doctor` says where the app fails."
            if page and page.status == 500
            else "`piwizard apply gunicorn site` puts both right.",
        )
        leaks = checks.settled(lambda: _leaks(host), lambda seen: not seen)
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


def _leaks(host: str) -> list[str]:
    """What of a repository's inside is served."""
    return [path for path in NEVER_SERVED if (found := checks.get(path, host=host)) and found.status == 200]


def _cause(page: checks.Answer | None) -> str:
    if page is None:
        return "nginx does not run, or does not know the name."
    return "The app itself fails on its first page." if page.status == 500 else "nginx cannot reach the app."


def _passed(app: Chosen) -> tuple[str, ...]:
    """The URLs of what the app writes inside of its static folders: published copies would never change."""
    found = []
    for prefix, folder in app.static.items():
        for path in app.answers.get("app.writable", []):
            if path == folder or folder.startswith(f"{path}/"):
                found.append(prefix)
            elif path.startswith(f"{folder}/"):
                below = path.removeprefix(f"{folder}/")
                found.append(f"{prefix}{below}" if "." in below.rpartition("/")[2] else f"{prefix}{below}/")
    return tuple(found)
