"""Show the current run in two lines: its progress, and its last output."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.run_progress import RunProgress, duration


class RunBar(Widget):
    """The progress of a run, visible only while something runs."""

    def __init__(self) -> None:
        super().__init__(id="runline")
        self._text = Text()
        self.display = False

    def show(self, progress: RunProgress | None, title: str = "", usual: float = 0.0) -> None:
        """Show the progress of a run, or hide it if None. `usual` is in seconds."""
        self.display = progress is not None
        if progress is None:
            return
        where = f"change {progress.number} of {progress.changes}" if progress.changes else "preparing the plan"
        verb = "Undo " if progress.undo else ""
        parts = [f"{verb}{title}: {where}", duration(progress.seconds())]
        if usual and not progress.undo:
            parts.append(f"usually {duration(usual)}")
        text = Text(" ● ", "bold blue").append(" · ".join(parts), "bold")
        text.append(f"\n   {clean(progress.last_line or progress.change)}", "dim")
        if text.plain != self._text.plain:
            self._text = text
            self.refresh()

    def render(self) -> Text:
        lines = self._text.split("\n")
        for line in lines:
            line.truncate(max(1, self.size.width - 1), overflow="ellipsis")
        return Text("\n").join(lines)
