"""Start an app from restored data, for a test that nobody else notices.

It runs in the sandbox of its service, on a temporary socket and without a network: a second copy of an app must not
send mails or answer a bot's messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from piwizard.apps import page_facts, path_mapping, rollback_pin
from piwizard.apps.app_units import socket_path
from piwizard.apps.page_facts import PAGE_LINE, PageFacts
from piwizard.apps.serving import chosen_serving, smoke_test_options, stops_for_trial
from piwizard.backups.backup_record import SavedSite
from piwizard.setup import app_runs
from piwizard.setup.planner import Planner
from piwizard.steps.app import SMOKE_TEST, SMOKE_TEST_SCRIPTS
from piwizard.steps.registry import DATA_STEP, StepInstance, step_named
from piwizard.steps.step import app_of
from piwizard.system import transient_unit
from piwizard.system.app_sandbox import Sandbox, path_inside
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.quoting import unit_word

MAX_SECONDS = 600
STATUS = re.compile(r"status ([1-5]\d\d)\b")
"""In the last line of the smoke test."""


@dataclass(frozen=True)
class RestoredApp:
    """The answer of an app from restored data.

    `problem` is "" if its first page is the one that was served when the backup was made.
    `status` is None if it was not started.
    """

    status: int | None
    problem: str = ""


def start_restored(planner: Planner, site: str, folder: Path, saved: SavedSite | None = None) -> RestoredApp:
    """Start a site's current release with another data folder; request a page.

    `saved` has the facts of the page when the backup was made. They count if the release is still the same.
    """
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
    host = page_host(planner, site)
    options = smoke_test_options(chosen_serving(context.machine, app), app.process, app.start.arguments)
    python = str(where.current / "venv" / "bin" / "python")
    argv = (python, "-I", str(path_inside(SMOKE_TEST)), app.start.entry, host, "--describe", *options)
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
    then = saved is not None and saved.release == rollback_pin.current_release(site)
    expected = page_facts.decode_page(saved.page) if saved and then else None
    expected = expected or page_facts.read_steady_page(Path(socket_path(site)), host)
    page = _described(result.tail) or PageFacts(status)
    difference = page_facts.find_difference(expected, page) if expected else ""
    return RestoredApp(status, f"With the restored data, the first page {difference}." if difference else "")


def page_host(planner: Planner, site: str) -> str:
    """Return the host name with which the first page of a site is requested."""
    return str(next(iter(planner.answers.of(site).get("site.domains", ())), "localhost"))


def _described(lines: Sequence[str]) -> PageFacts | None:
    """Return the facts that the smoke test has printed last; None without any."""
    printed = [line.partition(PAGE_LINE)[2] for line in lines if line.startswith(PAGE_LINE)]
    try:
        return page_facts.decode_page(json.loads(printed[-1])) if printed else None
    except (ValueError, RecursionError):
        return None
