"""Deploy a release of the app: code, system user, environment, smoke test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps import (
    hardware_access,
    memory_usage,
    missing_modules,
    network_access,
    path_mapping,
    power_access,
    preparation,
    repository_access,
    system_modules,
)
from piwizard.apps.app_warnings import app_warnings, require_suitable_python
from piwizard.apps.layout import PROOF_FILE
from piwizard.apps.process_notices import downtime_notices
from piwizard.apps.serving import chosen_serving, measured_seconds, paused_services, smoke_test_options
from piwizard.apps.skipped_requirements import require_usable_list, requirement_notices
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.build_workspace import BUILD_USER
from piwizard.changes.command import Notice
from piwizard.changes.data_copy import TRIAL as TRIAL_COPY
from piwizard.changes.data_copy import NoTrialCopy, SetupStep
from piwizard.changes.folder import Folder
from piwizard.changes.git_checkout import GitCheckout
from piwizard.changes.hand_edits import CodeRecorded, HandEditsKept
from piwizard.changes.interface import InterfacesStarted, waiting_for_restart
from piwizard.changes.persistent_path import PersistentPath
from piwizard.changes.publish import Publish
from piwizard.changes.swap import NoSwap
from piwizard.changes.user import SystemUser
from piwizard.changes.virtualenv import Virtualenv
from piwizard.steps.step import PlanContext, Scope, Stage, Step, app_of
from piwizard.system import files
from piwizard.system.app_sandbox import path_inside
from piwizard.system.checks import Check
from piwizard.system.devices import DEVICE_CLASSES
from piwizard.system.files import Owner
from piwizard.system.remedies import ApplySteps

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

SMOKE_TEST = Path(__file__).parents[1] / "apps" / "smoke_test.py"
"""Run by the app's Python. Importing it would load modules that plans do not need."""
GUNICORN_CONFIG = SMOKE_TEST.with_name("gunicorn_config.py")
"""The smoke test uses the configuration that the service will have."""
SCRIPT_RUNNER = SMOKE_TEST.with_name("script_runner.py")
NO_HOME = Path("/nonexistent")
"""Debian's home folder for users without one."""

QUESTIONS = (
    Question(
        "site.name",
        "Site name",
        "Lowercase letters, digits and hyphens; also names the folder, the system user and the service.",
        v.site_name,
        required=True,
    ),
    Question(
        "app.repo",
        "Git repository",
        "The address for `git clone`: https://…, git@…:…, or a folder on this Pi.",
        v.repository,
        required=True,
        lookup="repository",
    ),
    Question("app.branch", "Branch or tag", "If empty, the default branch of the repository.", v.reference),
    Question(
        "app.entry",
        "Entry point",
        'Such as "app:app", "package:create_app()" or a script; if empty, piwizard finds it in the code.',
        v.entry,
    ),
    Question(
        "app.folder",
        "Working directory",
        'Folder of the repository in which the app starts, such as "web"; if empty, piwizard finds it.',
        v.working_directory,
        kind="path",
    ),
    Question(
        "app.requirements",
        "Requirements file",
        "The file that pip installs from; if empty, piwizard finds it in the code.",
        v.inside,
        kind="path",
    ),
    Question(
        "app.skip_requirements",
        "Skipped requirements",
        "Packages of the requirements file that pip skips, for example those that only Windows has.",
        v.list_of(v.text, 100),
        kind="list",
        default=[],
    ),
    Question("app.python", "Python", "The interpreter for the app, such as python3.12.", v.python, default="python3"),
    Question(
        "app.writable",
        "Persistent paths",
        "Files and folders of the repository that the app writes and that new versions keep.",
        v.list_of(v.inside, 50),
        kind="list",
        default=[],
    ),
    Question(
        "app.paths",
        "Paths outside the code",
        'Full paths in the code, and what the app sees there: "data", "code", or the path itself for a disk.',
        v.shown_paths,
        kind="table",
        default={},
    ),
    Question(
        "app.static",
        "Static folders",
        "URL prefixes and the folders that nginx serves for them; if empty, piwizard finds them in the code.",
        v.static,
        kind="table",
        member="/url/=folder",
    ),
    Question(
        "app.env",
        "Environment variables",
        "Settings of the app; secrets are generated or entered, and only root and the app can read them.",
        v.environment,
        kind="table",
        default={},
    ),
    Question(
        "app.init",
        "Setup commands",
        "Run once as the app's user, without a shell, for example to create the database.",
        v.list_of(v.command, 20),
        kind="list",
        default=[],
    ),
    Question(
        "app.processes",
        "Further processes",
        "Programs that run beside the web server: names and commands; if empty, piwizard finds them in the code.",
        v.processes,
        kind="table",
        member="name=command",
        default={},
    ),
    Question(
        "app.schedule",
        "Scheduled commands",
        'Times, such as "daily 03:00" or "every 10 minutes", and the commands that run then.',
        v.schedule,
        kind="table",
        member="time=command",
        default={},
    ),
    Question(
        "app.network",
        "Home network access",
        "Whether the app may reach your router and other devices at home, or only the Internet.",
        v.one_of(network_access.INTERNET, network_access.HOME),
        kind="choice",
        choices=(network_access.INTERNET, network_access.HOME),
        default=network_access.INTERNET,
    ),
    Question(
        "app.hardware",
        "Hardware",
        "Devices of the Pi that the app may use; if empty, piwizard finds them in the code.",
        v.hardware(*DEVICE_CLASSES),
        kind="list",
        choices=tuple(DEVICE_CLASSES),
        default=[],
    ),
    Question(
        "app.packages",
        "Debian packages",
        "Packages that the app needs besides those that piwizard finds, such as ffmpeg.",
        v.list_of(v.debian_package, 50),
        kind="list",
        default=[],
    ),
    Question(
        "app.may",
        "Restart and power off",
        "What the app may do with the whole Pi: reboot, poweroff; if empty, nothing.",
        v.power_actions(*power_access.ACTIONS),
        kind="list",
        choices=tuple(power_access.ACTIONS),
        default=[],
    ),
    Question(
        "app.token",
        "Access token",
        "For a private repository with an https address; for an ssh address, run `piwizard key` instead.",
        v.given_secret,
        kind="secret",
    ),
    Question(
        "app.token_user",
        "User name for the token",
        "Only for servers that require one, such as deploy tokens of GitLab.",
        v.login,
    ),
    Question(
        "app.host_key",
        "SSH host key",
        "Fingerprint (SHA256:…) of a server that piwizard does not know; if empty, `piwizard key` asks you.",
        v.fingerprint,
    ),
)


class App(Step):
    """Build and test a release; the gunicorn step activates it."""

    name = "app"
    title = "App"
    heading = "Your app"
    stage = Stage.APP
    why = (
        "Fetches your app with git and installs its packages into a Python environment of its own. The app runs as its "
        "own system user, which can read the code but not change it. Before a new version takes over, a smoke test "
        "starts it once and requests its first page: if that fails, you see why, and the current version keeps running."
    )
    scope: Scope = "site"
    needs = ("system",)
    typical_seconds = 60
    deployed = True
    holds_data = True
    diagnosis_order = 5

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if context is None or context.source is None or answers is None:
            return QUESTIONS
        app = app_of(context, Answers(answers.site, {}))
        found = {
            "app.entry": (app.entry.entry, app.entry.why),
            "app.folder": (app.found_folder or ".", app.start_folder.text if app.start_folder else "beside the entry"),
            "app.requirements": (app.requirements.file, "found in the code") if app.requirements else (None, ""),
            "app.static": (app.static, "found in the code"),
            "app.writable": (list(app.writable), "found in the code"),
            "app.env": ({name: {"generate": 32} for name in app.settings.generated}, "secrets that the code reads"),
            "app.init": (list(app.init), _origin_of_setup(app)),
            "app.paths": (path_mapping.shown(app), "found in the code"),
            "app.processes": _suggested_processes(app),
            "app.network": _suggested_network(app),
            "app.hardware": (list(app.hardware), hardware_access.hardware_reason(app)),
        }
        return [question.suggest(*found.get(question.key, (question.default, ""))) for question in QUESTIONS]

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        app = app_of(context, answers)
        require_suitable_python(app)
        system_modules.require_packages(app)
        require_usable_list(app)
        where, name, env = app.layout, app.layout.site, app.environment()
        host = answers.get("site.domains", ["localhost"])[0]
        before = memory_usage.read_memory_usage(where.current / PROOF_FILE)
        instead = app.left_behind.sentence if app.left_behind else ""
        lfs = ("git-lfs",) if app.large_files else ()
        published = {**app.static, **app.root_files}
        options = smoke_test_options(chosen_serving(context.machine, app), app.process)
        trial = SetupStep(
            f"Smoke test: start {app.entry.entry}",
            (str(where.venv / "bin" / "python"), "-I", str(path_inside(SMOKE_TEST)), app.started_entry, host, *options),
            where.release / PROOF_FILE,
            name,
            where.code,
            f"app.entry: {app.entry.entry} failed its smoke test.",
            key="app.entry",
            env=env,
            proves=(app.entry.entry, *app.hardware),
            variables=app.settings.unset,
            hints=missing_modules.module_hints(app),
            measures=lambda said: {**memory_usage.measurement_to_keep(said, before), **measured_seconds(said)},
            writable=(where.data, *path_mapping.disk_paths(app)),
            binds=path_mapping.path_binds(app),
            scripts=(SMOKE_TEST, GUNICORN_CONFIG, SCRIPT_RUNNER),
            network=app.network,
            hardware=app.hardware,
            start=app.working_directory,
            bind=preparation.trial_bind(app),
            offered=preparation.offered_hint(app),
            pauses=paused_services(app, context.local_units),
        )
        return (
            *(Notice("Check the app's code", text) for text in app_warnings(app)),
            *(Notice("Check the app's requirements", text) for text in requirement_notices(app)),
            *(Notice("Check the app's paths", text) for text in path_mapping.path_notices(app)),
            *(Notice("Check the app's files", text) for text in missing_modules.local_module_notices(app)),
            *(Notice("Check the app's files", text) for text in missing_modules.large_file_notices(app)),
            *(Notice("Check the app's paths", text) for text in missing_modules.dropped_path_notices(app)),
            *hardware_access.hardware_notices(app),
            *power_access.power_notices(app),
            *system_modules.module_notices(app),
            *preparation.setup_notices(app),
            *downtime_notices(app),
            Packages(tuple(dict.fromkeys(("git", *lfs, "python3-venv", *app.libraries)))),
            SystemUser(name, where.folder),
            SystemUser(BUILD_USER, NO_HOME, shared=True),
            *network_access.egress_changes(name, app.network, app.network_reason),
            Folder(where.folder),
            Folder(where.folder / "releases", whole=True),
            *hardware_access.interface_changes(app, context.boot_config),
            preparation.setup_recorded(app),
            HandEditsKept(name, where.current.resolve(), where.release),
            Folder(where.data, 0o750, Owner(name, name)),
            GitCheckout(
                where.release,
                app.source.repo,
                app.source.ref,
                app.source.commit,
                name,
                repository_access.repository_access(answers),
                instead,
                bool(app.large_files),
            ),
            *(PersistentPath(where.code, where.data, path, name) for path in app.writable),
            *path_mapping.folder_changes(app),
            _virtualenv(app),
            NoSwap(),
            NoTrialCopy(where.folder / TRIAL_COPY),
            InterfacesStarted(hardware_access.interfaces(app)),
            *preparation.setup_changes(app, trial),
            Publish(
                where.code, where.public, tuple((url.strip("/"), path) for url, path in published.items()), where.data
            ),
            CodeRecorded(name, where.release, where.release / PROOF_FILE),
            trial,
            NoTrialCopy(where.folder / TRIAL_COPY),
        )

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        app = app_of(context, answers)
        release = app.layout.release
        proven = files.read(release / PROOF_FILE) is not None
        detail = f"release {release.name} passed its smoke test" if proven else "no release has passed its smoke test"
        cause = "The code or the answers have changed since, or the release was removed."
        fix = (ApplySteps(("app",), "to build it again"),)
        if waiting := waiting_for_restart(hardware_access.interfaces(app)):
            yield hardware_access.restart_check(waiting)
        yield Check("app-release-proven", "Current release passed its smoke test", proven, detail, cause, fix)


def _origin_of_setup(app: AppConfig) -> str:
    """Return where the suggested setup commands come from, and which do not run."""
    left = ", ".join(f"{offer.name}" for offer in app.setup.offered)
    return f"found in the code; not run without your answer: {left}" if left else "found in the code"


def _suggested_processes(app: AppConfig) -> tuple[dict[str, str], str]:
    """Return the processes that the repository shows, and where."""
    found = app.found_processes
    return {one.name: one.command for one in found}, ", ".join(one.place for one in found)


def _suggested_network(app: AppConfig) -> tuple[str, str]:
    """Return what the app should be allowed to reach, and why."""
    agreed = network_access.agreed_network(app.layout.site)
    if agreed and agreed == network_access.INTERNET and app.home_network:
        return agreed, f"as set up now; but {app.home_network[0].text}"
    if app.home_network:
        return network_access.HOME, app.home_network[0].text
    return agreed or network_access.INTERNET, "as set up now" if agreed else ""


def _virtualenv(app: AppConfig) -> Virtualenv:
    return Virtualenv(app.layout.venv, app.python, app.layout.code, app.pip, app.layout.site, app.startup)
