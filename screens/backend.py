"""All that the screens ask of the machine. Slow: for threads only, except where it says otherwise."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError

if TYPE_CHECKING:
    from piwizard.answering import Answering
    from piwizard.engine.state import Entry
    from piwizard.machine.checks import Check
    from piwizard.machine.facts import Facts
    from piwizard.machine.git_access import Access
    from piwizard.questions import Question
    from piwizard.screens.lookups import Found
    from piwizard.starting import Plans
    from piwizard.status import Status
    from piwizard.wizard import Place, Wizard


LOOKED_UP = ("app.repo", "site.domains", "ddns.hostname")
"""The answers that something outside of the machine can be asked about."""


@dataclass(frozen=True)
class Overview:
    """The machine at one moment. `trouble`: what could not be read, in a sentence."""

    facts: Facts
    places: tuple[Place, ...]
    statuses: tuple[Status, ...]
    entries: dict[tuple[str, str | None], Entry]
    domains: dict[str, tuple[str, ...]]
    trouble: str = ""

    def status(self, place: Place | None) -> Status | None:
        """The state of one step, as far as it is known yet."""
        return next((one for one in self.statuses if one.place == place), None)

    def entry(self, place: Place) -> Entry | None:
        """What is remembered of its last run."""
        return self.entries.get((place.step.name, place.site))


@dataclass(frozen=True)
class Asked:
    """The questions of a step with the answers given so far; `trouble` says why some defaults could not be found."""

    questions: tuple[Question, ...]
    answers: dict[str, Any]
    trouble: str = ""


@dataclass(frozen=True)
class Proposal:
    """What a run would do, for a person to say yes to."""

    wizard: Wizard
    plans: Plans

    @property
    def edited(self) -> bool:
        """Whether files would be replaced that somebody edited since piwizard wrote them."""
        return any(one.preview.edited for _, changes in self.plans for one in changes)


class Backend:
    """This machine. The answers are the machine's own, or those of the file given with --answers."""

    def __init__(self, answers: Path | None = None) -> None:
        self._file = answers
        self._pins: dict[str, str] = {}
        self._ground = threading.Lock()
        """Held while an app's repository is looked at: two at a time would fetch into one folder."""

    def first_visit(self) -> bool:
        """Whether nothing was ever answered or run here. Quick."""
        from piwizard.engine import follow
        from piwizard.machine import places

        return not (self._file or places.answers_file()).exists() and not follow.runs()

    def overview(self, *, thorough: bool) -> Overview:
        """A look at everything. Only the thorough one probes and checks what is remembered as done."""
        from piwizard import session
        from piwizard.status import Status, status

        state, trouble = session.state(), ""
        try:
            wizard = self._wizard()
        except PiwizardError as error:
            trouble = f"{error.message} {error.hint or ''}".strip()
            wizard = self._without_answers()
        places = tuple(wizard.everything())
        entries = {
            (place.step.name, place.site): entry
            for place in places
            if (entry := state.entry(place.step.name, place.site))
        }
        if thorough:
            with self._ground:
                statuses = tuple(status(wizard, state, session.backups()))
                self._pins |= wizard.pins()
        else:
            alive = self.under_way()
            found = [(place, entries.get((place.step.name, place.site))) for place in places]
            statuses = tuple(
                Status(
                    place,
                    _remembered(entry, place, wizard, alive),
                    entry.at if entry else None,
                    entry.run if entry else None,
                    entry.summary if entry else "",
                )
                for place, entry in found
            )
        domains = {site: tuple(values.get("site.domains", ())) for site, values in wizard.answers.sites.items()}
        return Overview(wizard.facts, places, statuses, entries, domains, trouble or state.trouble)

    def asked(self, place: Place) -> Asked:
        """The questions of a step, with what was detected for them and what was answered."""
        wizard = self._wizard()
        trouble = ""
        answers = wizard.answers.of(place.site)
        with self._ground:
            try:
                ground = wizard.ground(place)
                self._pins |= wizard.pins()
                questions = place.step.questions(ground, answers)
            except PiwizardError as error:
                trouble = f"{error.message} {error.hint or ''}".strip()
                questions = place.step.questions(None, None)
        return Asked(tuple(questions), dict(answers.values), trouble)

    def proposal(self, place: Place | None, *, again: bool = False) -> Proposal:
        """What a run of one step and what it needs would do, or of all that is left. Alters nothing."""
        from piwizard import session, starting

        wizard = self._wizard()
        finished = starting.done(wizard, session.state())
        if place is None:
            chosen = [one for one in wizard.places() if not wizard.missing(one)]
        else:
            wizard.require_answers([place])
            chosen = wizard.with_needs([place], finished)
        if again:
            finished = [one for one in finished if one != place]
        with self._ground:
            plans = starting.needed(wizard, chosen, finished)
            self._pins |= wizard.pins()
        return Proposal(wizard, plans)

    def plan(self, place: Place) -> Plans:
        """The plan of one step alone, whatever its state."""
        from piwizard import session
        from piwizard.machine.snapshot import Machine
        from piwizard.wizard import preview

        wizard = self._wizard()
        with self._ground:
            changes = wizard.plan(place)
            self._pins |= wizard.pins()
        return [(place, preview(changes, Machine(), session.backups()))]

    def checks(self, place: Place) -> list[Check]:
        """A live look at whether a step's result is there and works."""
        wizard = self._wizard()
        with self._ground:
            found = wizard.checks(place)
        return list(found)

    def start(self, proposal: Proposal, *, overwrite: bool) -> str:
        """Starts the run in a process of its own; returns its name."""
        from piwizard import session, starting

        if self._file is not None:
            session.keep_answers(self._file)
        return starting.start(proposal.wizard, proposal.plans, overwrite=overwrite)

    def stop(self, run: str) -> None:
        """Asks the run to end, and waits until it has."""
        from piwizard.engine import launch

        launch.stop(run)

    def under_way(self) -> str | None:
        """The run under way. Quick."""
        from piwizard.engine import launch

        return launch.under_way()

    def record(self, run: str) -> Path:
        """The file of a run's events. Quick."""
        from piwizard.engine import launch

        return launch.folder(run) / "events.jsonl"

    def answering(self) -> Answering:
        """Where answers are kept, one at a time."""
        from piwizard.answering import Answering

        return Answering(self._file)

    def lookup(self, key: str, value: Any) -> Found | None:  # noqa: ANN401 — what the validator of the key gives
        """What a look outside says about an answer, None where there is nothing to look at."""
        from piwizard.screens.lookups import LOOKUPS, repository

        if key == "app.repo":
            return repository(value, self._access(value))
        look = LOOKUPS.get(key)
        return look(value) if look else None

    def _access(self, repo: str) -> Access:
        """The login of the site that has this repository; nobody's where it is new."""
        from piwizard.machine.git_access import NOBODY

        try:
            wizard = self._wizard()
            own = [site for site, values in wizard.answers.sites.items() if values.get("app.repo") == repo]
            return wizard.access_of(own[0]) if own else NOBODY
        except PiwizardError:  # said where that answer is asked for
            return NOBODY

    def forget_pins(self) -> None:
        """The next plan looks for the newest code."""
        self._pins = {}

    def _wizard(self) -> Wizard:
        from piwizard import session

        return session.wizard(self._file if self._file and self._file.exists() else None, dict(self._pins))

    @staticmethod
    def _without_answers() -> Wizard:
        from piwizard import session
        from piwizard.answers import AnswersFile
        from piwizard.wizard import Wizard

        return Wizard(AnswersFile({}, {}), session.vault())


def _remembered(entry: Entry | None, place: Place, wizard: Wizard, alive: str | None) -> str:
    if entry is None:
        return "skipped" if place.step.name in wizard.skipped else "todo"
    if entry.result == "running":
        return "running" if entry.run == alive else "interrupted"
    return "interrupted" if entry.result == "stopped" else entry.result
