"""Show what an installation will change, and start it after one confirmation."""

from __future__ import annotations

import time
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens import dialog
from piwizard.screens.background import run_in_thread
from piwizard.screens.setup.missing_list import MissingList
from piwizard.screens.setup.review_list import ReviewList
from piwizard.screens.setup.setup_page import SetupPage
from piwizard.screens.widgets.fitted_text import FittedText, hanging
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.run_progress import duration
from piwizard.screens.yes_no_dialog import YesNoDialog
from piwizard.setup.answer_labels import sentence_of
from piwizard.setup.form_page import FormPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.screens.setup.site_setup import PageContent, SiteSetup
    from piwizard.setup.form_page import RequiredAnswer
    from piwizard.setup.review import Review

LABEL_COLUMNS = 18
MARGIN_COLUMNS = 5
"""The margins of the page and its scroll bar."""
PREPARING = "Preparing the plan. Nothing has changed yet"
OTHER_SITES = "Your other sites stay online."
PROMISES = (
    "Every change can be undone later.",
    "You can disconnect at any time; the installation keeps going.",
)
MAX_WARNINGS = 4


class ReviewPage(SetupPage):
    """The one place where an installation is confirmed."""

    TITLE = "Set up a site"
    STAGE = 2
    PAGE = FormPage.REVIEW
    WAITS_FOR = PREPARING

    def __init__(self, setup: SiteSetup, key: str = "") -> None:
        super().__init__(setup, key)
        self.result = Static("", id="result", markup=False)
        self.missing = MissingList()
        self.reason = Static("", id="reason", markup=False)
        self.changes = ReviewList(id="changes")
        self.promises = FittedText(id="promises")
        self._review: Review | None = None
        self._shown = 0.0
        self._starting = False

    def body(self) -> Iterable[Widget]:
        yield self.reading
        yield self.result
        yield self.missing
        yield self.reason
        yield self.changes
        yield self.promises

    def beside(self) -> Iterable[Widget]:
        return ()  # there is no field to explain, and commands and diffs need the whole width

    def buttons(self) -> Sequence[tuple[str, str]]:
        review = self._review
        if review is None or review.empty:
            return (("back", "Back"),)
        if review.missing:
            first = review.missing[0]
            answer = ("answer", f"{'Change' if first.given else 'Add'} {first.label}")
            agree = (("agree", "Skip them"),) if first.consents else ()
            return (("back", "Back"), answer, *agree)
        return (("back", "Back"), ("install", "Install"))

    def on_mount(self) -> None:
        self.missing.display = self.reason.display = self.changes.display = False

    def resume(self) -> None:
        """Plan again: the answers may have changed since."""
        if not self._starting:
            super().resume()

    async def show(self, content: PageContent) -> None:
        if self._review is None:
            self.reading.begin(PREPARING)
        if self.setup.site is not None:
            self.run_in_background(
                partial(self.service.review, self.setup.site), self._reviewed, group="review", refused=self._refused
            )

    def _refused(self, sentence: str) -> None:
        self.reading.end()
        self.result.update(Text().append("✗ ", "bold red").append(clean(sentence), "not bold default"))
        self.changes.display = self.missing.display = self.reason.display = False

    def _reviewed(self, review: Review) -> None:
        self._review = review
        self.start(partial(self._show_review, review), "shown")

    async def _show_review(self, review: Review) -> None:
        self.reading.end()
        self.result.update(self._result_text(review))
        self.missing.show(review.missing)
        self.missing.display = self.reason.display = bool(review.missing)
        self._show_reason()
        self.changes.show_groups(review.groups)
        self.changes.display = bool(review.groups)
        others = set(self.service.answering.sites()) - {review.site}
        self.promises.show(partial(_promises, review, bool(others)))
        await self.show_buttons(self.buttons())
        self._shown = time.monotonic()
        self.focus_main()

    def _result_text(self, review: Review) -> Text:
        width = self.size.width - MARGIN_COLUMNS
        if review.missing:
            return (
                Text()
                .append(f"{_missing_title(review.missing)}\n", "bold")
                .append("Nothing can be installed before.", "dim")
            )
        if review.empty:
            return Text().append("✓ ", "green").append("Nothing to install: everything is up to date.")
        title, about = "Ready to install", f"about {duration(review.seconds)}"
        text = Text().append(title, "bold").append(" " * max(2, width - len(title) - len(about)))
        text.append(f"{about}\n", "dim")
        rows = [("Result", "  ".join(review.result_urls)), ("App", review.app), ("Runs as", review.runs_as)]
        for label, value in rows:
            if value:
                lines = wrap(clean(value), width - LABEL_COLUMNS, break_on_hyphens=False)
                text.append(f"\n{label:<{LABEL_COLUMNS}}")
                text.append(f"\n{'':<{LABEL_COLUMNS}}".join(lines), "bold" if label == "Result" else "")
        return text.append("\n\nWhat will change", "bold")

    def answer_saved(self, key: str) -> None:
        """Do nothing: this page has no fields."""

    def on_missing_list_answer_highlighted(self, event: MissingList.AnswerHighlighted) -> None:
        event.stop()
        self._show_reason()

    def _show_reason(self) -> None:
        """Show the whole reason of the answer with the cursor, which its row may have no room for."""
        chosen = self.missing.chosen
        self.reason.update(Text(f"\n{chosen.reason}" if chosen is not None else ""))

    def on_missing_list_chosen(self, event: MissingList.Chosen) -> None:
        event.stop()
        self.start(partial(self.open_page, event.answer.page, event.answer.key), "open")

    async def action_answer(self) -> None:
        """Go to the first missing answer."""
        if self._review is not None and self._review.missing:
            first = self._review.missing[0]
            await self.open_page(first.page, first.key)

    def action_agree(self) -> None:
        """Ask for what only a person can agree to, in place of the first missing answer."""
        first = self._review.missing[0] if self._review is not None and self._review.missing else None
        if first is None or not first.consents:
            return
        questions = "\n".join(clean(one.question) for one in first.consents)
        self.app.push_screen(YesNoDialog(questions, "Yes to all"), partial(self._agreed, first))

    def _agreed(self, answer: RequiredAnswer, yes: bool | None) -> None:
        if yes:
            self.run_in_background(
                partial(self.service.answering.set, answer.site, answer.key, list(answer.agreed)),
                lambda _: self.resume(),
                group="agree",
            )

    async def action_install(self) -> None:
        """Start the installation, and show it."""
        review = self._review
        if review is None or review.missing or review.empty or self._starting:
            return
        if time.monotonic() < self._shown + dialog.SECONDS_TO_READ_QUESTION:
            return  # the key was typed for the page before
        self._starting = True
        self.notify_line("Starting…", "dim")
        try:
            run = await run_in_thread(partial(self.service.start, review.proposal))
        except (PiwizardError, OSError) as error:
            self.notify_line(sentence_of(error))
        else:
            self.notify_line("")
            await self.navigator.open_install(run, self.setup.site)
        finally:
            self._starting = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the key that opens the review: this is the review."""
        return False if action == "review" else super().check_action(action, parameters)

    def next_page(self) -> FormPage:
        return FormPage.REVIEW


def _missing_title(missing: Sequence[RequiredAnswer]) -> str:
    """Return how many answers are missing, and how many are there but cannot be used."""
    given = sum(one.given for one in missing)
    lacking = len(missing) - given
    parts = []
    if lacking:
        parts.append("1 answer is missing" if lacking == 1 else f"{lacking} answers are missing")
    if given:
        parts.append("1 answer cannot be used" if given == 1 else f"{given} answers cannot be used")
    return ", ".join(parts)


def _promises(review: Review, others: bool, columns: int) -> Text:
    text = Text()
    marked = [("! ", "yellow", clean(warning)) for warning in review.warnings[:MAX_WARNINGS]]
    left_out = () if review.missing else review.proposal.left_out
    marked += [("○ ", "dim", sentence) for sentence in (*review.later, *left_out)]
    if not review.missing:
        marked += [("✓ ", "green", sentence) for sentence in ((OTHER_SITES,) if others else ()) + PROMISES]
    for symbol, style, sentence in marked:
        text.append(f"\n{symbol}", style).append(hanging(sentence, columns, 2))
    return text
