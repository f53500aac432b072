"""Answers are kept as they are given, in their order, and looked up outside where that helps."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from piwizard.answers.validators import Invalid
from piwizard.errors import PiwizardError, unforeseen
from piwizard.screens.background import aside, begin
from piwizard.screens.looking import Looking
from piwizard.screens.messages import AnswerGiven, AnswerKept, SecretGiven, SiteHighlighted, SiteWanted
from piwizard.screens.pages.new_site_page import TITLE, WHY, NewSitePage
from piwizard.screens.panes.setup_pane import SetupPane
from piwizard.screens.screen_service import LOOKED_UP, MachineOverview, ScreenService

if TYPE_CHECKING:
    from piwizard.screens.form.answer_lookup import LookupResult

FLUSH_SECONDS = 5.0


class Keeping(Looking):
    """What there is, and the answers."""

    def __init__(self, backend: ScreenService) -> None:
        super().__init__(backend)
        self._answers: asyncio.Queue[AnswerGiven | SecretGiven | tuple[str, bool]] = asyncio.Queue()

    def on_mount(self) -> None:
        begin(self, self._keep_answers, "answers")

    def on_answer_given(self, event: AnswerGiven) -> None:
        self._answers.put_nowait(event)

    def on_secret_given(self, event: SecretGiven) -> None:
        self._answers.put_nowait(event)

    async def _keep_answers(self) -> None:
        """Keeps the answers one after the other, in the order in which they were given."""
        while True:
            given = await self._answers.get()
            key = given.key if not isinstance(given, tuple) else given[0]
            try:
                await aside(partial(self._keep, given))
            except Invalid as refusal:
                self.post_message(AnswerKept(key, f"{key} {refusal}."))
            except PiwizardError as error:
                self.post_message(AnswerKept(key, error.sentence))
            except OSError as error:  # a full disk: said at the field, and the screens stay
                self.post_message(AnswerKept(key, f"It could not be kept: {unforeseen(error)}"))
            else:
                self.post_message(AnswerKept(key))
                if isinstance(given, AnswerGiven):
                    if given.key == "site.name":
                        self.query_one(SetupPane).form.renamed(given.site, given.value)
                    self._look_up(given)
            finally:
                self._answers.task_done()

    def _keep(self, given: AnswerGiven | SecretGiven | tuple[str, bool]) -> None:
        answering = self.backend.answering
        if isinstance(given, AnswerGiven):
            if given.cut_off and answering.get(given.site, given.key) != given.before:
                return  # it was answered in another terminal since, and that one counts
            answering.set(given.site, given.key, given.value)
        elif isinstance(given, SecretGiven):
            answering.set_secret(given.site, given.key, given.text)
        else:
            answering.skip(*given)

    def on_answer_kept(self, event: AnswerKept) -> None:
        if not self.stands:
            return
        form = self.query_one(SetupPane).form
        field = ".".join(event.key.split(".")[:2])
        if event.refusal:
            if form.has(field):
                form.field(field).report(event.refusal, "bold red")
            else:
                self.notice(event.refusal)
            return
        if event.key == "site.name" or "." not in event.key or (self.place and self.place.step.optional):
            self.look(thorough=False)
        if self.place and event.key != "site.name":  # it has another place, which the look will find
            self.ask(self.place)

    def _look_up(self, given: AnswerGiven) -> None:
        form = self.query_one(SetupPane).form
        if given.key not in LOOKED_UP or given.value is None or not form.has(given.key):
            return
        form.field(given.key).report("Looking whether it answers…", "dim")

        def found(result: LookupResult | None) -> None:
            if result and form.has(given.key):
                form.field(given.key).report(result.words, "green" if result.ok else "yellow")

        self.later(lambda: self.backend.lookup(given.key, given.value), found, group=f"lookup {given.key}")

    async def flush(self, *, cut_off: bool = False) -> None:
        """Keeps what is being typed, and waits until every answer is on disk."""
        self.query_one(SetupPane).form.commit(cut_off=cut_off)
        told = asyncio.Event()
        if not self.call_later(told.set):  # comes after the messages of the fields
            told.set()
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await told.wait()
                await self._answers.join()
        except TimeoutError:
            self.log.warning("an answer could not be kept in time")

    def action_skip(self) -> None:
        """Leaves an optional step out, or takes it up again."""
        place = self.place
        if place is None:
            return
        if not place.step.optional:
            self.notice(f"{place.step.title} cannot be left out: the others stand on it.")
            return
        self._answers.put_nowait((place.step.name, self.sidebar.state(place) != "skipped"))

    def on_site_highlighted(self, event: SiteHighlighted) -> None:
        self.action_tab("Setup", stay=True)
        begin(self, partial(self.query_one(SetupPane).introduce, TITLE, WHY), "ask")

    def on_site_wanted(self, event: SiteWanted) -> None:
        if self.app.screen is not self:  # Enter was pressed twice
            return
        sites = list(self.overview.domains) if self.overview else []
        self.app.push_screen(NewSitePage(sites), self._begin_site)

    def _begin_site(self, name: str | None) -> None:
        def look() -> MachineOverview:
            try:
                self.backend.answering.set(name, "site.name", name)
            except Invalid as refusal:  # meanwhile somebody else began it
                raise PiwizardError(f"site.name {refusal}.", key="site.name") from None
            return self.backend.overview(thorough=False)

        def begun(overview: MachineOverview) -> None:
            self._looked(overview, thorough=False)
            first = next((place for place in overview.places if place.site == name), None)
            if first is not None:
                self.sidebar.choose(first.step.name, name)

        if name is not None:
            self.later(look, begun, group="look")
