"""Set up a site line by line, in the same four stages as the screens."""

from __future__ import annotations

from piwizard.answers.validators import Invalid
from piwizard.dns.points_here import is_public
from piwizard.dns.providers import PROVIDERS, owner_of
from piwizard.errors import ConsentMissing, PiwizardError, RepositoryLoginRequired
from piwizard.prompts.install_prompts import InstallPrompts, show_error
from piwizard.prompts.key_prompts import ask_for_access
from piwizard.prompts.prompt_console import Console, choose, yes
from piwizard.prompts.prompt_form import PromptForm
from piwizard.prompts.prompt_service import PromptService
from piwizard.prompts.review_prompts import show_review
from piwizard.setup.form_page import FormPage, RequiredAnswer
from piwizard.setup.reach import Audience, refuse_names
from piwizard.setup.review import Review
from piwizard.setup.site_form import SiteForm
from piwizard.setup.state_symbols import state_symbol

STAGES = ("Your app", "Address", "Review", "Install")
STATUS_SYMBOLS = {"ok": "done", "needed": "interrupted", "warning": "interrupted"}
ELSEWHERE = "none"
AUDIENCES = {
    Audience.HOME.value: "only devices on your home network",
    Audience.INTERNET.value: "anyone on the Internet",
}


class SetupPrompts:
    """The setup of one site, from its repository to its page."""

    def __init__(self, console: Console, service: PromptService) -> None:
        self._console, self._service = console, service

    def set_up(self, site: str | None) -> None:
        """Guide the user through the four stages, or through the rest of them."""
        form = self._your_app(site)
        if form.site is None:
            return
        self._address(form.site)
        while review := self._review(form.site):
            self._heading(3)
            match InstallPrompts(self._console, self._service).install(review):
                case "change":
                    self._your_app(form.site)
                    self._address(form.site)
                case "retry":
                    self._service.look_for_new_code()
                case _:
                    return

    def _heading(self, stage: int) -> None:
        self._console.say("", f"[{stage + 1}/{len(STAGES)}] {STAGES[stage]}")

    # Your app

    def _your_app(self, site: str | None) -> SiteForm:
        self._heading(0)
        form = self._read(site or self._begin())
        while form.trouble:
            if isinstance(form.trouble, RepositoryLoginRequired):
                if not ask_for_access(self._console, self._service, str(form.site)):
                    break
            else:
                show_error(self._console, form.trouble)
                if not self._ask(form, form.trouble.key or "app.repo"):
                    break
            self._service.look_for_new_code()
            form = self._read(form.site)
        self._show_findings(form)
        self._ask_settings(form)
        return self._corrections(form, (FormPage.APP, FormPage.SETTINGS))

    def _begin(self) -> str:
        """Ask for the repository, and return the name of its new site."""
        while True:
            typed = self._console.line("Git repository (such as https://github.com/you/app):")
            try:
                if typed:
                    return self._service.begin_site(typed)
            except Invalid as error:
                self._console.show(f"  ! The address {error}.")
            except PiwizardError as error:
                show_error(self._console, error)

    def _read(self, site: str | None) -> SiteForm:
        self._console.say("  Reading your code ...")
        return self._service.site_form(site)

    def _show_findings(self, form: SiteForm) -> None:
        found = form.findings()
        if found:
            self._console.say(f"Site {form.site}. Found in your code, which was only read:")
        for one in found:
            note = f" ({one.note})" if one.note else ""
            self._console.say(f"  {state_symbol(STATUS_SYMBOLS[one.status])} {one.label}: {one.value}{note}")

    def _ask_settings(self, form: SiteForm) -> None:
        """Ask for each variable that the app does not start without."""
        for setting in form.settings():
            if setting.required and not setting.has_value:
                self._console.say(f"{setting.name}: {setting.note}")
                self._form(form).ask_secret(f"app.env.{setting.name}", setting.name, "; Enter to do this later")

    def _corrections(self, form: SiteForm, pages: tuple[FormPage, ...]) -> SiteForm:
        """Offer everything that was found or has a default; ask for what the user wants to change."""
        while True:
            groups = [
                group
                for page in pages
                for group in form.questions(page)
                if not group.open or page is FormPage.SETTINGS or _not_asked_yet(form, page)
            ]
            choices = {str(number): "" for number in range(1, len(groups) + 1)}
            for number, group in enumerate(groups, start=1):
                summary = f": {group.summary}" if group.summary else ""
                self._console.say(f"  {number}  {group.title}{summary}")
            said = self._console.line("Change any of these? [no]").lower()
            if said in ("", "n", "no"):
                return form
            if said not in choices:
                self._console.say("  Type a number, or press Enter to continue.")
                continue
            known = self._service.answering.sites()
            for question in groups[int(said) - 1].questions:
                self._form(form).ask(question)
            names = self._service.answering.sites()
            renamed = next((name for name in names if name not in known), form.site)
            form = self._read(form.site if form.site in names else renamed)

    # Address

    def _address(self, site: str) -> None:
        self._heading(1)
        form = self._service.site_form(site)
        audience = Audience(
            choose(
                self._console,
                f"Who should be able to open {site}?",
                AUDIENCES,
                (form.audience or Audience.HOME).value,
            )
        )
        names = self._ask_names(form) if audience is Audience.INTERNET else ()
        if audience is Audience.INTERNET or audience is not form.audience:
            self._service.name_site(site, audience, names)
        form = self._service.site_form(site)
        if audience is Audience.INTERNET:
            form = self._ask_provider(form)
        self._corrections(form, (FormPage.ADDRESS,))

    def _ask_names(self, form: SiteForm) -> tuple[str, ...]:
        """Ask for the names of a site until they are valid and public."""
        kept = [name for name in form.answers.get("site.domains", ()) if is_public(name)]
        question = next(
            question
            for group in form.questions(FormPage.ADDRESS)
            for question in group.questions
            if question.key == "site.domains"
        )
        shown = f" [{', '.join(kept)}]" if kept else " (such as photos.duckdns.org)"
        while True:
            typed = self._console.line(f"Name{shown}:").lower().replace(",", " ").split()
            names = typed or kept
            try:
                question.validate(names)
            except Invalid as error:
                self._console.show(f"  ! The name {error}.")
                continue
            if refused := refuse_names(names):
                self._console.show(f"  ! {refused}")
            elif names:
                return tuple(names)

    def _ask_provider(self, form: SiteForm) -> SiteForm:
        """Ask for the DDNS provider, if the name does not show it, and for its login."""
        name, site = form.answers["site.domains"][0], form.site
        if owner_of(name) is None and not form.answers.get("ddns.hostname"):
            choices = {ELSEWHERE: "the name points to a fixed public IP, or something else updates it"}
            choices |= {provider.name: provider.title for provider in PROVIDERS.values()}
            said = choose(self._console, f"Which dynamic DNS provider updates {name}?", choices, ELSEWHERE)
            if said == ELSEWHERE:
                return form
            self._service.answering.set(site, "ddns.hostname", name)
            self._service.answering.set(site, "ddns.provider", said)
            form = self._service.site_form(site)
        wanted = {one.key for one in form.missing() if one.key.startswith("ddns.")}
        for group in form.questions(FormPage.ADDRESS):
            for question in group.questions:
                if question.key in wanted:
                    self._form(form).ask(question)
        return self._service.site_form(site)

    # Review

    def _review(self, site: str) -> Review | None:
        """Show what would change, and return it once the user has confirmed it."""
        while True:
            self._heading(2)
            self._console.say("Preparing the plan ...")
            try:
                review = self._service.review(site)
            except PiwizardError as error:
                if not self._correct(site, error):
                    return None
                continue
            if review.missing:
                if not self._complete(site, review.missing):
                    return None
                continue
            if self._offer_commands(review):
                continue
            if review.empty:
                self._console.say("Nothing to do: everything is set up.")
                return None
            show_review(self._console, review)
            match self._confirm(review):
                case "install":
                    return review
                case "change":
                    self._your_app(site)
                    self._address(site)
                case _:
                    return None

    def _correct(self, site: str, error: PiwizardError) -> bool:
        """Show why there is no plan, and ask for the answer that causes it. Return whether to plan again."""
        show_error(self._console, error)
        choices = {"answer": "change this answer"} if error.key else {}
        choices |= {"retry": "try again", "no": "not now"}
        said = choose(self._console, "What now?", choices)
        if said == "answer" and error.key:
            self._ask(self._service.site_form(site), error.key)
        return said != "no"

    def _confirm(self, review: Review) -> str:
        choices = {
            "install": "you can disconnect at any time; the installation continues",
            "details": "show every command and diff",
            "change": "go through the questions again",
            "no": "not now",
        }
        while (said := choose(self._console, "Install now?", choices)) == "details":
            show_review(self._console, review, details=True)
        return said

    def _complete(self, site: str, missing: tuple[RequiredAnswer, ...]) -> bool:
        """Ask for what is missing. Return whether anything was answered."""
        self._console.say("Before the installation, piwizard needs:")
        for one in missing:
            self._console.say(f"  ! {one.label}{f': {one.reason}' if one.reason else ''}")
        if choose(self._console, "What now?", {"answer": "enter it", "no": "not now"}, "answer") == "no":
            return False
        answered = False
        form = self._service.site_form(site)
        for one in missing:
            if isinstance(form.trouble, RepositoryLoginRequired) and one.page is FormPage.KEY:
                answered |= ask_for_access(self._console, self._service, site)
            elif consent := self._service.consent(site, one.key):
                answered |= self._agree_to(consent)
            else:
                answered |= self._ask(form, one.key)
        return answered

    def _agree_to(self, missing: ConsentMissing) -> bool:
        if not all(yes(self._console, one.question, default=False) for one in missing.consents):
            return False
        self._service.keep_consent(missing)
        return True

    def _offer_commands(self, review: Review) -> bool:
        """Ask about each setup command that needs consent; return whether one was accepted."""
        accepted = False
        for site, command in self._service.offered(review.proposal):
            if yes(self._console, command.question, default=False):
                self._service.keep_commands(site, [command])
                accepted = True
        return accepted

    def _ask(self, form: SiteForm, key: str) -> bool:
        """Ask for one answer, whatever page it is on."""
        if key.startswith("app.env."):
            name = key.removeprefix("app.env.")
            return self._form(form).ask_secret(key, name, "; Enter to do this later")
        for page in FormPage:
            for group in form.questions(page):
                for question in group.questions:
                    if question.key == key:
                        return self._form(form).ask(question)
        return False

    def _form(self, form: SiteForm) -> PromptForm:
        return PromptForm(self._console, self._service.answering, form.site)


def _not_asked_yet(form: SiteForm, page: FormPage) -> bool:
    """Return whether the open questions of a page are answered already."""
    return page is FormPage.ADDRESS and form.audience is Audience.HOME
