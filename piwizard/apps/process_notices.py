"""Say before a run how an app will be served, where that is not as usual."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from piwizard.apps.process_model import GTHREAD
from piwizard.apps.serving import expected_downtime, stops_for_trial
from piwizard.changes.command import Notice

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

ONE_PROCESS = "The app runs in one process: {reason}. gunicorn starts one worker, with more threads."
SEVERAL_PROCESSES = (
    "The answers ask for {workers} workers, but the app is made for one process: {reason}. Remove gunicorn.workers "
    "from the answers, unless you know that it works in several."
)
SCRIPT = (
    "{file} runs as with `python {file}`, because {why}. gunicorn takes the place of its own server, and what follows "
    "the server runs when the service stops."
)
DOWNTIME = (
    "A new version of the app can only be tried while the current one is stopped, because {reason}, and only one "
    "process may have that. Visitors wait {time}. If the new version fails, the current one starts again."
)
ARGUMENTS = (
    "The app gets the command line `{text}` ({place}). To change that, set arguments under [app] of the answers."
)
WORKER_CLASS = "gunicorn uses its worker class {name}, because {reason}."


def process_notices(app: AppConfig, workers: int) -> Iterator[Notice]:
    """Yield what a person should know about the app's processes."""
    model = app.process
    if app.entry.is_script:
        yield Notice("Start of the app", SCRIPT.format(file=app.entry.file, why=app.entry.why))
    if (found := app.command_line) and found.text and app.answers.get("app.arguments") is None:
        yield Notice("Command line of the app", ARGUMENTS.format(text=found.text, place=found.place))
    if model.single:
        sentence = ONE_PROCESS if workers == 1 else SEVERAL_PROCESSES
        yield Notice("Processes of the app", sentence.format(reason=model.reason, workers=workers))
    if model.worker_class != GTHREAD:
        yield Notice("Worker class of gunicorn", WORKER_CLASS.format(name=model.worker_class, reason=model.asked))


def downtime_notices(app: AppConfig) -> Iterator[Notice]:
    """Yield how long visitors wait where a new version needs a device in use."""
    taken = app.process.exclusive
    if taken is None or not stops_for_trial(app) or app.layout.release == app.layout.current.resolve():
        return
    seconds = expected_downtime(app)
    time = f"about {seconds} seconds" if seconds else "for a minute or less"
    yield Notice("Downtime during the update", DOWNTIME.format(reason=taken.text, time=time))
