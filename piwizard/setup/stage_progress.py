"""Follow a run by the stages of a setup: states, durations and the time left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal

from piwizard.engine.events import Event
from piwizard.errors import PiwizardError
from piwizard.setup.answer_labels import reason_of
from piwizard.steps.registry import step_named
from piwizard.steps.step import Stage
from piwizard.system import printable
from piwizard.system.lazy_dataclass import dataclass

StageState = Literal["waiting", "running", "done", "failed", "stopped"]
StepKey = tuple[str, str | None]
"""The name of a step, and its site."""
MOST_OF_A_STEP = 0.95
"""The share at which a running step stops that takes longer than expected."""


@dataclass(frozen=True)
class StageProgress:
    """One stage of a run. `detail` is what happens in it now, or how it ended.

    `seconds` is what it took so far.
    """

    stage: Stage
    state: StageState = "waiting"
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True)
class StagedRun:
    """A run at one moment.

    `fraction` is from 0 to 1, `result` the end of the run, None before it.
    """

    stages: tuple[StageProgress, ...]
    fraction: float
    seconds: float
    seconds_left: float
    result: str | None = None
    error: str = ""
    current: StepKey | None = None


@dataclass(frozen=True)
class _StepRun:
    expected: float
    state: StageState = "waiting"
    seconds: float = 0.0
    detail: str = ""


class StageTracker:
    """Take in the events of a run, and tell how far it is.

    `expected`: seconds that each step is likely to take; steps that it lacks take their typical time.
    `turned_off`: the steps that set nothing up; they are shown only if they fail.
    """

    def __init__(
        self, expected: Mapping[StepKey, float] | None = None, turned_off: Collection[StepKey] = frozenset()
    ) -> None:
        self._expected = dict(expected or {})
        self._turned_off = turned_off
        self._steps: dict[StepKey, _StepRun] = {}
        self._current: StepKey | None = None
        self._began: datetime | None = None
        self._step_began: datetime | None = None
        self._ended: datetime | None = None
        self._result: str | None = None
        self._error = ""

    def add(self, event: Event) -> None:
        """Take in the next event."""
        at = _time(event.get("at"))
        match event["event"]:
            case "apply-started":
                self._began = at
                for name, site in event["steps"]:
                    self._steps[name, site] = self._new((name, site))
            case "run-started":
                self._current = (event["step"], event["site"])
                self._step_began = at
                new = self._steps.get(self._current) or self._new(self._current)
                self._steps[self._current] = replace(new, state="running")
            case "change-started":
                self._detail(event["change"])
            case "note":
                self._detail(event["text"])
            case "error":
                self._error = reason_of(event)
            case "run-finished":
                done = self._steps.get((event["step"], event["site"])) or self._new((event["step"], event["site"]))
                state = _state(event["result"])
                detail = self._error if state == "failed" and self._error else event["summary"]
                self._steps[event["step"], event["site"]] = replace(
                    done, state=state, seconds=event["seconds"], detail=printable.line(detail)
                )
                self._current = None
            case "apply-finished":
                self._ended, self._result, self._current = at, event["result"], None

    def progress(self, now: datetime) -> StagedRun:
        """Return how far the run is at this time."""
        whole = sum(one.expected for one in self._steps.values()) or 1.0
        over = self._result is not None
        passed = sum(self._share(key, one, now) for key, one in self._steps.items())
        spent = max(0.0, ((self._ended or now) - self._began).total_seconds()) if self._began else 0.0
        left = 0.0 if over else max(0.0, whole - passed)
        fraction = 1.0 if self._result == "done" else min(passed / whole, 0.99)
        return StagedRun(
            self._stages(now), fraction, spent, left, self._result, printable.line(self._error), self._current
        )

    def _new(self, key: StepKey) -> _StepRun:
        try:
            typical = step_named(key[0]).typical_seconds
        except PiwizardError:  # a step that another version of piwizard has
            typical = 10.0
        return _StepRun(max(0.1, self._expected.get(key, typical)))

    def _detail(self, text: str) -> None:
        if self._current:
            self._steps[self._current] = replace(self._steps[self._current], detail=printable.line(text))

    def _share(self, key: StepKey, one: _StepRun, now: datetime) -> float:
        """Return how many of the expected seconds of a step have passed."""
        if one.state == "running":
            return min(self._running_seconds(key, now), one.expected * MOST_OF_A_STEP)
        return one.expected if one.state == "done" else 0.0

    def _running_seconds(self, key: StepKey, now: datetime) -> float:
        if key != self._current or self._step_began is None:
            return 0.0
        return max(0.0, ((self._ended or now) - self._step_began).total_seconds())

    def _stages(self, now: datetime) -> tuple[StageProgress, ...]:
        found = []
        for stage in Stage:
            steps = {
                key: one
                for key, one in self._steps.items()
                if _stage(key[0]) is stage and (key not in self._turned_off or one.state in ("failed", "stopped"))
            }
            if not steps:
                continue
            seconds = sum(
                self._running_seconds(key, now) if one.state == "running" else one.seconds for key, one in steps.items()
            )
            states = [one.state for one in steps.values()]
            last = next((one for one in reversed(steps.values()) if one.detail), None)
            found.append(StageProgress(stage, _together(states), round(seconds, 1), last.detail if last else ""))
        return tuple(found)


def _stage(step: str) -> Stage:
    try:
        return step_named(step).stage
    except PiwizardError:
        return Stage.ADVANCED


def _together(states: list[StageState]) -> StageState:
    """Return the state of a stage with steps in these states."""
    for state in ("failed", "stopped", "running"):
        if state in states:
            return state
    if all(state == "done" for state in states):
        return "done"
    return "running" if "done" in states else "waiting"


def _state(result: str) -> StageState:
    match result:
        case "done" | "running":  # its background job continues, and the run does not wait for it
            return "done"
        case "stopped":
            return "stopped"
    return "failed"


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
