"""Show what is wrong with a site and why, and fix what can be fixed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from piwizard.screens.home.checkup_page import CheckupPage
from piwizard.system.remedies import input_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.diagnosis.findings import Finding
    from piwizard.screens.screen_service import ScreenService


class DoctorPage(CheckupPage):
    """The findings of `piwizard doctor`, with a button that fixes them.

    They are those of one site, or of all.
    """

    WAITING = "Looking for problems and their causes. This takes a moment."

    def __init__(self, service: ScreenService, site: str | None = None) -> None:
        super().__init__(service)
        self._site = site
        self._fixable: tuple[Finding, ...] = ()
        self._missing: tuple[str, str | None] = ("", None)
        """The key of a missing answer, and its site."""

    def examine(self) -> list[Finding]:
        return self._service.diagnose(self._site)

    def helping(self, found: Sequence[Finding]) -> Sequence[tuple[str, str]]:
        self._fixable = tuple(one for one in found if one.fixable and self._belongs(one.site))
        asked = [(key, one.site) for one in found if one.asks and one.site for key in input_keys(one.fix)]
        self._missing = next((one for one in asked if self._belongs(one[1])), ("", None))
        buttons = []
        if self._missing[0]:
            buttons.append(("enter", f"Enter {self._missing[0].rpartition('.')[2]}"))
        if self._fixable:
            count = len(self._fixable)
            buttons.append(("fix", "Fix 1 problem" if count == 1 else f"Fix {count} problems"))
        return buttons

    def _belongs(self, site: str | None) -> bool:
        return self._site is None or site in (None, self._site)

    async def action_enter(self) -> None:
        """Open the field of the answer that is missing."""
        key, site = self._missing
        await self.navigator.open_setup(site, key=key)

    async def action_fix(self) -> None:
        """Show what the fixes change, and ask."""
        plan = partial(self._service.fixing, self._site, self._fixable)
        await self.navigator.runs.confirm(plan, self._site)
