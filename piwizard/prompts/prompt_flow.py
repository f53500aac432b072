"""Guide the user through the steps, from the questions to the checks."""

from __future__ import annotations

import shlex

from piwizard import __version__
from piwizard.answers.validators import Invalid
from piwizard.engine import event_format
from piwizard.errors import PiwizardError
from piwizard.prompts.prompt_console import Console, choose, yes
from piwizard.prompts.prompt_form import HOW, PromptForm
from piwizard.prompts.prompt_service import PromptService
from piwizard.setup.service import Asked, Proposal
from piwizard.setup.status import Status, all_set_up, state_symbol
from piwizard.steps.registry import StepInstance
from piwizard.system import printable

SETTLED = ("done", "skipped", "running")


class UserQuit(Exception):
    """The user has chosen to quit."""


class PromptFlow:
    """One session of the prompts."""

    def __init__(self, console: Console, service: PromptService) -> None:
        self._console, self._service = console, service

    def welcome(self, why: str) -> None:
        """Explain how the prompts work."""
        self._console.say(f"piwizard {__version__}. {why}".strip())
        self._console.say("Nothing changes until you have seen the plan and confirmed it.")
        self._console.say("Press Ctrl-C to quit at any time. Your answers are saved as you go, and a run continues.")

    def menu(self) -> None:
        """Ask what to do next, until the user quits."""
        while True:
            found = self._overview()
            ahead = next((one for one in found if one.state not in SETTLED), None)
            alive = self._service.under_way()
            job = next(iter(self._service.jobs()), None)
            tried = self._service.trial()
            choices = {"keep": f"keep the address {tried.host} ({tried.left} s left)"} if tried else {}
            choices |= {"watch": "show the current run", "stop": "stop it safely"} if alive else {}
            choices |= {"stop": "stop the background job"} if job and not alive else {}
            if ahead and not alive:
                choices["go"] = f"continue with {_title(ahead.place)}{' (optional)' if ahead.waits else ''}"
            choices["one"] = "choose a step"
            if any(one.place.site for one in found):
                choices["add"] = "add another site"
            choices |= {"refresh": "check everything again", "quit": ""}
            wanted = "keep" if tried else "watch" if alive else "quit" if all_set_up(found) else "go"
            match choose(self._console, "What now?", choices, wanted if wanted in choices else next(iter(choices))):
                case "keep":
                    self._keep()
                case "watch" if alive:
                    self._watch(alive)
                case "stop":
                    self._stop(alive, job)
                case "go" if ahead:
                    self._continue_with(ahead)
                case "one":
                    self._one(found)
                case "add":
                    self._add()
                case "quit":
                    raise UserQuit

    def _keep(self) -> None:
        try:
            self._console.say(f"{self._service.confirm().host} stays, also after a restart.")
        except PiwizardError as error:
            self._error(error)

    def _stop(self, run: str | None, job: str | None) -> None:
        try:
            if run:
                self._service.stop(run)
            elif job:
                self._service.stop_job(job)
        except PiwizardError as error:
            self._error(error)

    def _overview(self) -> list[Status]:
        self._console.say("", "Checking this machine ...")
        found = self._service.statuses()
        heading = ""
        for one in found:
            if one.place.step.heading != heading:
                heading = one.place.step.heading
                self._console.say(f"{heading}:")
            summary = f". {one.summary}" if one.summary else ""
            self._console.say(f"  {state_symbol(one.state)} {_title(one.place)}: {one.state}{summary}")
        if trouble := self._service.trouble():
            self._console.show(trouble)
        if all_set_up(found):
            where = " and ".join(self._service.addresses(found).values())
            self._console.say(f"Your app is online{f': {where}' if where else '.'}")
        return found

    def _continue_with(self, ahead: Status) -> None:
        """Set up one step after another, until one is not settled."""
        tried: set[str] = set()
        one: Status | None = ahead
        while one and self._step(one):
            tried.add(one.place.label)
            found = self._service.statuses()
            one = next((one for one in found if one.state not in SETTLED and one.place.label not in tried), None)

    def _one(self, found: list[Status]) -> None:
        names = {_label(one.place): f"{one.place.step.title}, {one.state}" for one in found}
        chosen = choose(self._console, "Which step?", {**names, "none": "back"}, "none")
        for one in found:
            if _label(one.place) == chosen:
                self._step(one, again=True)

    def _add(self) -> None:
        name = self._console.line("Name of the new site (Enter to go back):")
        if name:
            try:
                self._service.answering.set(name, "site.name", name)
            except Invalid as error:
                self._console.say(f"  ! site.name {error}.")

    def _step(self, one: Status, *, again: bool = False) -> bool:
        """Set up one step. Return whether it is settled, so that the next one may follow."""
        instance = one.place
        self._console.say("", f"=== {_title(instance)}: {one.state}")
        self._console.say(instance.step.why)
        for drifted in one.drift:
            self._console.say(f"  Changed outside piwizard: {drifted.change.describe()}")
        if instance.step.optional:
            wanted = yes(self._console, "This step is optional. Set it up?", one.state != "skipped" or again)
            self._service.answering.skip(instance.step.name, not wanted)
            if not wanted:
                return True
        if again and one.state == "done":
            self._service.look_for_new_code()
        instance = self._questions(instance)
        while True:
            match self._run(instance, again=again):
                case "settled":
                    return True
                case "answers":
                    instance = self._questions(instance)
                case "no":
                    return False

    def _questions(self, instance: StepInstance) -> StepInstance:
        """Ask all questions of a step. Return the step with the name of its site, which may be new."""
        asked = self._ask_machine(instance)
        over: set[str] = set()
        if asked.questions:
            self._console.say(f"{HOW}")
        while question := next((one for one in asked.questions if one.key not in over), None):
            over.add(question.key)
            if not PromptForm(self._console, self._service.answering, instance.site).ask(question):
                continue
            if instance.site is None and instance.step.scope == "site":
                instance = StepInstance(instance.step, next(iter(self._service.answering.sites()), None))
            asked = self._ask_machine(instance)
            if asked.trouble and asked.trouble.key in over:
                self._error(asked.trouble)
                over.discard(asked.trouble.key)
        return instance

    def _ask_machine(self, instance: StepInstance) -> Asked:
        if instance.site:
            self._console.say("  Reading your code ...")
        return self._service.asked(instance)

    def _run(self, instance: StepInstance, *, again: bool) -> str:
        """Plan, confirm and run. Return "settled", "answers" (to be changed), "retry" or "no"."""
        try:
            self._console.say("Preparing the plan ...")
            proposal = self._service.proposal(instance, again=again)
        except PiwizardError as error:
            self._error(error)
            return self._after_failure(instance)
        if not proposal.plans:
            self._console.say("Nothing to do: everything is up to date.")
            self._checks(instance)
            return "settled"
        said = self._agree(instance, proposal)
        if said != "yes":
            return said
        try:
            run = self._service.start(proposal)
        except PiwizardError as error:
            self._error(error)
            return self._after_failure(instance)
        return "settled" if self._watch(run) else self._after_failure(instance)

    def _agree(self, instance: StepInstance, proposal: Proposal) -> str:
        self._plan(proposal, details=False)
        choices = {"yes": "apply them", "details": "show every diff and command"}
        if instance.step.questions(None, None):
            choices["answers"] = "change your answers"
        choices["no"] = "not now"
        while (said := choose(self._console, "Apply these changes?", choices)) == "details":
            self._plan(proposal, details=True)
        return said

    def _plan(self, proposal: Proposal, *, details: bool) -> None:
        for instance, changes in proposal.plans:
            wanted = [one for one in changes if not one.preview.in_sync]
            needed = (
                f"{len(wanted)} of {len(changes)} changes needed."
                if wanted
                else "no changes; piwizard only checks the result."
            )
            self._console.say(f"{_title(instance)}: {needed}")
            for warning in (warning for one in changes if one.preview.in_sync for warning in one.preview.warnings):
                self._console.say(f"  ! {warning}")
            for one in wanted:
                edited = (
                    " (edited by hand since piwizard wrote it; the edit will be replaced)" if one.preview.edited else ""
                )
                self._console.say(f"  - {printable.value(one.change.describe())}{edited}")
                for warning in () if details else one.preview.warnings:
                    self._console.say(f"      {warning}")
                for argv in one.preview.argv if details else ():
                    self._console.say(f"      $ {shlex.join(argv)}")
                for line in one.preview.diff.splitlines() if details else ():
                    self._console.say(f"      {line}")
        self._console.say(*proposal.remarks)

    def _watch(self, run: str) -> bool:
        """Show a run to its end. Return whether it succeeded."""
        self._console.say(f"The run {run} has started. Press Ctrl-C to quit; the run continues.")
        errors, asked_about = [], ""
        for event in self._service.follow(run):
            if event["event"] == "error":
                errors.append(PiwizardError(event["message"], key=event.get("key"), hint=event.get("hint")))
            self._console.say(*event_format.lines(event))
            tried = self._service.trial() if event["event"] == "note" else None
            if tried and tried.name != asked_about and self._service.on_wire(tried):
                asked_about = tried.name
                if yes(self._console, f"Testing {tried.host}: {tried.left} s left. Keep this address?", False):
                    self._keep()
            if event["event"] == "apply-finished":
                if event["result"] == "done":
                    return True
                self._console.say("", f"The run {event['result']}.")
                for error in errors[-1:]:
                    self._error(error)
                return False
        self._console.say("", "The run was interrupted. Try again to continue it.")
        return False

    def _after_failure(self, instance: StepInstance) -> str:
        choices = {"retry": "try again", "no": "not now"}
        if instance.step.questions(None, None):
            choices = {"retry": "try again", "answers": "change your answers", "no": "not now"}
        said = choose(self._console, "What now?", choices)
        if said == "retry":
            self._service.look_for_new_code()
        return said

    def _checks(self, instance: StepInstance) -> None:
        try:
            for check in self._service.checks(instance):
                self._console.say(f"  {'ok ' if check.ok else 'NOT'} {check.name}: {check.detail}")
                if not check.ok:
                    self._console.say(f"      {check.cause} {check.advice}".rstrip())
        except PiwizardError as error:
            self._error(error)

    def _error(self, error: PiwizardError) -> None:
        self._console.show(f"  ! {error.message}")
        if error.hint:
            self._console.show(f"    {error.hint}")


def _title(instance: StepInstance) -> str:
    return f"{instance.step.title} ({instance.site})" if instance.site else instance.step.title


def _label(instance: StepInstance) -> str:
    return f"{instance.step.name}/{instance.site}" if instance.site else instance.step.name
