"""Open the pages, which are loaded when they are first opened.

Pages know each other only by this module: a page names where to go, not how the other page is built.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread
from piwizard.screens.page_stack import PageStack
from piwizard.screens.run_control import RunControl
from piwizard.setup.form_page import FormPage, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import App
    from textual.screen import Screen

    from piwizard.screens.main_screen import MainScreen
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.setup.setup_page import SetupPage
    from piwizard.screens.setup.site_setup import SiteSetup

DONE, ROUTER = "done_page:DonePage", "router_page:RouterPage"


class Navigator:
    """Opens pages above the first one."""

    def __init__(self, app: App[str], service: ScreenService) -> None:
        self._service = service
        self._pages = PageStack(app, service)
        self.runs = RunControl(service, self._pages, self)

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

        await self._pages.save_answers()
        if overview := self._pages.find(lambda one: isinstance(one, OverviewPage)):
            self._pages.return_to(overview)
        else:
            self._pages.close_all()
            await self._pages.push(OverviewPage(self._service))

    async def open_steps(self, step: str = "") -> None:
        """Open the page of all steps, to run single ones, at a step if one is named."""

        def load() -> type[MainScreen]:
            from piwizard.screens.main_screen import MainScreen

            return MainScreen

        kind = await self._pages.load(load)
        page = self._pages.find(lambda one: isinstance(one, kind))
        if page is not None:
            await self._pages.save_answers()
            self._pages.return_to(page)
        else:
            page = kind(self._service)
            await self._pages.push(page)
        if step:
            assert isinstance(page, kind)
            page.show_step(step)

    async def open_setup(self, site: str | None = None, page: FormPage | None = None, key: str = "") -> None:
        """Open the setup of a site or a new one, at a page and the field of a key."""
        from piwizard.screens.setup.site_setup import SiteSetup

        if key and page is None:
            page = page_of(key)
        await self.open_setup_page(SiteSetup(self._service, site), page, key)

    async def open_setup_page(self, setup: SiteSetup, page: FormPage | None, key: str = "") -> None:
        """Open a page of a setup, or return to it if it is open already."""

        def load() -> Mapping[FormPage, type[SetupPage]]:
            from piwizard.screens.setup.pages import PAGES

            return PAGES

        pages = await self._pages.load(load)
        kind = pages[page] if page is not None else next(iter(pages.values()))
        front = self._pages.front
        open_here = self._pages.find(lambda one: isinstance(one, kind) and one.setup is setup)
        if open_here is None and type(front) is kind and front.setup.site == setup.site:  # such as a second Enter
            open_here = front
        if open_here is None:
            await self._pages.push(kind(setup, key))
            return
        self._pages.return_to(open_here)
        if key:
            assert isinstance(open_here, kind)
            await open_here.reveal(key)

    async def open_settings(self, site: str) -> None:
        """Open the page with all settings of a site."""
        await self.open_setup(site, FormPage.ALL)

    async def open_install(self, run: str, site: str | None = None) -> None:
        """Show a run: its stages, then its result."""
        await self._pages.load_and_replace("install_page:InstallPage", run, site)

    async def open_result(self, site: str | None) -> None:
        """Show a run's result: the router by hand if that is left, else the address."""
        if site is None:
            await self.open_home()
        else:
            left = await run_in_thread(partial(_answer_or_no, self._service.waits_for_router, site))
            await self._pages.load_and_replace(ROUTER if left else DONE, site)

    async def open_done(self, site: str) -> None:
        """Show the address of a site that is installed."""
        await self._pages.load_and_replace(DONE, site)

    async def open_failure(self, site: str | None, run: str | None = None) -> None:
        """Show why a site's last run failed, or the router's steps if only they are left."""
        if site is not None and await run_in_thread(partial(_answer_or_no, self._service.failed_at_router, site)):
            await self._pages.load_and_replace(ROUTER, site)
        else:
            shown = run or self._service.last_run() or ""
            await self._pages.load_and_replace("failure_page:FailurePage", shown, site)

    async def show_code(self, address: str) -> None:
        """Show an address as a QR code."""
        from piwizard.screens.home.code_page import CodePage

        if not isinstance(self._pages.front, CodePage):  # else Enter was pressed twice
            await self._pages.push(CodePage(address))

    async def open_log(self, run: str | None = None, *, search: bool = False) -> None:
        """Open the log of a run, by default the current or the last one."""
        chosen = run or self._service.under_way() or self._service.last_run()
        if chosen is not None:
            await self._pages.load_and_push("run_log_page:RunLogPage", chosen, search=search)

    async def open_app_log(self, site: str) -> None:
        """Open what an app prints, live."""
        await self._pages.load_and_push("app_log_page:AppLogPage", site)

    async def open_site(self, site: str) -> None:
        """Open everything that can be done with a site."""
        await self._pages.load_and_push("site_page:SitePage", site)

    async def open_router(self, site: str) -> None:
        """Open what to enter in the router by hand."""
        await self._pages.load_and_push(ROUTER, site)

    async def open_versions(self, site: str) -> None:
        """Open the releases of a site, with the way back to each."""
        await self._pages.load_and_push("versions_page:VersionsPage", site)

    async def open_backups(self) -> None:
        """Open the state and the list of the backups."""
        await self._pages.load_and_push("backups_page:BackupsPage")

    async def open_sheet(self) -> None:
        """Open the recovery sheet of the backups."""
        await self._pages.load_and_push("sheet_page:SheetPage")

    async def open_deploys(self, site: str) -> None:
        """Open what starts deploys of a site by itself."""
        await self._pages.load_and_push("deploys_page:DeploysPage", site)

    async def open_alerts(self) -> None:
        """Open the problems and the last alerts."""
        await self._pages.load_and_push("alerts_page:AlertsPage")

    async def open_updates(self) -> None:
        """Open what was updated lately."""
        await self._pages.load_and_push("updates_page:UpdatesPage")

    async def open_report(self) -> None:
        """Open the report for people who help, before it is written."""
        await self._pages.load_and_push("report_page:ReportPage")

    async def open_undo(self, site: str) -> None:
        """Open the steps of a site that can be undone."""
        await self._pages.load_and_push("undo_page:UndoPage", site)

    async def open_removal(self, site: str, step: str | None = None) -> None:
        """Say what the undo of a step or the removal of a site means, and ask."""
        await self._pages.load_and_push("confirm_undo:ConfirmUndoPage", site, step)

    async def open_full_undo(self) -> None:
        """Say what undoing everything means, and ask."""
        await self._pages.load_and_push("confirm_full_undo:ConfirmFullUndoPage")

    async def open_activity(self) -> None:
        """Open the list of all runs."""
        await self._pages.load_and_push("activity_page:ActivityPage")

    async def open_checkup(self) -> None:
        """Open the checkup, which runs its checks at once."""
        await self._pages.load_and_push("checkup_page:CheckupPage")

    async def open_deploy_key(self, site: str) -> None:
        """Open the deploy key of a site, where to add it, and the test whether it works."""
        await self.open_setup(site, FormPage.KEY)

    async def open_rehearsal(self) -> None:
        """Open a rehearsal, which starts at once."""
        await self._pages.load_and_push("rehearsal_page:RehearsalPage")

    async def open_pi_restore(self) -> None:
        """Open the restore of this Pi from the backup of a broken one."""
        await self._pages.load_and_push("pi_restore_page:PiRestorePage")

    async def open_doctor(self, site: str | None = None) -> None:
        """Open the diagnosis of a site or of everything, which starts at once."""
        await self._pages.load_and_push("doctor_page:DoctorPage", site)


def _answer_or_no(ask: Callable[[str], bool], site: str) -> bool:
    try:
        return ask(site)
    except PiwizardError:  # the page that opens says why the answers cannot be read
        return False
