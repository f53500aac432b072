"""Start an app from restored data, for a test that nobody else notices.

It runs in the sandbox of its service, on a temporary socket and without a network: a second copy of an app must not
send mails or answer a bot's messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from piwizard.apps import path_mapping
from piwizard.apps.serving import chosen_serving, smoke_test_options, stops_for_trial
from piwizard.setup import app_runs
from piwizard.setup.planner import Planner
from piwizard.steps.app import SMOKE_TEST, SMOKE_TEST_SCRIPTS
from piwizard.steps.registry import DATA_STEP, StepInstance, step_named
from piwizard.steps.step import app_of
from piwizard.system import checks, transient_unit
from piwizard.system.app_sandbox import Sandbox, path_inside
from piwizard.templates.quoting import unit_word

MAX_SECONDS = 600
STATUS = re.compile(r"status ([1-5]\d\d)\b")
"""In the last line of the smoke test."""


@dataclass(frozen=True)
class RestoredApp:
    """The answer of an app from restored data.

    `problem` is "" if it answers as the running app does.
    `status` is None if it was not started.
    """

    status: int | None
    problem: str = ""


def start_restored(planner: Planner, site: str, folder: Path) -> RestoredApp:
    """Start a site's current release with another data folder; request a page."""
    prepared = app_runs.prepare_run(planner, site, ("python",))
    context = planner.context.of(StepInstance(step_named(DATA_STEP), site))
    app = app_of(context, planner.answers_of(site))
    if app.access.hardware or stops_for_trial(app):
        return RestoredApp(None)
    where = app.layout
    binds = tuple(
        (folder / source.relative_to(where.data) if source.is_relative_to(where.data) else source, shown)
        for source, shown in path_mapping.path_binds(app, where.current / "app")
    )
    sandbox = Sandbox(
        site,
        (where.data, *(shown for _, shown in binds)),
        ((folder, where.data), *binds),
        seconds=MAX_SECONDS,
        scripts=SMOKE_TEST_SCRIPTS,
    )
    host = next(iter(planner.answers.of(site).get("site.domains", ())), "localhost")
    options = smoke_test_options(chosen_serving(context.machine, app), app.process, app.start.arguments)
    python = str(where.current / "venv" / "bin" / "python")
    argv = (python, "-I", str(path_inside(SMOKE_TEST)), app.start.entry, host, *options)
    settings = (f"EnvironmentFile={unit_word(where.environment_file)}", "PrivateNetwork=yes")
    result = transient_unit.run(
        argv,
        (*sandbox.properties(), *settings),
        env=prepared.env,
        cwd=prepared.cwd,
        on_line=lambda stream, line: None,
    )
    last = next((line.strip() for line in reversed(result.tail) if line.strip()), "")
    found = STATUS.search(last)
    if not result.ok or found is None:
        return RestoredApp(None, f"The app does not start from the restored data: {last[:300] or 'no output'}")
    status = int(found[1])
    live = checks.get_page("/", host=host, unix=f"/run/piwizard-{site}.sock")
    if live is not None and live.status != status:
        return RestoredApp(status, f"The first page returns {status} from the restored data, and {live.status} now.")
    return RestoredApp(status)
