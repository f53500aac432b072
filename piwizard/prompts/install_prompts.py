"""Install a site, and follow the run by its stages, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from piwizard.diagnosis.failure import RunFailure
from piwizard.errors import PiwizardError
from piwizard.prompts.prompt_console import Console, choose, yes
from piwizard.prompts.prompt_form import PromptForm
from piwizard.prompts.prompt_service import PromptService
from piwizard.setup.answer_labels import with_labels
from piwizard.setup.review import Review
from piwizard.setup.stage_progress import StageProgress, StageTracker
from piwizard.setup.state_symbols import state_symbol

Next = Literal["done", "retry", "change", "no"]
SYMBOLS = {"done": "done", "failed": "failed", "stopped": "interrupted", "running": "running", "waiting": "todo"}


class InstallPrompts:
    """The installation of a site, from its start to its page or its failure."""

    def __init__(self, console: Console, service: PromptService) -> None:
        self._console, self._service = console, service

    def install(self, review: Review) -> Next:
        """Start the run and follow it. Return what the user wants next."""
        try:
            run = self._service.start(review.proposal)
        except PiwizardError as error:
            show_error(self._console, error)
            return self._after_failure(None, review.site)
        self._console.say(f"The run {run} has started. Press Ctrl-C to quit; the installation continues.")
        tracker = self._service.stage_tracker([instance for instance, _ in review.proposal.plans])
        if self.follow(run, tracker):
            self._say_done(review)
            return "done"
        failure = self._service.failure(review.site)
        if failure:
            self._show_failure(failure)
        return self._after_failure(failure, review.site)

    def follow(self, run: str, tracker: StageTracker) -> bool:
        """Show each stage when it begins and ends. Return whether the run succeeded."""
        shown: dict[str, str] = {}
        asked = ""
        for event in self._service.follow(run):
            if event["event"] == "output":
                continue
            tracker.add(event)
            progress = tracker.progress(datetime.now(UTC))
            self._show_stages(progress.stages, shown)
            if event["event"] == "note":
                asked = ask_about_trial(self._console, self._service, asked)
            if progress.result:
                if progress.result != "done":
                    self._console.say(f"The installation {progress.result}.")
                    self._console.show(f"  ! {progress.error}" if progress.error else "")
                return progress.result == "done"
        self._console.say("The installation was interrupted. Try again to continue it.")
        return False

    def _show_stages(self, stages: Iterable[StageProgress], shown: dict[str, str]) -> None:
        for one in stages:
            title = one.stage.value
            if one.state == "waiting" or shown.get(title) == one.state:
                continue
            shown[title] = one.state
            spent = f", {one.seconds:.0f} s" if one.state != "running" else " ..."
            self._console.say(f"  {state_symbol(SYMBOLS[one.state])} {title}: {one.state}{spent}")

    def _say_done(self, review: Review) -> None:
        symbol = state_symbol("done")
        self._console.say("", f"{symbol} Your app is online: {' and '.join(review.result_urls)}")
        if steps := self._service.router_instructions():
            self._console.say("One thing left: let visitors through your router.")
            self._console.say(*(f"  {line}" for line in steps))
        self._console.say("Push a new commit, then run `piwizard deploy` to put it online.")

    def _show_failure(self, failure: RunFailure) -> None:
        self._console.say("", f"{state_symbol('failed')} {failure.heading}", f"  {failure.error}")
        if failure.location:
            self._console.say(f"  {failure.location}")
        for line in failure.excerpt:
            self._console.say(f"    {'>' if line.marked else ' '} {line.number}  {line.text}")
        for title, text in (("Why", failure.why), ("Fix", failure.fix)):
            if text:
                self._console.say(f"  {title}: {text}")

    def _after_failure(self, failure: RunFailure | None, site: str) -> Next:
        choices = {"retry": "try again", "change": "change your answers", "no": "not now"}
        key = failure.missing_key if failure else None
        if key and key.startswith("app.env."):
            choices = {"enter": f"enter {key.removeprefix('app.env.')}, and try again"} | choices
        said = choose(self._console, "What now?", choices)
        if said == "enter" and key:
            PromptForm(self._console, self._service.answering, site).ask_secret(key, key.removeprefix("app.env."))
            return "retry"
        return "change" if said == "change" else "retry" if said == "retry" else "no"


def show_error(console: Console, error: PiwizardError) -> None:
    """Show an error and what to do about it."""
    console.show(f"  ! {with_labels(error.message)}")
    if error.hint:
        console.show(f"    {with_labels(error.hint)}")


def ask_about_trial(console: Console, service: PromptService, asked: str) -> str:
    """Ask once whether to keep an IP address that is being tested.

    Over the old address, say instead how to log in at the new one. Return the name of the test.
    """
    tried = service.trial()
    if not tried or tried.name == asked or not service.on_wire(tried):
        return asked
    if login := service.way_to_confirm(tried):
        console.say(f"Testing {tried.host}: {tried.left} s left. To keep this address, log in with `{login}`.")
    elif yes(console, f"Testing {tried.host}: {tried.left} s left. Keep this address?", default=False):
        keep_address(console, service)
    return str(tried.name)


def keep_address(console: Console, service: PromptService) -> None:
    """Keep the IP address that is being tested."""
    try:
        console.say(f"{service.confirm().host} stays, also after a restart.")
    except PiwizardError as error:
        show_error(console, error)
