"""Try one question with many values, and count the results."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from piwizard.answers.questions import Question
from piwizard.setup.answer_store import AnswerStore
from piwizard.steps.registry import all_questions
from tests.unit.properties import fixtures, inputs, judge
from tests.unit.properties.judge import Broken
from tests.unit.properties.meant import Programs, Shown

BATCH = 150
MOST_PROVEN = 300
"""Up to this many different accepted values of a question are planned and shown to the programs."""


@dataclass
class Tally:
    """The results."""

    key: str
    kind: str
    tried: int = 0
    refused: int = 0
    refused_by_step: int = 0
    accepted: int = 0
    shown: int = 0
    programs: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def questions() -> dict[str, tuple[Question, bool]]:
    """Return all questions by name; those that take secrets appear a second time."""
    found = {one.key: (one, False) for one in all_questions()}
    typed = [one for one in all_questions() if one.kind == "secret" or one.key == "app.env"]
    return found | {f"{one.key}, typed": (one, True) for one in typed}


def attempt(name: str, examples: int, folder: Path, most: int = MOST_PROVEN) -> Tally:
    """Try this many values for a question; failures are in the tally."""
    question, typed = questions()[name]
    tally = Tally(name, question.kind)
    with fixtures.own_places():
        trial = _Trial(question, tally, folder, typed=typed, most=most)
        strategy = inputs.secrets() if typed else inputs.values(question)

        @settings(
            max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(strategy)
        def each(value: Any) -> None:
            trial.one(value)

        each()
        trial.show()
        tally.programs = dict(trial.programs.counts)
    return tally


class _Trial:
    def __init__(self, question: Question, tally: Tally, folder: Path, *, typed: bool, most: int) -> None:
        self.question, self.tally, self.typed, self.most = question, tally, typed, most
        folder.mkdir(parents=True, exist_ok=True)
        self.programs = Programs(folder)
        self.world = fixtures.World(folder / "world")
        self.answering = AnswerStore(folder / "etc" / "answers.toml")
        self.batch: list[Shown] = []
        self.seen: set[str] = set()

    def one(self, value: Any) -> None:
        """Try one value."""
        self.tally.tried += 1
        try:
            self._one(value)
        except Broken as broken:
            self.tally.failures.append(str(broken))
        except Exception as error:  # noqa: BLE001 — whatever comes out, that is the finding
            self.tally.failures.append(f"{self.tally.key}: {value!r} raised {error!r}")

    def _one(self, value: Any) -> None:
        kept = judge.typed(value) if self.typed else judge.given(self.question, value, self.answering)
        if kept is None:
            self.tally.refused += 1
            return
        self.tally.accepted += 1
        if repr(kept) in self.seen or len(self.seen) >= self.most:
            return
        self.seen.add(repr(kept))
        if not self.typed:
            judge.written(self.question, kept, self.answering)
        number = len(self.seen)
        plan = judge.planned(self.world, self.question, kept, number, as_typed=self.typed)
        if plan is None:
            self.tally.refused_by_step += 1
            return
        judge.options(plan, self.question, kept)
        self.batch.append(Shown(f"{self.tally.key} = {kept!r}", plan))
        if len(self.batch) >= BATCH:
            self.show()

    def show(self) -> None:
        """Let the programs read the collected plans."""
        batch, self.batch = self.batch, []
        self.tally.shown += len(batch)
        try:
            self.programs.check(batch)
        except Broken as broken:
            self.tally.failures.append(str(broken))
