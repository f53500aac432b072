"""Show the summary: addresses, file locations and next steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from piwizard.screens.pages.text_page import TextPage, heading
from piwizard.screens.screen_service import MachineOverview, titles
from piwizard.screens.symbols import STYLES, SYMBOLS
from piwizard.screens.widgets.key_bar import KeyHint
from piwizard.setup.status import addresses, all_set_up
from piwizard.tls.lineage import folders_in_use


class SummaryPage(TextPage):
    """The result when everything is set up, or the progress so far."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "checkup")]
    KEYS: ClassVar[tuple[KeyHint, ...]] = (("Enter", "continue"), ("↑↓", "scroll"), ("c", "checkup"), ("q", "quit"))

    def __init__(self, overview: MachineOverview, *, only_ascii: bool, checkup: Callable[[], None]) -> None:
        super().__init__()
        self._overview, self._only_ascii, self._checkup = overview, only_ascii, checkup

    def text(self) -> Text:
        text, overview = Text(), self._overview
        heading(text, "Your app is online" if all_set_up(overview.statuses) else "Progress so far")
        for address in addresses(overview.statuses, overview.domains, folders_in_use()).values():
            text.append("\n  ").append(address, "bold underline").append("\n\n")
            text.append(qr_code(address, only_ascii=self._only_ascii))
        lan = overview.facts.network.address
        if lan:
            text.append(f"\nThe local IP of this machine is {lan.address}.\n")
        self._file_locations(text)
        heading(text, "Next steps")
        for status, title in zip(overview.statuses, titles([one.place for one in overview.statuses]), strict=True):
            if status.state not in ("done", "skipped"):
                text.append(f"  {SYMBOLS[status.state]} {title}", STYLES[status.state])
                text.append(f": {status.summary}\n" if status.summary else "\n")
        text.append("  • Deploy a new version of your app: `piwizard deploy`\n")
        text.append("  • Run a check: press c, or run `piwizard checkup`; `piwizard doctor` suggests fixes\n")
        text.append("  • Undo a step: `piwizard undo STEP`\n")
        return text

    def action_checkup(self) -> None:
        self._checkup()

    def _file_locations(self, text: Text) -> None:
        heading(text, "File locations")
        rows = [("Answers", "/etc/xdg/piwizard/answers.toml"), ("Run logs", "/var/log/piwizard/")]
        for site in self._overview.domains:
            rows += [
                (f"{site}: code", f"/srv/{site}/current/app"),
                (f"{site}: service", f"{site}.service, {site}.socket"),
                (f"{site}: nginx", f"/etc/nginx/sites-available/{site}"),
            ]
        for name, where in rows:
            text.append(f"  {name:<18} {where}\n")


def qr_code(content: str, *, only_ascii: bool) -> Text:
    """Return a QR code, dark on light whatever colors the terminal has.

    Half blocks put two rows into one.
    """
    import segno

    matrix = [[bool(dark) for dark in row] for row in segno.make(content, error="l", micro=False).matrix_iter(border=2)]
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
    blocks = {(False, False): " ", (True, True): "█", (True, False): "▀", (False, True): "▄"}
    for upper, lower in zip(matrix[::2], matrix[1::2], strict=True):
        text.append("  ")
        text.append("".join(blocks[pair] for pair in zip(upper, lower, strict=True)), "black on white")
        text.append("\n")
    return text
