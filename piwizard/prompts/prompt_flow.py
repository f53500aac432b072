"""Show what there is to do, and let the user choose, until they quit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from piwizard import __version__
from piwizard.errors import PiwizardError
from piwizard.prompts.install_prompts import keep_address, show_error
from piwizard.prompts.prompt_console import Console, choose, echoing
from piwizard.prompts.prompt_service import PromptService
from piwizard.prompts.setup_prompts import STAGES, SetupPrompts
from piwizard.prompts.step_prompts import StepPrompts
from piwizard.setup.site_overview import HomeOverview
from piwizard.setup.state_symbols import state_symbol
from piwizard.steps.registry import STEPS
from piwizard.system.lazy_dataclass import dataclass

SITE_SYMBOLS = {
    "online": "done",
    "running": "running",
    "waiting": "interrupted",
    "failed": "failed",
    "problem": "interrupted",
    "new": "todo",
}
SITE = "SITE"
UNFINISHED = ("new", "waiting", "failed")


class UserQuit(Exception):
    """The user has chosen to quit."""


@dataclass(frozen=True)
class MenuCommand:
    """A command of the command line that keeps the sites online: `piwizard WORDS`.

    SITE in `words` stands for a site that the user chooses. `question` asks for the value of the option `option`; an
    empty answer means no such option.
    """

    text: str
    words: tuple[str, ...]
    question: str = ""
    option: str = ""

    def argv(self, site: str, value: str) -> tuple[str, ...]:
        """Return the words for a site and the answer to the question."""
        words = tuple(site if word == SITE else word for word in self.words)
        return (*words, self.option, value) if value else words


@dataclass(frozen=True)
class SiteCommands:
    """Commands of the command line that the menu offers.

    They ask and print by themselves. `maintain` are those for backups, alerts, updates and versions, by their names in
    the menu; `run` runs one of them.
    """

    deploy: Callable[[str], object]
    logs: Callable[[str], object]
    check: Callable[[str], object]
    undo: Callable[[str, str | None], object]
    remove: Callable[[str], object]
    maintain: Mapping[str, MenuCommand]
    run: Callable[[tuple[str, ...]], object]


class PromptFlow:
    """One session of the prompts."""

    def __init__(self, console: Console, service: PromptService, commands: SiteCommands) -> None:
        self._console, self._service, self._commands = console, service, commands
        self._setup, self._steps = SetupPrompts(console, service), StepPrompts(console, service)

    def welcome(self, why: str) -> None:
        """Explain how the prompts work."""
        self._console.say(f"piwizard {__version__}. {why}".strip())
        self._console.say("Nothing changes until you have seen the plan and confirmed it.")
        self._console.say("Press Ctrl-C to quit at any time. Your answers are saved as you go, and a run continues.")

    def begin(self) -> None:
        """Set up the first site if there is none, and then show the menu."""
        if not self._service.answering.sites() and not self._service.under_way():
            self._console.say(f"Setting up a site takes {len(STAGES)} stages: {', '.join(STAGES)}.")
            self._set_up(None)
        self._menu()

    def _menu(self) -> None:
        while True:
            overview = self._service.saved_overview()
            self._show(overview)
            alive = self._service.under_way()
            job = next(iter(self._service.jobs()), None)
            tried = self._service.trial()
            choices = {"keep": f"keep the address {tried.host} ({tried.left} s left)"} if tried else {}
            choices |= {"watch": "show the current run", "stop": "stop it safely"} if alive else {}
            choices |= {"stop": "stop the background job"} if job and not alive else {}
            unfinished = next((one.name for one in overview.sites if one.state in UNFINISHED), None)
            if unfinished and not alive:
                choices["continue"] = f"continue to set up {unfinished}"
            if overview.sites:
                choices |= {
                    "deploy": "put the newest commit online",
                    "logs": "show what the app has logged",
                    "check": "check everything from the Internet to the app",
                    "settings": "change the answers of a site",
                    "maintain": "versions, backups, alerts and updates",
                }
            choices |= {"add": "set up another site" if overview.sites else "set up a site"}
            choices |= {"steps": "all steps, one by one (advanced)"}
            if overview.sites:
                choices |= {"undo": "undo one step", "remove": "remove a site"}
            choices |= {"refresh": "check the sites again", "quit": ""}
            wanted = next((one for one in ("keep", "watch", "continue") if one in choices), "quit")
            said = choose(self._console, "What now?", choices, wanted)
            if said == "quit":
                raise UserQuit
            self._do(said, overview, alive, job, unfinished)

    def _do(
        self, said: str, overview: HomeOverview, alive: str | None, job: str | None, unfinished: str | None
    ) -> None:
        try:
            match said:
                case "keep":
                    keep_address(self._console, self._service)
                case "watch" if alive:
                    self._steps.watch(alive)
                case "stop" if alive:
                    self._service.stop(alive)
                case "stop" if job:
                    self._service.stop_job(job)
                case "continue":
                    self._set_up(unfinished)
                case "add":
                    self._set_up(None)
                case "steps":
                    self._steps.choose()
                case "refresh":
                    self._console.say("Checking the sites ...")
                    self._service.refresh_overview()
                case "maintain":
                    self._maintain(overview)
                case _:
                    self._of_site(said, overview)
        except PiwizardError as error:
            show_error(self._console, error)

    def _choose_site(self, overview: HomeOverview) -> str | None:
        """Return the site to work on; None if the user chooses none."""
        if len(overview.sites) == 1:
            return overview.sites[0].name
        names = {one.name: one.state for one in overview.sites}
        chosen = choose(self._console, "Which site?", {**names, "none": "back"}, "none")
        return None if chosen == "none" else chosen

    def _maintain(self, overview: HomeOverview) -> None:
        """Run a command for backups, alerts, updates or versions."""
        texts = {name: one.text for name, one in self._commands.maintain.items()}
        said = choose(self._console, "Do what?", {**texts, "none": "back"}, "none")
        wanted = self._commands.maintain.get(said)
        site = self._choose_site(overview) if wanted and SITE in wanted.words else ""
        if wanted is None or site is None:
            return
        value = self._console.line(wanted.question) if wanted.question else ""
        self._run(lambda: self._commands.run(wanted.argv(site, value)))

    def _of_site(self, said: str, overview: HomeOverview) -> None:
        """Do what belongs to one site."""
        site = self._choose_site(overview)
        if site is None:
            return
        match said:
            case "settings":
                self._setup.set_up(site)
            case "deploy":
                self._run(lambda: self._commands.deploy(site))
            case "logs":
                self._run(lambda: self._commands.logs(site))
            case "check":
                self._run(lambda: self._commands.check(site))
            case "remove":
                self._run(lambda: self._commands.remove(site))
            case "undo":
                steps = {step.name: step.title for step in STEPS}
                step = choose(self._console, "Which step?", {**steps, "none": "back"}, "none")
                if step != "none":
                    self._run(lambda: self._commands.undo(step, site))

    def _run(self, command: Callable[[], object]) -> None:
        """Run a command that asks by itself."""
        with echoing(True):
            command()

    def _set_up(self, site: str | None) -> None:
        try:
            self._setup.set_up(site)
        except PiwizardError as error:
            show_error(self._console, error)
            return
        self._console.say("Optional: a fixed local IP address, and other single steps, are in the menu under “steps”.")

    def _show(self, overview: HomeOverview) -> None:
        self._console.say("")
        for one in overview.sites:
            parts = [one.state, " and ".join(one.main_addresses), one.version and f"version {one.version}"]
            if one.certificate_days is not None:
                parts.append(f"certificate valid for {one.certificate_days} days")
            symbol = state_symbol(SITE_SYMBOLS[one.state])
            self._console.say(f"{symbol} {one.name}: {', '.join(part for part in parts if part)}")
        self._console.say(*(f"! {one.text}" for one in overview.attention))
