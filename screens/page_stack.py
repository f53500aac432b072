"""Push and close pages, and load their modules beside the event loop."""

from __future__ import annotations

from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from piwizard.errors import PiwizardError
from piwizard.screens.background import keep_loaded, run_in_thread
from piwizard.setup.answer_labels import sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App
    from textual.screen import Screen

    from piwizard.screens.host_screen import HostScreen
    from piwizard.screens.screen_service import ScreenService

    Loaded = TypeVar("Loaded")

HOME = "piwizard.screens.home."
OPENING = "Opening…"
SECONDS_UNTIL_NOTICE = 0.3
"""Seconds after which a page that still loads is announced."""
RUN_PAGE = "run-page"
"""The class of pages of which one takes the place of the other."""


class PageStack:
    """The pages that are open, the one in front last."""

    def __init__(self, app: App[str], service: ScreenService) -> None:
        self._app, self._service = app, service
        self._opened_for: WeakKeyDictionary[Screen[Any], tuple[object, ...]] = WeakKeyDictionary()
        """What each page shows: a site or a run, for example."""

    @property
    def front(self) -> Screen[Any]:
        """Return the page that the user sees."""
        return self._app.screen

    @property
    def host(self) -> HostScreen:
        """Return the front page, or the page below a dialog."""
        from piwizard.screens.host_screen import HostScreen

        return next(screen for screen in reversed(self._app.screen_stack) if isinstance(screen, HostScreen))

    def find(self, matches: Callable[[Screen[Any]], bool]) -> Screen[Any] | None:
        """Return the highest open page that matches."""
        return next((page for page in reversed(self._app.screen_stack) if matches(page)), None)

    def return_to(self, page: Screen[Any]) -> None:
        """Close the pages above an open page."""
        while self._app.screen is not page:
            self._app.pop_screen()  # not awaited: the page that asks for it is among those that close

    def close_all(self) -> None:
        """Close all pages but the first one."""
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()  # not awaited: as above

    async def push(self, page: Screen[Any]) -> None:
        """Open a page above the others."""
        await self._app.push_screen(page)

    def ask(self, page: Screen[Any], answered: Callable[[Any], Any]) -> None:
        """Open a page or dialog that ends with an answer."""
        self._app.push_screen(page, answered)

    async def load(self, load: Callable[[], Loaded]) -> Loaded:
        """Return what a page needs, and say so if that takes long."""
        host = self.host
        timer = host.set_timer(SECONDS_UNTIL_NOTICE, partial(host.notify_line, OPENING, "dim"))
        try:
            loaded = await run_in_thread(load)
            keep_loaded()
            return loaded
        finally:
            timer.stop()
            if str(host.notice.content).strip() == OPENING:
                host.notify_line("")

    async def load_and_push(self, name: str, *words: object, **options: object) -> None:
        """Open a page whose module takes long to load, unless it is in front already.

        `name` is its module in `home` and its class: "site_page:SitePage". `words` are what it shows, `options` how.
        """
        kind = await self.load(partial(resolve_name, HOME + name))
        front = self._app.screen
        if type(front) is not kind or self._opened_for.get(front) != words:
            page = kind(self._service, *words, **options)
            self._opened_for[page] = words
            await self._app.push_screen(page)

    async def load_and_replace(self, name: str, *words: object) -> None:
        """Open a page of a run, named as above, in place of another one."""
        kind = await self.load(partial(resolve_name, HOME + name))
        page = kind(self._service, *words)
        page.add_class(RUN_PAGE)
        if self._app.screen.has_class(RUN_PAGE):
            self._app.switch_screen(page)  # not awaited: the page that asks for it is the one to close
        else:
            await self._app.push_screen(page)

    async def save_answers(self) -> None:
        """Save what is being typed on pages that are about to close."""
        from piwizard.screens.textual_app import KeepsAnswers

        for screen in tuple(self._app.screen_stack):
            if isinstance(screen, KeepsAnswers):
                await screen.flush_answers()

    def show_error(self, error: PiwizardError | OSError) -> None:
        """Show an error on the front page."""
        from piwizard.screens.home.checkup_page import CheckupPage
        from piwizard.screens.host_screen import HostScreen

        page = self.find(lambda one: isinstance(one, (HostScreen, CheckupPage)))
        assert isinstance(page, (HostScreen, CheckupPage))
        page.notify_line(sentence_of(error))
