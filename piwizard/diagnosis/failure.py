"""Explain the last failed run of a site: what, where, why, and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from piwizard.diagnosis.app_context import AppContext, find_app_context
from piwizard.diagnosis.app_errors import OTHER_EXCEPTIONS
from piwizard.diagnosis.last_run import LAST_RUN, explain_last_run, failed_output, only_step
from piwizard.diagnosis.tracebacks import Failure, Frame, find_failures
from piwizard.engine import run_launch
from piwizard.engine.events import Event, decode
from piwizard.engine.state import Entry, State
from piwizard.setup.answer_labels import reason_of, with_labels
from piwizard.setup.planner import Planner
from piwizard.steps.registry import StepInstance
from piwizard.steps.step import Stage
from piwizard.system import printable, safe_open
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.remedies import Fix, format_advice, format_fix, input_keys
from piwizard.system.secret_filter import SecretFilter

MAX_LOG_BYTES = 4 << 20
"""Bytes of a run log that are read: its beginning names the steps, its end has the error."""
MAX_CODE_BYTES = 512 << 10
LINES_AROUND = 1
MAX_TEXT = 300
MAX_ERROR_TEXT = 1600
"""Characters of the error's own message, which may have several lines."""


@dataclass(frozen=True)
class ExcerptLine:
    """One line of the app's code; `marked` is the one that failed."""

    number: int
    text: str
    marked: bool = False


@dataclass(frozen=True)
class RunFailure:
    """The reason why the last run of a site failed.

    All texts are printable, of limited length and without secrets.

    `location` and `excerpt` are empty if the failure is not in the app's code. `why` is empty if `error` says all
    that is known. `missing_key` is the answer whose value solves it, `key` the one that was refused, if there is one.
    `fix` names commands, `advice` is for a front end that has buttons for them.
    """

    heading: str
    error: str
    location: str
    excerpt: tuple[ExcerptLine, ...]
    why: str
    fix: str
    missing_key: str | None
    done_stages: tuple[Stage, ...]
    waiting_stages: tuple[Stage, ...]
    step: StepInstance
    run: str
    remedies: Fix = ()
    advice: str = ""
    key: str | None = None


def last_failure(planner: Planner, state: State, site: str) -> RunFailure | None:
    """Return the last failure of the steps of a site and those that it needs.

    None if there is none.

    Slow: may read the app's code.
    """
    found = [
        (entry.at, instance, entry)
        for instance in planner.all_instances()
        if instance.site in (None, site)
        and instance.step.stage is not Stage.ADVANCED
        and (entry := state.entry(instance.step.name, instance.site))
        and entry.result in ("failed", "stopped")
    ]
    if not found:
        return None
    _, instance, entry = max(found, key=lambda one: one[0])
    return _explained(planner, state, site, instance, entry)


def _explained(planner: Planner, state: State, site: str, instance: StepInstance, entry: Entry) -> RunFailure:
    secrets = SecretFilter(planner.secrets())
    events = _events(run_launch.folder(entry.run) / "events.jsonl")
    name = instance.step.name
    context = find_app_context(planner, site, entry.run) if instance.site else None
    finding = explain_last_run(events, entry, name, instance.site, context)[-1]
    of_step = only_step(events, name, instance.site)
    errors = [event for event in of_step if event["event"] == "error"]
    refused = errors[-1].get("key") if errors else None
    raised = _raised(of_step)
    frame = context.own_frame(raised) if context and raised else None
    if raised:
        error = raised.message
    else:
        error = reason_of(errors[-1]) if errors and finding.id == LAST_RUN[0] else with_labels(finding.detail)
    keys = input_keys(finding.fix)

    def shown(text: str, most: int = MAX_TEXT) -> str:
        return printable.line(secrets.text(text), most)

    done, waiting = _stages(planner, state, site)
    return RunFailure(
        heading=_heading(instance, entry, in_code=frame is not None or raised is not None),
        error=shown(error, MAX_ERROR_TEXT),
        location=shown(_location(context, raised, frame)) if context and raised and frame else "",
        excerpt=_excerpt(context.tree, frame, secrets) if context and frame else (),
        why=shown(with_labels(finding.cause)),
        fix=shown(with_labels(format_fix(finding.fix))),
        advice=shown(with_labels(format_advice(finding.fix))),
        key=None if raised else refused,
        missing_key=keys[0] if keys else None,
        done_stages=done,
        waiting_stages=waiting,
        step=instance,
        run=entry.run,
        remedies=finding.fix,
    )


def _heading(instance: StepInstance, entry: Entry, *, in_code: bool) -> str:
    if entry.result == "stopped":
        return "The installation was stopped"
    if instance.step.stage in (Stage.APP, Stage.SERVICE):
        return "Your app stopped while starting" if in_code else "Your app could not be installed"
    return f"{instance.step.title} could not be set up"


def _raised(of_step: Sequence[Event]) -> Failure | None:
    """Return the last exception in the output of the command that failed."""
    found = [one for one in find_failures(failed_output(of_step)) if one.kind not in OTHER_EXCEPTIONS]
    return found[-1] if found else None


def _location(context: AppContext, raised: Failure, frame: Frame) -> str:
    own = [
        (inside, one.line)
        for one in raised.frames
        if one.file.startswith("/") and (inside := context.inside(one.file)) and "venv/" not in inside
    ]
    here = f"{frame.file}, line {frame.line}"
    before = [f"{file}, line {line}" for file, line in own if (file, line) != (frame.file, frame.line)]
    return f"{here}, called from {before[-1]}" if before else here


def _excerpt(tree: Path, frame: Frame, secrets: SecretFilter) -> tuple[ExcerptLine, ...]:
    """Return the line that failed, and those around it."""
    path = PurePath(frame.file)
    if path.is_absolute() or ".." in path.parts:
        return ()
    content = safe_open.read_file(tree, path, MAX_CODE_BYTES)
    if content is None:
        return ()
    lines = content.decode("utf-8", "replace").split("\n")
    begin, end = max(1, frame.line - LINES_AROUND), min(len(lines), frame.line + LINES_AROUND)
    return tuple(
        ExcerptLine(number, printable.line(secrets.text(lines[number - 1].rstrip()), MAX_TEXT), number == frame.line)
        for number in range(begin, end + 1)
    )


def _stages(planner: Planner, state: State, site: str) -> tuple[tuple[Stage, ...], tuple[Stage, ...]]:
    """Return the stages of a site that are done, and those that wait."""
    by_stage: dict[Stage, list[bool]] = {}
    for instance in planner.all_instances():
        if instance.site not in (None, site) or instance.step.name in planner.skipped or planner.missing(instance):
            continue
        if instance.step.turned_off(planner.answers.of(instance.site)):
            continue
        entry = state.entry(instance.step.name, instance.site)
        if entry is None or entry.result in ("done", "running"):
            by_stage.setdefault(instance.step.stage, []).append(entry is not None and entry.result == "done")
        else:
            by_stage.setdefault(instance.step.stage, []).append(False)
    order = [stage for stage in Stage if stage in by_stage and stage is not Stage.ADVANCED]
    done = tuple(stage for stage in order if all(by_stage[stage]))
    return done, tuple(stage for stage in order if stage not in done)


def _events(log: Path) -> list[Event]:
    """Return the events of a run, of a long log only those at both ends."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            content = file.read(MAX_LOG_BYTES // 4)
            if size > MAX_LOG_BYTES:
                file.seek(size - MAX_LOG_BYTES * 3 // 4)
            content += file.read(MAX_LOG_BYTES)
    except OSError:
        return []
    return [event for line in content.split(b"\n") if (event := decode(line))]
