"""Wait for a visit from the Internet, which nginx notes in the site's log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from piwizard.nginx.access_log import Visit
    from piwizard.screens.screen_service import ScreenService


class VisitWatch:
    """Knows since when to wait."""

    def __init__(self, service: ScreenService, site: str) -> None:
        self._service, self._site = service, site
        self._since = datetime.now(UTC).replace(microsecond=0)

    def find(self) -> Visit | None:
        """Return the first visit since then. Reads the log; run it in a thread."""
        return self._service.visit_from_outside(self._site, self._since)
