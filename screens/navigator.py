"""Open the pages, which are loaded when they are first opened.

Pages know each other only by this module: a page names where to go, not how the other page is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.background import run_in_thread

if TYPE_CHECKING:
    from textual.app import App

    from piwizard.screens.screen_service import ScreenService


class Navigator:
    """Opens pages above the first one."""

    def __init__(self, app: App[str], service: ScreenService) -> None:
        self._app, self._service = app, service

    async def open_steps(self) -> None:
        """Open the page of all steps, to run single ones."""

        def load() -> type:
            from piwizard.screens.main_screen import MainScreen

            return MainScreen

        page = await run_in_thread(load)
        await self._app.push_screen(page(self._service))
