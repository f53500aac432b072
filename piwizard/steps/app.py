"""The app: its code at a commit, its user, its environment, proven to load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps import memory_usage, network_access, preparation, repository_access
from piwizard.apps.app_warnings import app_warnings, require_suitable_python
from piwizard.apps.layout import PROOF_FILE
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.build_workspace import BUILD_USER
from piwizard.changes.command import Notice
from piwizard.changes.data_copy import TRIAL as TRIAL_COPY
from piwizard.changes.data_copy import NoTrialCopy, SetupStep
from piwizard.changes.folder import Folder
from piwizard.changes.git_checkout import GitCheckout
from piwizard.changes.persistent_path import PersistentPath
from piwizard.changes.publish import Publish
from piwizard.changes.swap import NoSwap
from piwizard.changes.user import SystemUser
from piwizard.changes.virtualenv import Virtualenv
from piwizard.steps.step import PlanContext, Scope, Step, app_of
from piwizard.system import files
from piwizard.system.app_sandbox import path_inside
from piwizard.system.checks import Check
from piwizard.system.files import Owner
from piwizard.system.remedies import ApplySteps

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

TRIAL = Path(__file__).parents[1] / "apps" / "smoke_test.py"
"""Run by the app's Python; to import it here would bring in much that plans have no use for."""
NO_HOME = Path("/nonexistent")
"""As Debian has it for users that own nothing."""

QUESTIONS = (
    Question(
        "site.name",
        "Name of the site",
        "Small letters, digits and hyphens. Its folder, user and services are called so.",
        v.site_name,
        required=True,
    ),
    Question(
        "app.repo",
        "Git repository",
        "As you would give it to `git clone`: https://…, git@…:…, or a folder on this machine.",
        v.repository,
        required=True,
        lookup="repository",
    ),
    Question("app.branch", "Branch or tag", "Empty: the repository's own main branch.", v.reference),
    Question("app.entry", "App in the code", 'As in "app:app" or "package:create_app()". Usually found.', v.entry),
    Question("app.requirements", "Requirements file", "What pip installs. Usually found.", v.inside, kind="path"),
    Question("app.python", "Python", "The interpreter of the app's environment.", v.python, default="python3"),
    Question(
        "app.writable",
        "App may write",
        "Files and folders of the repository that the app changes while it runs. They survive new versions.",
        v.list_of(v.inside, 50),
        kind="list",
        default=[],
    ),
    Question(
        "app.static",
        "Static folders",
        "Which folder answers which URLs. nginx serves these itself. Usually found.",
        v.static,
        kind="table",
    ),
    Question(
        "app.env",
        "Environment",
        "Settings that the app reads by name. A secret is kept where only root and the app read it, or made up here.",
        v.environment,
        kind="table",
        default={},
    ),
    Question(
        "app.init",
        "Run once",
        "For instance the one that makes the database. Run as the app's user, without a shell.",
        v.list_of(v.command, 20),
        kind="list",
        default=[],
    ),
    Question(
        "app.network",
        "Home network access",
        "Whether the app may reach your router and other devices at home, or the Internet only (the default).",
        v.one_of(network_access.INTERNET, network_access.HOME),
        kind="choice",
        choices=(network_access.INTERNET, network_access.HOME),
        default=network_access.INTERNET,
    ),
    Question(
        "app.token",
        "Token",
        "For a private repository with an https address. For an ssh address, `piwizard key` makes a key.",
        v.given_secret,
        kind="secret",
    ),
    Question("app.token_user", "User of the token", "Most forges ask for none.", v.login),
    Question(
        "app.host_key",
        "ssh fingerprint",
        "SHA256:…, for a server other than the well-known ones; `piwizard key` asks you about it otherwise.",
        v.fingerprint,
    ),
)


class App(Step):
    """Builds a release beside the one in use and proves it; the gunicorn step switches to it."""

    name = "app"
    title = "App"
    heading = "Your app"
    why = (
        "Fetches your app with git, gives it a user of its own that may read the code but not change it, and a "
        "Python environment with what it requires. Before anything is switched over, the app is started once on a "
        "spare socket and asked for its first page: if it fails, you see why, and what ran before goes on."
    )
    scope: Scope = "site"
    needs = ("system",)
    typical_seconds = 60
    deployed = True
    holds_data = True
    diagnosis_order = 5

    def questions(self, ground: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if ground is None or ground.source is None or answers is None:
            return QUESTIONS
        app = app_of(ground, Answers(answers.site, {}))
        found = {
            "app.entry": (app.entry.entry, app.entry.why),
            "app.requirements": (app.requirements.file, "found in the code") if app.requirements else (None, ""),
            "app.static": (app.static, "found in the code"),
            "app.writable": (list(app.writable), "found in the code"),
            "app.env": ({name: {"generate": 32} for name in app.generated}, "secrets that the code reads"),
            "app.init": (list(app.init), _found(app)),
            "app.network": _network(app),
        }
        return [question.suggest(*found.get(question.key, (question.default, ""))) for question in QUESTIONS]

    def plan(self, ground: PlanContext, answers: Answers) -> Sequence[Change]:
        app = app_of(ground, answers)
        require_suitable_python(app)
        where, name, env = app.layout, app.layout.site, app.environment()
        host = answers.get("site.domains", ["localhost"])[0]
        before = memory_usage.read_memory_usage(where.current / PROOF_FILE)
        instead = app.left_behind.words if app.left_behind else ""
        published = {**app.static, **app.root_files}
        trial = SetupStep(
            f"Try {app.entry.entry} on a spare socket",
            (str(where.venv / "bin" / "python"), "-I", str(path_inside(TRIAL)), app.entry.entry, host),
            where.release / PROOF_FILE,
            name,
            where.code,
            f"app.entry: {app.entry.entry} does not run.",
            key="app.entry",
            env=env,
            proves=(app.entry.entry,),
            variables=app.unset,
            measures=lambda said: memory_usage.measurement_to_keep(said, before),
            writable=(where.data,),
            scripts=(TRIAL,),
            network=app.network,
            start=app.working_directory,
            bind=preparation.trial_bind(app),
            offered=preparation.offered_hint(app),
        )
        return (
            *(Notice("Check the app's code", text) for text in app_warnings(app)),
            *preparation.setup_notices(app),
            Packages(tuple(dict.fromkeys(("git", "python3-venv", *app.libraries)))),
            SystemUser(name, where.folder),
            SystemUser(BUILD_USER, NO_HOME, shared=True),
            *network_access.guard(name, app.network, app.network_reason),
            Folder(where.folder),
            Folder(where.folder / "releases", whole=True),
            preparation.setup_recorded(app),
            Folder(where.data, 0o750, Owner(name, name)),
            GitCheckout(
                where.release,
                app.source.repo,
                app.source.ref,
                app.source.commit,
                name,
                repository_access.repository_access(answers),
                instead,
            ),
            *(PersistentPath(where.code, where.data, path, name) for path in app.writable),
            _environment(app),
            NoSwap(),
            NoTrialCopy(where.folder / TRIAL_COPY),
            *preparation.setup_changes(app, trial),
            Publish(
                where.code, where.public, tuple((url.strip("/"), path) for url, path in published.items()), where.data
            ),
            trial,
            NoTrialCopy(where.folder / TRIAL_COPY),
        )

    def checks(self, ground: PlanContext, answers: Answers) -> Iterable[Check]:
        release = app_of(ground, answers).layout.release
        proven = files.read(release / PROOF_FILE) is not None
        detail = f"release {release.name} passed its smoke test" if proven else "no release has passed its smoke test"
        cause = "The code or the answers have changed since, or the release was removed."
        fix = (ApplySteps(("app",), "to build it again"),)
        yield Check("app-release-proven", "Current release passed its smoke test", proven, detail, cause, fix)


def _found(app: AppConfig) -> str:
    """What the proposed setup commands were taken from, and which were left out."""
    left = ", ".join(f"{offer.name}" for offer in app.setup.offered)
    return f"found in the code; not run without your answer: {left}" if left else "found in the code"


def _network(app: AppConfig) -> tuple[str, str]:
    """What the app is suggested to reach, and why."""
    agreed = network_access.agreed(app.layout.site)
    if agreed and agreed == network_access.INTERNET and app.home_network:
        return agreed, f"as it is set up; but {app.home_network[0].text}"
    if app.home_network:
        return network_access.HOME, app.home_network[0].text
    return agreed or network_access.INTERNET, "as it is set up" if agreed else ""


def _environment(app: AppConfig) -> Virtualenv:
    where, (lines, constraints) = app.layout, app.listed
    return Virtualenv(where.venv, app.python, where.code, app.install, app.inputs, where.site, lines, constraints)
