"""Start runs after a confirmation, and stop them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from piwizard.screens.navigator import Navigator
    from piwizard.screens.page_stack import PageStack
    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.service import Proposal


class RunControl:
    """Shows what a run would change, asks, starts the run and opens its page."""

    def __init__(self, service: ScreenService, pages: PageStack, navigator: Navigator) -> None:
        self._service, self._pages, self._navigator = service, pages, navigator

    async def deploy(self, site: str) -> None:
        """Show what the newest commit of a site changes; install it after a confirmation."""
        await self.confirm(lambda: self._service.deployment(site), site)

    async def continue_setup(self, site: str) -> None:
        """Install what is left of a site, after a confirmation."""
        await self.confirm(lambda: self._service.remaining(site), site)

    async def retry(self, run: str, site: str | None) -> None:
        """Try the steps of a run again, with the newest commit.

        Ask only if that replaces files that were edited by hand.
        """
        host = self._pages.host
        host.notify_line("Fetching the newest commit…", "dim")

        async def planned(proposal: Proposal) -> None:
            host.notify_line("")
            if proposal.edited:
                await self.confirm(lambda: proposal, site)
            elif proposal.plans:
                await self._start(proposal, site)
            else:
                await self._navigator.open_result(site)

        host.run_in_background(
            lambda: self._service.retrial(run),
            lambda proposal: host.start(partial(planned, proposal), "retry"),
            group="plan",
        )

    async def confirm(self, plan: Callable[[], Proposal], site: str | None) -> None:
        """Show a plan, and install it after a confirmation."""

        def load() -> type:
            from piwizard.screens.home.confirm_run import ConfirmRun

            return ConfirmRun

        page = await self._pages.load(load)
        if not isinstance(self._pages.front, page):  # else Enter was pressed twice
            self._pages.ask(page(plan), lambda answer: self.confirmed(answer, site))

    async def confirmed(self, answer: Any, site: str | None) -> None:  # noqa: ANN401 — a proposal, or why there is none
        """Start what was confirmed, or show why it cannot be planned."""
        if isinstance(answer, PiwizardError):
            self._pages.show_error(answer)
        elif answer is not None:
            await self._start(answer, site)

    async def _start(self, proposal: Proposal, site: str | None) -> None:
        """Start a run and show it, or say why it cannot start: another one may have begun meanwhile."""
        try:
            run = await run_in_thread(partial(self._service.start, proposal))
        except (PiwizardError, OSError) as error:
            self._pages.show_error(error)
        else:
            await self._navigator.open_install(run, site)

    def stop(self) -> None:
        """Ask for confirmation, then stop the current run."""
        from piwizard.screens.yes_no_dialog import YesNoDialog

        run = self._service.under_way()

        async def answered(yes: bool | None) -> None:
            if yes and run:
                try:
                    await run_in_thread(partial(self._service.stop, run))
                except (PiwizardError, OSError) as error:
                    self._pages.show_error(error)

        if run:
            question = "Stop the current run? What is installed stays, and you can continue it later."
            self._pages.ask(YesNoDialog(question, "Stop", "Keep installing"), answered)
