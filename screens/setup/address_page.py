"""Ask who should be able to open the app, and under which name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread
from piwizard.screens.messages import AnswerGiven
from piwizard.screens.setup.group_list import GroupList
from piwizard.screens.setup.names_field import NamesField
from piwizard.screens.setup.setup_page import SetupPage
from piwizard.screens.widgets.choice_list import ChoiceList
from piwizard.setup.answer_labels import sentence_of
from piwizard.setup.form_page import FormPage
from piwizard.setup.internet_line import InternetLine
from piwizard.setup.reach import Audience, home_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.dns.account_check import AccountCheck
    from piwizard.screens.setup.site_setup import PageContent, SiteSetup
    from piwizard.setup.form_page import QuestionGroup

NAMES, SECRET = "site.domains", "ddns.password"
AUDIENCES = (
    (Audience.HOME.value, "Only devices on my home network"),
    (Audience.INTERNET.value, "Anyone on the Internet"),
)
NO_NAME = (
    "No name yet? Get a free one, such as photos-home.duckdns.org, at\n"
    "www.duckdns.org or www.noip.com, then enter it here."
)


class AddressPage(SetupPage):
    """Home or Internet, the name, and what the DDNS provider needs."""

    TITLE = "Set up a site"
    STAGE: ClassVar[int | None] = 1
    PAGE = FormPage.ADDRESS

    def __init__(self, setup: SiteSetup, key: str = "") -> None:
        super().__init__(setup, key)
        self.heading = Static("", classes="heading", markup=False)
        self.audience = ChoiceList(AUDIENCES, id="audience")
        self.essentials = GroupList(id="essentials")
        self.way_in = Static("", id="way-in", markup=False)
        self.folds = GroupList(id="folds")
        self._line: InternetLine | None = None
        self._named = False
        """Whether the name was entered whose provider is not shown yet."""

    def body(self) -> Iterable[Widget]:
        yield self.heading
        yield self.reading
        yield self.audience
        yield self.essentials
        yield self.way_in
        yield self.folds

    async def show(self, content: PageContent) -> None:
        first = not self.heading.content
        site = content.site or "your app"
        self.heading.update(Text(f"Who should be able to open {site}?", "bold"))
        await self.show_address(content, content.groups)
        if first and _lacks_account(content):
            self.start(partial(self._save_reach, tuple(content.answers[NAMES])), "reach")
        if self._named:
            self._named = False
            self._focus_first_empty()
        elif first:
            if content.audience is None:
                self.audience.focus()
            else:
                self._focus_first_empty()

    def _find_line(self) -> None:
        """Look for the public IP and the router in the background."""
        self.run_in_background(
            self.service.internet_line,
            self._found_line,
            group="line",
            refused=lambda _: self._found_line(InternetLine(None, upnp=False)),
        )

    def _found_line(self, line: InternetLine) -> None:
        self._line = line
        if self.content is not None:
            self._show_way_in(self.content, internet=self.audience.value == Audience.INTERNET.value)

    async def show_address(self, content: PageContent, found: Sequence[QuestionGroup]) -> None:
        """Show the audience, and the groups of questions about the address."""
        local = f"http://{home_name(content.facts.hostname)}"
        self.audience.show_note(Audience.HOME.value, local)
        if content.audience is not None and not self.audience.value:
            self.audience.choose(content.audience.value)
        internet = self.audience.value == Audience.INTERNET.value
        groups = found if self.audience.value else ()
        await self.essentials.show(content.site, [one for one in groups if one.open and internet], content.answers)
        await self.folds.show(content.site, [one for one in groups if not one.open], content.answers)
        self._show_way_in(content, internet=internet)
        if internet and content.site is not None and SECRET in content.answers:
            check = partial(self.service.check_ddns_account, content.site)
            self.run_in_background(check, self._show_account, group="account", refused=lambda _: None)

    def _show_account(self, found: AccountCheck | None) -> None:
        """Say at the field of the token or password whether the provider accepts it."""
        field = self.essentials.field(SECRET) or self.folds.field(SECRET)
        if found is not None and field is not None:
            symbol, style = ("✓", "green") if found.ok else ("!", "yellow")
            field.report(f"{symbol} {found.sentence}", style)

    def _focus_first_empty(self) -> None:
        """Put the cursor into the first essential field without an answer, or else on the main button."""
        answers = self.content.answers if self.content else {}
        wanted = next((key for key in self._essential_keys() if key not in answers), "")
        if not (wanted and self.essentials.focus_on(wanted)):
            self.focus_main()

    def _essential_keys(self) -> list[str]:
        groups = self.content.groups if self.content else ()
        return [question.key for group in groups if group.open for question in group.questions]

    def _show_way_in(self, content: PageContent, *, internet: bool) -> None:
        if not self.audience.value:
            self.way_in.update("")
            return
        address = content.facts.network.address
        text = Text("\n").append("How visitors get in", "bold")
        home = f"http://{address.address}" if address else home_name(content.facts.hostname)
        rows = [("○", "dim", "At home", home)]
        if internet:
            if self._line is None and self.way_in.is_attached:
                self._find_line()
            https = content.answers.get("tls.https", True)
            secure = "free Let’s Encrypt certificate, renewed automatically" if https else "off"
            by_hand = content.answers.get("router.forward") == "by-hand"
            rows = [*line_rows(self._line, by_hand=by_hand), ("○", "dim", "HTTPS", secure)]
        for symbol, style, label, value in rows:
            text.append(f"\n{symbol} ", style).append(f"{label:<16}", "dim").append(value)
        self.way_in.update(text)

    async def reveal(self, key: str) -> None:
        if key == NAMES and not self.audience.value:
            self.audience.focus()
        elif not self.essentials.focus_on(key):
            await self.folds.reveal(key)

    async def on_choice_list_picked(self, event: ChoiceList.Picked) -> None:
        if event.control is self.audience:
            event.stop()
            await self._audience_chosen()

    async def on_choice_list_taken(self, event: ChoiceList.Taken) -> None:
        if event.control is self.audience:
            event.stop()
            if self.audience.value == Audience.HOME.value:
                self.focus_main()
            elif not self.essentials.focus_on(NAMES):
                self._wanted = NAMES

    async def _audience_chosen(self) -> None:
        known = self.content.audience if self.content else None
        if known is Audience.HOME and self.audience.value == Audience.INTERNET.value:
            self.answers.give(AnswerGiven(self.setup.site, NAMES, None))  # visitors from outside cannot use it
            await self.flush_answers()
        await self._save_reach()

    async def _save_reach(self, names: tuple[str, ...] = ()) -> None:
        """Save the answers that follow from the audience and the names, and show what they need."""
        if self.audience.value and self.setup.site is not None:
            self._read.clear()
            audience = Audience(self.audience.value)
            try:
                await run_in_thread(partial(self.service.name_site, self.setup.site, audience, names))
            except (PiwizardError, OSError) as error:
                self.notify_line(sentence_of(error))
            self.load()

    def answer_saved(self, key: str) -> None:
        """Show what follows from an answer; a name also tells its provider."""
        field = self.essentials.field(NAMES)
        if key == NAMES and isinstance(field, NamesField) and field.names:
            self._read.clear()
            self.start(partial(self._save_reach, tuple(field.names)), "reach")
        else:
            super().answer_saved(key)

    def leave_field(self) -> None:
        """Move on; from the name once it is known what its provider needs."""
        field = self.essentials.field(NAMES)
        if field is not None and field.has_focus_within and self.answers.pending:
            self._named = True
            self.set_focus(None)
        else:
            super().leave_field()

    def may_continue(self) -> bool:
        if not self.audience.value:
            self.audience.focus()
            self.notify_line("Choose who should be able to open your app.")
        return bool(self.audience.value) and super().may_continue()

    def next_page(self) -> FormPage:
        return FormPage.REVIEW

    @property
    def help_text(self) -> str:
        """Return help for someone who has no name yet."""
        return f"Name of the site\n{NO_NAME}"


def _lacks_account(content: PageContent) -> bool:
    """Return whether a name was saved, but not its provider: the connection was lost between the two."""
    return bool(content.provider) and "ddns.hostname" not in content.answers


def line_rows(line: InternetLine | None, *, by_hand: bool) -> list[tuple[str, str, str, str]]:
    """Return what is known of the way in: symbol, style, label and value."""
    router = ("○", "dim", "Router", "you open ports 80 and 443; piwizard shows how")
    if line is None:
        checking = ("●", "bold cyan", "Router", "checking…")
        return [("●", "bold cyan", "Internet line", "checking…"), router if by_hand else checking]
    public = ("✓", "green", "Internet line", f"{line.public} is your public IP")
    if line.public is None:
        public = ("!", "yellow", "Internet line", "no public IP was found; is this Pi online?")
    if not by_hand and line.upnp:
        router = ("✓", "green", "Router", "opens ports 80 and 443 on request (UPnP)")
    elif not by_hand:
        router = ("!", "yellow", "Router", "does not answer; piwizard shows how to set it up")
    return [public, router]
