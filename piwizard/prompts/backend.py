"""All that the prompts ask of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from piwizard import session, starting
from piwizard.answering import Answering
from piwizard.engine import follow, launch
from piwizard.engine.events import Event
from piwizard.errors import PiwizardError
from piwizard.machine.checks import Check
from piwizard.questions import Question
from piwizard.starting import Plans
from piwizard.status import Status, status
from piwizard.wizard import Place, Wizard


@dataclass(frozen=True)
class Asked:
    """The questions of a step and the answers so far; `trouble` says why some defaults could not be found."""

    questions: tuple[Question, ...]
    answers: dict[str, Any]
    trouble: PiwizardError | None = None


@dataclass(frozen=True)
class Proposal:
    """What a run would do."""

    wizard: Wizard
    plans: Plans

    @property
    def edited(self) -> bool:
        """Whether files would be replaced that somebody edited since piwizard wrote them."""
        return any(one.preview.edited for _, changes in self.plans for one in changes)


class Backend:
    """This machine. The answers are the machine's own, or those of the file given."""

    def __init__(self, answers: Path | None = None) -> None:
        self._file = answers
        self._pins: dict[str, str] = {}
        self.answering = Answering(answers)

    def statuses(self) -> list[Status]:
        """The state of every step, probed and checked."""
        wizard = self._wizard()
        found = status(wizard, session.state(), session.backups())
        self._pins |= wizard.pins()
        return found

    def trouble(self) -> str:
        """What was wrong with what is remembered, empty if nothing was."""
        return session.state().trouble

    def asked(self, place: Place) -> Asked:
        """The questions of a step, with what was detected for them and what was answered."""
        wizard = self._wizard()
        answers = wizard.answers.of(place.site)
        trouble = None
        try:
            ground = wizard.ground(place)
            self._pins |= wizard.pins()
            questions = place.step.questions(ground, answers)
        except PiwizardError as error:
            trouble, questions = error, place.step.questions(None, None)
        return Asked(tuple(questions), dict(answers.values), trouble)

    def proposal(self, place: Place, *, again: bool = False) -> Proposal:
        """What a run of a step and of what it needs would do. PiwizardError where it cannot be done."""
        wizard = self._wizard()
        wizard.require_answers([place])
        finished = starting.done(wizard, session.state())
        chosen = wizard.with_needs([place], finished)
        plans = starting.needed(wizard, chosen, [one for one in finished if not again or one != place])
        self._pins |= wizard.pins()
        return Proposal(wizard, plans)

    def checks(self, place: Place) -> list[Check]:
        """A live look at whether a step's result is there and works."""
        return list(self._wizard().checks(place))

    def start(self, proposal: Proposal) -> str:
        """Starts the run, in a process of its own, and returns its name. What was edited by hand is replaced."""
        if self._file is not None:
            session.keep_answers(self._file)
        return starting.start(proposal.wizard, proposal.plans, overwrite=proposal.edited)

    def follow(self, run: str) -> Iterator[Event]:
        """The events of a run, to its end."""
        return follow.follow(run)

    def under_way(self) -> str | None:
        """The run that is under way."""
        return launch.under_way()

    def stop(self, run: str) -> None:
        """Asks a run to end, and waits until it has."""
        launch.stop(run)

    def newest_code(self) -> None:
        """The next plan looks for the newest commit."""
        self._pins = {}

    def _wizard(self) -> Wizard:
        return session.wizard(self._file if self._file and self._file.exists() else None, dict(self._pins))
