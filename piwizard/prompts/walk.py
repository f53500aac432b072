"""The way through the steps: what is there, why, the questions, the plan, a yes, the run, the checks."""

from __future__ import annotations

import shlex

from piwizard import __version__
from piwizard.answers.validators import Invalid
from piwizard.engine import event_format
from piwizard.errors import PiwizardError
from piwizard.prompts.backend import Backend
from piwizard.prompts.console import Console, choose, yes
from piwizard.prompts.form import HOW, Form
from piwizard.setup.service import Asked, Proposal
from piwizard.setup.status import Status, all_set_up, state_symbol
from piwizard.steps.registry import StepInstance
from piwizard.system import printable

SETTLED = ("done", "skipped", "running")


class Left(Exception):
    """The person has chosen to leave."""


class Walk:
    """One visit of a person."""

    def __init__(self, console: Console, backend: Backend) -> None:
        self._console, self._backend = console, backend

    def welcome(self, why: str) -> None:
        """The first words."""
        self._console.say(f"piwizard {__version__}. {why}".strip())
        self._console.say("Nothing is altered before you have seen the plan and said yes.")
        self._console.say("Ctrl-C leaves at any time; what you have answered is kept, and what runs goes on.")

    def menu(self) -> None:
        """What to do next, until the person leaves."""
        while True:
            found = self._overview()
            ahead = next((one for one in found if one.state not in SETTLED), None)
            alive = self._backend.under_way()
            job = next(iter(self._backend.jobs()), None)
            tried = self._backend.trial()
            choices = {"keep": f"the address {tried.host}; {tried.left} s are left"} if tried else {}
            choices |= {"watch": "what runs now, to its end", "stop": "it, in order"} if alive else {}
            choices |= {"stop": "what continues in the background"} if job and not alive else {}
            if ahead and not alive:
                choices["go"] = f"on with {_title(ahead.place)}{', which is optional' if ahead.waits else ''}"
            choices["one"] = "step, for the first time or again"
            if any(one.place.site for one in found):
                choices["add"] = "another site"
            choices |= {"look": "again at everything", "quit": ""}
            wanted = "keep" if tried else "watch" if alive else "quit" if all_set_up(found) else "go"
            match choose(self._console, "What now?", choices, wanted if wanted in choices else next(iter(choices))):
                case "keep":
                    self._keep()
                case "watch" if alive:
                    self._watch(alive)
                case "stop":
                    self._stop(alive, job)
                case "go" if ahead:
                    self._go_on(ahead)
                case "one":
                    self._one(found)
                case "add":
                    self._add()
                case "quit":
                    raise Left

    def _keep(self) -> None:
        try:
            self._console.say(f"{self._backend.confirm().host} stays, also after a restart.")
        except PiwizardError as error:
            self._error(error)

    def _stop(self, run: str | None, job: str | None) -> None:
        try:
            if run:
                self._backend.stop(run)
            elif job:
                self._backend.stop_job(job)
        except PiwizardError as error:
            self._error(error)

    def _overview(self) -> list[Status]:
        self._console.say("", "Looking at this machine ...")
        found = self._backend.statuses()
        heading = ""
        for one in found:
            if one.place.step.heading != heading:
                heading = one.place.step.heading
                self._console.say(f"{heading}:")
            summary = f". {one.summary}" if one.summary else ""
            self._console.say(f"  {state_symbol(one.state)} {_title(one.place)}: {one.state}{summary}")
        if trouble := self._backend.trouble():
            self._console.show(trouble)
        if all_set_up(found):
            where = " and ".join(self._backend.addresses(found).values())
            self._console.say(f"All is set up{f': {where}' if where else ''}")
        return found

    def _go_on(self, ahead: Status) -> None:
        """Step after step, as long as each is settled."""
        tried: set[str] = set()
        one: Status | None = ahead
        while one and self._step(one):
            tried.add(one.place.label)
            found = self._backend.statuses()
            one = next((one for one in found if one.state not in SETTLED and one.place.label not in tried), None)

    def _one(self, found: list[Status]) -> None:
        names = {_label(one.place): f"{one.place.step.title}, {one.state}" for one in found}
        chosen = choose(self._console, "Which step?", {**names, "none": "back"}, "none")
        for one in found:
            if _label(one.place) == chosen:
                self._step(one, again=True)

    def _add(self) -> None:
        name = self._console.line("A short name for the new site (Enter: none):")
        if name:
            try:
                self._backend.answering.set(name, "site.name", name)
            except Invalid as error:
                self._console.say(f"  ! site.name {error}.")

    def _step(self, one: Status, *, again: bool = False) -> bool:
        """One step from its why to its checks. Returns whether it is settled, so that the next may come."""
        place = one.place
        self._console.say("", f"=== {_title(place)}: {one.state}")
        self._console.say(place.step.why)
        for drifted in one.drift:
            self._console.say(f"  Out of sync: {drifted.change.describe()}")
        if place.step.optional:
            wanted = yes(self._console, "This step can be left out. Do it?", one.state != "skipped" or again)
            self._backend.answering.skip(place.step.name, not wanted)
            if not wanted:
                return True
        if again and one.state == "done":
            self._backend.look_for_new_code()
        place = self._questions(place)
        while True:
            match self._run(place, again=again):
                case "settled":
                    return True
                case "answers":
                    place = self._questions(place)
                case "no":
                    return False

    def _questions(self, place: StepInstance) -> StepInstance:
        """Asks all questions of a step. Returns the place with the site's name, which may be new."""
        asked = self._ask_machine(place)
        over: set[str] = set()
        if asked.questions:
            self._console.say(f"{HOW}")
        while question := next((one for one in asked.questions if one.key not in over), None):
            over.add(question.key)
            if not Form(self._console, self._backend.answering, place.site).ask(question):
                continue
            if place.site is None and place.step.scope == "site":
                place = StepInstance(place.step, next(iter(self._backend.answering.sites()), None))
            asked = self._ask_machine(place)
            if asked.trouble and asked.trouble.key in over:
                self._error(asked.trouble)
                over.discard(asked.trouble.key)
        return place

    def _ask_machine(self, place: StepInstance) -> Asked:
        if place.site:
            self._console.say("  Looking at the app ...")
        return self._backend.asked(place)

    def _run(self, place: StepInstance, *, again: bool) -> str:
        """Plan, yes, run. Returns settled, answers (to be given again), again or no."""
        try:
            self._console.say("Working out the plan ...")
            proposal = self._backend.proposal(place, again=again)
        except PiwizardError as error:
            self._error(error)
            return self._after_failure(place)
        if not proposal.plans:
            self._console.say("Nothing to do: everything is as it should be.")
            self._checks(place)
            return "settled"
        said = self._agree(place, proposal)
        if said != "yes":
            return said
        try:
            run = self._backend.start(proposal)
        except PiwizardError as error:
            self._error(error)
            return self._after_failure(place)
        return "settled" if self._watch(run) else self._after_failure(place)

    def _agree(self, place: StepInstance, proposal: Proposal) -> str:
        self._plan(proposal, details=False)
        choices = {"yes": "do this", "details": "every difference and every command"}
        if place.step.questions(None, None):
            choices["answers"] = "change them"
        choices["no"] = "not now"
        while (said := choose(self._console, "Do this?", choices)) == "details":
            self._plan(proposal, details=True)
        return said

    def _plan(self, proposal: Proposal, *, details: bool) -> None:
        for place, changes in proposal.plans:
            wanted = [one for one in changes if not one.preview.in_sync]
            needed = f"{len(wanted)} of {len(changes)} changes are needed." if wanted else "only to be checked."
            self._console.say(f"{_title(place)}: {needed}")
            for words in (words for one in changes if one.preview.in_sync for words in one.preview.warnings):
                self._console.say(f"  ! {words}")
            for one in wanted:
                edited = " (edited by hand since piwizard wrote it; it would be replaced)" if one.preview.edited else ""
                self._console.say(f"  - {printable.value(one.change.describe())}{edited}")
                for words in () if details else one.preview.warnings:
                    self._console.say(f"      {words}")
                for argv in one.preview.argv if details else ():
                    self._console.say(f"      $ {shlex.join(argv)}")
                for line in one.preview.diff.splitlines() if details else ():
                    self._console.say(f"      {line}")

    def _watch(self, run: str) -> bool:
        """Shows a run to its end. Returns whether it went well."""
        self._console.say(f"The run {run} has begun. Ctrl-C leaves it alone; it goes on.")
        errors, asked_about = [], ""
        for event in self._backend.follow(run):
            if event["event"] == "error":
                errors.append(PiwizardError(event["message"], key=event.get("key"), hint=event.get("hint")))
            self._console.say(*event_format.lines(event))
            tried = self._backend.trial() if event["event"] == "note" else None
            if tried and tried.name != asked_about and self._backend.on_wire(tried):
                asked_about = tried.name
                if yes(self._console, f"{tried.host} is on trial, {tried.left} s left. Keep it?", False):
                    self._keep()
            if event["event"] == "apply-finished":
                if event["result"] == "done":
                    return True
                self._console.say("", f"The run {event['result']}.")
                for error in errors[-1:]:
                    self._error(error)
                return False
        self._console.say("", "The run was cut off. Trying again goes on from where it was.")
        return False

    def _after_failure(self, place: StepInstance) -> str:
        choices = {"retry": "try it again", "no": "leave it for now"}
        if place.step.questions(None, None):
            choices = {"retry": "try it again", "answers": "change them", "no": "leave it for now"}
        said = choose(self._console, "What now?", choices)
        if said == "retry":
            self._backend.look_for_new_code()
        return said

    def _checks(self, place: StepInstance) -> None:
        try:
            for check in self._backend.checks(place):
                self._console.say(f"  {'ok ' if check.ok else 'NOT'} {check.name}: {check.detail}")
                if not check.ok:
                    self._console.say(f"      {check.cause} {check.advice}".rstrip())
        except PiwizardError as error:
            self._error(error)

    def _error(self, error: PiwizardError) -> None:
        self._console.show(f"  ! {error.message}")
        if error.hint:
            self._console.show(f"    {error.hint}")


def _title(place: StepInstance) -> str:
    return f"{place.step.title} ({place.site})" if place.site else place.step.title


def _label(place: StepInstance) -> str:
    return f"{place.step.name}/{place.site}" if place.site else place.step.name
