"""Show the recovery sheet, with which a new Pi can restore everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from piwizard.screens.page import Page
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.pending_text import PendingText
from piwizard.screens.widgets.qr_code import qr_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.backups.recovery_sheet import RecoverySheet
    from piwizard.screens.screen_service import ScreenService

INTRODUCTION = (
    "Write this down or scan it, and keep it in another place than this Pi. Whoever has "
    "it can read your backups. On a new Pi, `sudo piwizard restore` asks for it.\n"
)


class SheetPage(Page):
    """The target and the passphrase of the backups, also as a QR code."""

    TITLE = "Recovery sheet"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.leave", "quit"),
        Binding("up", "scroll_body(-1)", "scroll", key_display="↑↓"),
        Binding("down", "scroll_body(1)", show=False),
    ]

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="sheet")
        self.text = PendingText("Reading the recovery sheet…")
        self.code = Static(markup=False)

    def body(self) -> Iterable[Widget]:
        yield self.text
        yield self.code

    def buttons(self) -> Sequence[tuple[str, str]]:
        return (("back", "Back"), ("saved", "I have saved it"))

    def on_mount(self) -> None:
        self.call_after_refresh(self.focus_button, "back")
        self.read_for(self.text, self.service.recovery_sheet, self._show, group="sheet")

    def _show(self, sheet: RecoverySheet) -> None:
        text = Text(INTRODUCTION)
        for label, value in sheet.rows:
            text.append(f"\n{label:<12}", "dim").append(clean(value), "bold")
        self.text.update(text.append("\n"))
        self.code.update(qr_code(sheet.text, only_ascii=self.only_ascii))

    def action_saved(self) -> None:
        """Record that the sheet is kept elsewhere, and go back."""
        self.run_in_background(self.service.sheet_saved, lambda _: self.action_back(), group="saved")
