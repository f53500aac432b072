"""Open the pages, which are loaded when they are first opened.

Pages know each other only by this module: a page names where to go, not how the other page is built.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from piwizard.errors import PiwizardError, sentence_of
from piwizard.screens.background import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import App
    from textual.screen import Screen

    from piwizard.screens.host_screen import HostScreen
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.setup.setup_page import SetupPage
    from piwizard.screens.setup.site_setup import SiteSetup
    from piwizard.setup.service import Proposal
    from piwizard.setup.site_form import FormPage

    Loaded = TypeVar("Loaded")

OPENING = "Opening…"
SECONDS_UNTIL_NOTICE = 0.3
"""Seconds after which a page that still loads is announced."""
RUN_PAGE = "run-page"
"""The class of pages of which one takes the place of the other."""


class Navigator:
    """Opens pages above the first one."""

    def __init__(self, app: App[str], service: ScreenService) -> None:
        self._app, self._service = app, service
        self._opened_for: WeakKeyDictionary[Screen[Any], tuple[object, ...]] = WeakKeyDictionary()
        """What each page shows: a site or a run, for example."""

    def first_page(self) -> Screen[Any]:
        """Return the page to start with."""
        if self._service.first_visit():
            from piwizard.screens.setup.welcome_page import WelcomePage

            return WelcomePage(self._service)
        from piwizard.screens.home.overview_page import OverviewPage

        return OverviewPage(self._service)

    async def open_home(self) -> None:
        """Show the overview, and close all pages above it."""
        from piwizard.screens.home.overview_page import OverviewPage

        await self._save_answers()
        while len(self._app.screen_stack) > 1 and not isinstance(self._app.screen, OverviewPage):
            self._app.pop_screen()  # not awaited: the page that asks for it may be the one to close
        if not isinstance(self._app.screen, OverviewPage):
            await self._app.push_screen(OverviewPage(self._service))

    async def open_steps(self) -> None:
        """Open the page of all steps, to run single ones."""

        def load() -> type:
            from piwizard.screens.main_screen import MainScreen

            return MainScreen

        page = await self._loaded(load)
        if not any(isinstance(one, page) for one in self._app.screen_stack):
            await self._app.push_screen(page(self._service))
            return
        await self._save_answers()
        while not isinstance(self._app.screen, page):
            self._app.pop_screen()  # not awaited: the page that calls this is among those that close

    async def open_setup(self, site: str | None = None, page: FormPage | None = None, key: str = "") -> None:
        """Open the setup of a site or a new one, at a page and the field of a key."""
        from piwizard.screens.setup.site_setup import SiteSetup

        if key and page is None:
            from piwizard.setup.site_form import page_of

            page = page_of(key)
        await self.open_setup_page(SiteSetup(self._service, site), page, key)

    async def open_setup_page(self, setup: SiteSetup, page: FormPage | None, key: str = "") -> None:
        """Open a page of a setup, or return to it if it is open already."""

        def load() -> Mapping[FormPage, type[SetupPage]]:
            from piwizard.screens.setup.pages import PAGES

            return PAGES

        pages = await self._loaded(load)
        kind = pages[page] if page is not None else next(iter(pages.values()))
        front = self._app.screen
        open_here = [one for one in self._app.screen_stack if isinstance(one, kind) and one.setup is setup]
        if not open_here and type(front) is kind and front.setup.site == setup.site:  # such as a second Enter
            open_here = [front]
        if not open_here:
            await self._app.push_screen(kind(setup, key))
            return
        while self._app.screen is not open_here[-1]:
            self._app.pop_screen()  # not awaited: the page that calls this is among those that close
        if key:
            await open_here[-1].reveal(key)

    async def open_settings(self, site: str) -> None:
        """Open the page with all settings of a site."""
        from piwizard.setup.site_form import FormPage

        await self.open_setup(site, FormPage.ALL)

    async def open_install(self, run: str, site: str | None = None) -> None:
        """Show a run: its stages, then its result."""

        def load() -> type:
            from piwizard.screens.home.install_page import InstallPage

            return InstallPage

        await self._replace(load, run, site)

    async def open_result(self, site: str | None) -> None:
        """Show a run's result: the router by hand if that is left, else the address."""

        def load() -> type:
            from piwizard.screens.home.done_page import DonePage
            from piwizard.screens.home.router_page import RouterPage

            try:
                left = bool(site and self._service.waits_for_router(site))
            except PiwizardError:  # the page itself says why the answers cannot be read
                left = False
            return RouterPage if left else DonePage

        if site is None:
            await self.open_home()
        else:
            await self._replace(load, site)

    async def open_done(self, site: str) -> None:
        """Show the address of a site that is installed."""

        def load() -> type:
            from piwizard.screens.home.done_page import DonePage

            return DonePage

        await self._replace(load, site)

    async def open_failure(self, site: str | None, run: str | None = None) -> None:
        """Show why a site's last run failed, or the router's steps if only they are left."""

        def load() -> type:
            from piwizard.screens.home.failure_page import FailurePage

            return FailurePage

        def load_router() -> type:
            from piwizard.screens.home.router_page import RouterPage

            return RouterPage

        if site is not None and await run_in_thread(partial(self._at_router, site)):
            await self._replace(load_router, site)
        else:
            await self._replace(load, run or self._service.last_run() or "", site)

    def _at_router(self, site: str) -> bool:
        try:
            return self._service.failed_at_router(site)
        except PiwizardError:  # the page itself says why the answers cannot be read
            return False

    async def retry(self, run: str, site: str | None) -> None:
        """Try the steps of a run again, with the newest commit.

        Ask only if that replaces files that were edited by hand.
        """
        host = self._host
        host.notify_line("Fetching the newest commit…", "dim")

        async def planned(proposal: Proposal) -> None:
            host.notify_line("")
            if proposal.edited:
                await self.confirm(lambda: proposal, site)
            elif proposal.plans:
                await self._start(proposal, site)
            else:
                await self.open_result(site)

        host.run_in_background(
            lambda: self._service.retrial(run),
            lambda proposal: host.start(partial(planned, proposal), "retry"),
            group="plan",
        )

    async def continue_setup(self, site: str) -> None:
        """Install what is left of a site, after a confirmation."""
        await self.confirm(lambda: self._service.remaining(site), site)

    async def show_code(self, address: str) -> None:
        """Show an address as a QR code."""
        from piwizard.screens.home.code_page import CodePage

        if not isinstance(self._app.screen, CodePage):  # else Enter was pressed twice
            await self._app.push_screen(CodePage(address))

    @property
    def _host(self) -> HostScreen:
        from piwizard.screens.host_screen import HostScreen

        return next(screen for screen in reversed(self._app.screen_stack) if isinstance(screen, HostScreen))

    async def open_log(self, run: str | None = None, *, search: bool = False) -> None:
        """Open the log of a run, by default the current or the last one."""

        def load() -> type:
            from piwizard.screens.home.run_log_page import RunLogPage

            return RunLogPage

        chosen = run or self._service.under_way() or self._service.last_run()
        if chosen is not None:
            await self._push(load, chosen, search=search)

    async def open_app_log(self, site: str) -> None:
        """Open what an app prints, live."""

        def load() -> type:
            from piwizard.screens.home.app_log_page import AppLogPage

            return AppLogPage

        await self._push(load, site)

    async def open_site(self, site: str) -> None:
        """Open everything that can be done with a site."""

        def load() -> type:
            from piwizard.screens.home.site_page import SitePage

            return SitePage

        await self._push(load, site)

    async def open_versions(self, site: str) -> None:
        """Open the releases of a site, with the way back to each."""

        def load() -> type:
            from piwizard.screens.home.versions_page import VersionsPage

            return VersionsPage

        await self._push(load, site)

    async def open_backups(self) -> None:
        """Open the state and the list of the backups."""

        def load() -> type:
            from piwizard.screens.home.backups_page import BackupsPage

            return BackupsPage

        await self._push(load)

    async def open_sheet(self) -> None:
        """Open the recovery sheet of the backups."""

        def load() -> type:
            from piwizard.screens.home.sheet_page import SheetPage

            return SheetPage

        await self._push(load)

    async def open_undo(self, site: str) -> None:
        """Open the steps of a site that can be undone."""

        def load() -> type:
            from piwizard.screens.home.undo_page import UndoPage

            return UndoPage

        await self._push(load, site)

    async def open_removal(self, site: str, step: str | None = None) -> None:
        """Say what the undo of a step or the removal of a site means, and ask."""

        def load() -> type:
            from piwizard.screens.home.confirm_undo import ConfirmUndoPage

            return ConfirmUndoPage

        await self._push(load, site, step)

    async def open_activity(self) -> None:
        """Open the list of all runs."""

        def load() -> type:
            from piwizard.screens.home.activity_page import ActivityPage

            return ActivityPage

        await self._push(load)

    async def open_checkup(self) -> None:
        """Open the checkup, which runs its checks at once."""

        def load() -> type:
            from piwizard.screens.home.checkup_page import CheckupPage

            return CheckupPage

        await self._push(load)

    async def open_deploy_key(self, site: str) -> None:
        """Open the deploy key of a site, where to add it, and the test whether it works."""
        from piwizard.setup.site_form import FormPage

        await self.open_setup(site, FormPage.KEY)

    async def open_doctor(self, site: str) -> None:
        """Open the diagnosis of a site, which starts at once."""

        def load() -> type:
            from piwizard.screens.home.doctor_page import DoctorPage

            return DoctorPage

        await self._push(load, site)

    async def deploy(self, site: str) -> None:
        """Show what the newest commit of a site changes; install it after a confirmation."""
        await self.confirm(lambda: self._service.deployment(site), site)

    async def confirm(self, plan: Callable[[], Proposal], site: str | None) -> None:
        """Show a plan, and install it after a confirmation."""

        def load() -> type:
            from piwizard.screens.home.confirm_run import ConfirmRun

            return ConfirmRun

        page = await self._loaded(load)
        if not isinstance(self._app.screen, page):  # else Enter was pressed twice
            self._app.push_screen(page(plan), lambda answer: self._confirmed(answer, site))

    async def _confirmed(self, answer: Any, site: str | None) -> None:  # noqa: ANN401 — a proposal, or why there is none
        if isinstance(answer, PiwizardError):
            self._notify(answer)
        elif answer is not None:
            await self._start(answer, site)

    async def _start(self, proposal: Proposal, site: str | None) -> None:
        """Start a run and show it, or say why it cannot start: another one may have begun meanwhile."""
        try:
            run = await run_in_thread(partial(self._service.start, proposal))
        except (PiwizardError, OSError) as error:
            self._notify(error)
        else:
            await self.open_install(run, site)

    def _notify(self, error: PiwizardError | OSError) -> None:
        """Show an error on the page in front."""
        from piwizard.screens.home.checkup_page import CheckupPage
        from piwizard.screens.host_screen import HostScreen

        pages = (one for one in reversed(self._app.screen_stack) if isinstance(one, (HostScreen, CheckupPage)))
        next(pages).notify_line(sentence_of(error))

    def stop_run(self) -> None:
        """Ask for confirmation, then stop the current run."""
        from piwizard.screens.yes_no_dialog import YesNoDialog

        run = self._service.under_way()

        async def answered(yes: bool | None) -> None:
            if yes and run:
                try:
                    await run_in_thread(partial(self._service.stop, run))
                except (PiwizardError, OSError) as error:
                    self._notify(error)

        if run:
            question = "Stop the current run? What is installed stays, and you can continue it later."
            self._app.push_screen(YesNoDialog(question, "Stop", "Keep installing"), answered)

    async def _save_answers(self) -> None:
        """Save what is being typed on pages that are about to close."""
        from piwizard.screens.textual_app import KeepsAnswers

        for screen in tuple(self._app.screen_stack):
            if isinstance(screen, KeepsAnswers):
                await screen.flush_answers()

    async def _loaded(self, load: Callable[[], Loaded]) -> Loaded:
        """Return what a page needs, and say so if that takes long."""
        host = self._host
        timer = host.set_timer(SECONDS_UNTIL_NOTICE, partial(host.notify_line, OPENING, "dim"))
        try:
            return await run_in_thread(load)
        finally:
            timer.stop()
            if str(host.notice.content).strip() == OPENING:
                host.notify_line("")

    async def _replace(self, load: Callable[[], type], *words: object) -> None:
        """Open a page of a run, in place of another one."""
        kind = await self._loaded(load)
        page = kind(self._service, *words)
        page.add_class(RUN_PAGE)
        if self._app.screen.has_class(RUN_PAGE):
            self._app.switch_screen(page)  # not awaited: as above
        else:
            await self._app.push_screen(page)

    async def _push(self, load: Callable[[], type], *words: object, **options: object) -> None:
        """Open a page whose module takes long to load, unless it is in front already.

        `words` are what it shows, `options` how.
        """
        kind = await self._loaded(load)
        front = self._app.screen
        if type(front) is not kind or self._opened_for.get(front) != words:
            page = kind(self._service, *words, **options)
            self._opened_for[page] = words
            await self._app.push_screen(page)
