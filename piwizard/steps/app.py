"""Deploy a release of the app: code, system user, environment, smoke test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps import (
    hardware_access,
    memory_usage,
    missing_modules,
    network_access,
    offers,
    path_mapping,
    power_access,
    preparation,
    repository_access,
    system_modules,
)
from piwizard.apps.app_warnings import app_warnings, require_suitable_python
from piwizard.apps.layout import GUNICORN_PARTS
from piwizard.apps.process_notices import downtime_notices
from piwizard.apps.serving import chosen_serving, measured_seconds, paused_services, smoke_test_options
from piwizard.apps.skipped_requirements import require_usable_list, requirement_notices
from piwizard.backups.restored_data import restored_data
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.build_workspace import BUILD_USER
from piwizard.changes.command import Notice
from piwizard.changes.data_copy import TRIAL as TRIAL_COPY
from piwizard.changes.data_copy import NoTrialCopy, SetupStep
from piwizard.changes.error_pages import ErrorPages
from piwizard.changes.folder import Folder
from piwizard.changes.git_checkout import GitCheckout
from piwizard.changes.hand_edits import CodeRecorded, HandEditsKept
from piwizard.changes.interface import InterfacesStarted, waiting_for_restart
from piwizard.changes.persistent_path import PersistentPath
from piwizard.changes.prune import FailedReleasesRemoved
from piwizard.changes.publish import Publish
from piwizard.changes.release_record import PROOF_FILE
from piwizard.changes.swap import NoSwap
from piwizard.changes.user import SystemUser
from piwizard.changes.virtualenv import Virtualenv
from piwizard.steps.app_questions import QUESTIONS, found_answers
from piwizard.steps.step import PlanContext, Scope, Stage, Step, app_of
from piwizard.system import files
from piwizard.system.app_sandbox import path_inside
from piwizard.system.checks import Check
from piwizard.system.files import Owner
from piwizard.system.remedies import ApplySteps

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

SMOKE_TEST = Path(__file__).parents[1] / "apps" / "smoke_test.py"
"""Run by the app's Python. Importing it would load modules that plans do not need."""
GUNICORN_CONFIG = SMOKE_TEST.with_name("gunicorn_config.py")
"""The smoke test uses the configuration that the service will have."""
SMOKE_TEST_SCRIPTS = (
    *(
        SMOKE_TEST.with_name(name)
        for name in ("smoke_test.py", "start_output.py", "process_memory.py", "page_facts.py")
    ),
    GUNICORN_CONFIG,
    *(SMOKE_TEST.with_name(name) for name in GUNICORN_PARTS),
)
NO_HOME = Path("/nonexistent")
"""Debian's home folder for users without one."""


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
        found = found_answers(app_of(context, Answers(answers.site, {})))
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
        serving = chosen_serving(context.machine, app)
        options = smoke_test_options(serving, app.process, app.start.arguments, known=app.source.kept)
        trial = SetupStep(
            f"Smoke test: start {app.entry.entry}",
            (str(where.venv / "bin" / "python"), "-I", str(path_inside(SMOKE_TEST)), app.start.entry, host, *options),
            where.release / PROOF_FILE,
            name,
            where.code,
            f"app.entry: {app.entry.entry} failed its smoke test.",
            key="app.entry",
            env=env,
            proves=(app.entry.entry, *app.access.hardware, *_rolled_back(app)),
            variables=app.settings.unset,
            empty_variables=app.settings.empty,
            hints=missing_modules.module_hints(app),
            measures=lambda said: {**memory_usage.measurement_to_keep(said, before), **measured_seconds(said)},
            writable=(where.data, *path_mapping.disk_paths(app)),
            binds=path_mapping.path_binds(app),
            scripts=SMOKE_TEST_SCRIPTS,
            network=app.access.network,
            hardware=app.access.hardware,
            dbus=app.access.dbus,
            start=app.start.working_directory,
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
            *(Notice("Check the app's requirements", text) for text in missing_modules.unknown_module_notices(app)),
            *hardware_access.hardware_notices(app),
            *power_access.power_notices(app),
            *system_modules.module_notices(app),
            *offers.service_offers(app),
            *preparation.setup_notices(app),
            *downtime_notices(app),
            Packages(tuple(dict.fromkeys(("git", *lfs, "python3-venv", *app.dependencies.libraries)))),
            SystemUser(name, where.folder),
            SystemUser(BUILD_USER, NO_HOME, shared=True),
            *network_access.egress_changes(name, app.access.network, app.access.network_reason),
            Folder(where.folder),
            Folder(where.folder / "releases", whole=True),
            *hardware_access.interface_changes(app, context.boot_config),
            preparation.setup_recorded(app),
            HandEditsKept(name, where.current.resolve(), where.release),
            Folder(where.data, 0o750, Owner(name, name)),
            FailedReleasesRemoved(where.folder / "releases", where.current, where.release),
            *restored_data(name),
            GitCheckout(
                where.release,
                app.source.repo,
                app.source.ref,
                app.source.commit,
                name,
                repository_access.repository_access(answers, app.source.repo),
                instead,
                bool(app.large_files),
            ),
            *(PersistentPath(where.code, where.data, path, name, app.is_file(path)) for path in app.writable),
            *path_mapping.folder_changes(app),
            _virtualenv(app),
            NoSwap(),
            NoTrialCopy(where.folder / TRIAL_COPY),
            InterfacesStarted(hardware_access.interfaces(app)),
            *preparation.setup_changes(app, trial),
            Publish(
                where.code, where.public, tuple((url.strip("/"), path) for url, path in published.items()), where.data
            ),
            ErrorPages(where.code, where.release / "pages", app.answers.get("app.pages")),
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


def _rolled_back(app: AppConfig) -> tuple[str, ...]:
    """Return what makes a smoke test from before a rollback invalid: data and answers may have changed since."""
    pin = app.source.pin
    return (f"after {pin.left[-1].release}",) if pin else ()


def _virtualenv(app: AppConfig) -> Virtualenv:
    where, wanted = app.layout, app.dependencies
    return Virtualenv(where.venv, app.python, where.code, wanted.pip, where.site, wanted.startup, app.source.kept)
