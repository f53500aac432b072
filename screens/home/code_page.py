"""Show an address as a QR code, large enough to scan."""

from __future__ import annotations

from rich.text import Text

from piwizard.screens.text_page import TextPage
from piwizard.screens.widgets.qr_code import qr_code


class CodePage(TextPage):
    """A QR code and its address."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def text(self) -> Text:
        only_ascii = bool(getattr(self.app, "only_ascii", False))
        return qr_code(self.address, only_ascii=only_ascii).append(f"\n{self.address}", "not reverse")
