"""The last page: the address, what was set up where, and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from piwizard.screens.pages.text_page import TextPage, heading
from piwizard.screens.screen_service import MachineOverview
from piwizard.screens.symbols import SIGNS, STYLES
from piwizard.screens.widgets.key_bar import KeyHint
from piwizard.setup.status import addresses, all_set_up
from piwizard.tls.lineage import folders_in_use


class SummaryPage(TextPage):
    """What a person wants to know when all is done; or as far as it is done."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "checkup")]
    KEYS: ClassVar[tuple[KeyHint, ...]] = (("Enter", "go on"), ("↑↓", "scroll"), ("c", "checkup"), ("q", "leave"))

    def __init__(self, overview: MachineOverview, *, only_ascii: bool, checkup: Callable[[], None]) -> None:
        super().__init__()
        self._overview, self._only_ascii, self._checkup = overview, only_ascii, checkup

    def text(self) -> Text:
        text, overview = Text(), self._overview
        heading(text, "All is set up" if all_set_up(overview.statuses) else "As far as it is set up")
        for address in addresses(overview.statuses, overview.domains, folders_in_use()).values():
            text.append(f"\n  {address}\n\n", "bold underline")
            text.append(qr_code(address, only_ascii=self._only_ascii))
        lan = overview.facts.network.address
        if lan:
            text.append(f"\nThis machine is {lan.address} in your own network.\n")
        self._where(text)
        heading(text, "What comes next")
        for status in overview.statuses:
            if status.state not in ("done", "skipped"):
                text.append(f"  {SIGNS[status.state]} {status.place.step.title}", STYLES[status.state])
                text.append(f": {status.summary}\n" if status.summary else "\n")
        text.append("  • A new version of your app: `piwizard deploy`\n")
        text.append("  • Is everything well? The key c looks, and `piwizard checkup`; `piwizard doctor` mends\n")
        text.append("  • Back to how it was before a step: `piwizard undo STEP`\n")
        return text

    def action_checkup(self) -> None:
        self._checkup()

    def _where(self, text: Text) -> None:
        heading(text, "What is where")
        rows = [("Answers", "/etc/xdg/piwizard/answers.toml"), ("Records", "/var/log/piwizard/")]
        for site in self._overview.domains:
            rows += [
                (f"{site}: code", f"/srv/{site}/current/app"),
                (f"{site}: service", f"{site}.service, {site}.socket"),
                (f"{site}: nginx", f"/etc/nginx/sites-available/{site}"),
            ]
        for name, where in rows:
            text.append(f"  {name:<18} {where}\n")


def qr_code(words: str, *, only_ascii: bool) -> Text:
    """A QR code: dark on light whatever the terminal's colours are, two rows in one where there are half blocks."""
    import segno

    matrix = [[bool(dark) for dark in row] for row in segno.make(words, error="l", micro=False).matrix_iter(border=2)]
    text = Text()
    if only_ascii:
        for row in matrix:
            text.append("  ")
            for dark in row:
                text.append("##" if dark else "  ", "black on white")
            text.append("\n")
        return text
    light = [False] * len(matrix[0])
    if len(matrix) % 2:
        matrix.append(light)
    signs = {(False, False): " ", (True, True): "█", (True, False): "▀", (False, True): "▄"}
    for upper, lower in zip(matrix[::2], matrix[1::2], strict=True):
        text.append("  ")
        text.append("".join(signs[pair] for pair in zip(upper, lower, strict=True)), "black on white")
        text.append("\n")
    return text
