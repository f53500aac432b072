"""Set up single steps line by line, from the questions to the checks."""

from __future__ import annotations

from piwizard.engine import event_format
from piwizard.errors import PiwizardError
from piwizard.prompts.install_prompts import ask_about_trial, show_error
from piwizard.prompts.prompt_console import Console, choose, yes
from piwizard.prompts.prompt_form import HOW, PromptForm
from piwizard.prompts.prompt_service import PromptService
from piwizard.prompts.review_prompts import show_changes
from piwizard.setup.answer_labels import with_labels
from piwizard.setup.service import CHECK_AGAIN, Asked, Proposal
from piwizard.setup.state_symbols import state_symbol
from piwizard.setup.status import Status
from piwizard.steps.registry import StepInstance
from piwizard.steps.step import Stage


class StepPrompts:
    """The single steps, each with its questions, plan, run and checks."""

    def __init__(self, console: Console, service: PromptService) -> None:
        self._console, self._service = console, service

    def choose(self) -> None:
        """Show the state of every step, let the user choose one, and set it up."""
        self._console.say("", "Checking this machine ...")
        found = self._service.statuses()
        for one in found:
            summary = f". {one.summary}" if one.summary else ""
            self._console.say(f"  {state_symbol(one.state)} {one.instance.title}: {one.state}{summary}")
        if trouble := self._service.trouble():
            self._console.show(trouble)
        self._one(found)

    def _one(self, found: list[Status]) -> None:
        names = {one.instance.title: one.state for one in found}
        chosen = choose(self._console, "Which step?", {**names, "none": "back"}, "none")
        for one in found:
            if one.instance.title == chosen:
                self._step(one)

    def _step(self, one: Status) -> None:
        """Set up one step."""
        instance = one.instance
        self._console.say("", f"=== {instance.title}: {one.state}")
        self._console.say(instance.step.why)
        for drifted in one.drift:
            self._console.say(f"  Changed outside piwizard: {drifted.change.describe()}")
        if instance.step.optional:
            wanted = yes(self._console, "This step is optional. Set it up?", default=True)
            self._service.answering.skip(instance.step.name, not wanted)
            if not wanted:
                return
        if one.state == "done":
            self._service.look_for_new_code()
        instance = self._questions(instance)
        while True:
            match self._run(instance):
                case "settled" | "no":
                    return
                case "answers":
                    instance = self._questions(instance)

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
                show_error(self._console, asked.trouble)
                over.discard(asked.trouble.key)
        return instance

    def _ask_machine(self, instance: StepInstance) -> Asked:
        if instance.site:
            self._console.say("  Reading your code ...")
        return self._service.asked(instance)

    def _run(self, instance: StepInstance) -> str:
        """Plan, confirm and run. Return "settled", "answers" (to be changed), "retry" or "no"."""
        try:
            self._console.say("Preparing the plan ...")
            proposal = self._service.proposal(instance, again=True)
        except PiwizardError as error:
            show_error(self._console, error)
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
            show_error(self._console, error)
            return self._after_failure(instance)
        if not self.watch(run):
            return self._after_failure(instance)
        if instance.step.stage is Stage.ROUTER:
            self._console.say(*(f"  {line}" for line in self._service.router_instructions()))
        return "settled"

    def _agree(self, instance: StepInstance, proposal: Proposal) -> str:
        self._plan(proposal, details=False)
        choices = {"yes": "apply them", "details": "show every diff and command"}
        question = "Apply these changes?"
        if proposal.changes_nothing:
            choices, question = {"yes": "check"}, CHECK_AGAIN
        if instance.step.questions(None, None):
            choices["answers"] = "change your answers"
        choices["no"] = "back" if proposal.changes_nothing else "not now"
        while (said := choose(self._console, question, choices)) == "details":
            self._plan(proposal, details=True)
        return said

    def _plan(self, proposal: Proposal, *, details: bool) -> None:
        for instance, changes in proposal.plans:
            wanted = [one for one in changes if not one.preview.in_sync]
            needed = f"{len(wanted)} of {len(changes)} changes needed." if wanted else "no changes."
            self._console.say(f"{instance.title}: {needed}")
            for warning in (warning for one in changes if one.preview.in_sync for warning in one.preview.warnings):
                self._console.say(f"  ! {warning}")
            show_changes(self._console, changes, details=details)
        self._console.say(*proposal.remarks)

    def watch(self, run: str) -> bool:
        """Show a run to its end. Return whether it succeeded."""
        self._console.say(f"The run {run} has started. Press Ctrl-C to quit; the run continues.")
        errors, asked_about = [], ""
        for event in self._service.follow(run):
            if event["event"] == "error":
                errors.append(PiwizardError(event["message"], key=event.get("key"), hint=event.get("hint")))
            self._console.say(*event_format.lines(event))
            if event["event"] == "note":
                asked_about = ask_about_trial(self._console, self._service, asked_about)
            if event["event"] == "apply-finished":
                if event["result"] == "done":
                    return True
                self._console.say("", f"The run {event['result']}.")
                for error in errors[-1:]:
                    show_error(self._console, error)
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
                self._console.say(f"  {'ok ' if check.ok else 'NOT'} {check.name}: {with_labels(check.detail)}")
                if not check.ok:
                    self._console.say(f"      {with_labels(f'{check.cause} {check.advice}')}".rstrip())
        except PiwizardError as error:
            show_error(self._console, error)
