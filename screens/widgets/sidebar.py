"""List the steps under their headings, each with the symbol of its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType

from piwizard.screens.messages import SiteHighlighted, SiteWanted, StepHighlighted, StepOpened
from piwizard.screens.symbols import JOB_SYMBOL, STYLES
from piwizard.screens.widgets.row_list import RowList
from piwizard.setup.state_symbols import STATE_SYMBOLS

if TYPE_CHECKING:
    from piwizard.setup.status import Status
    from piwizard.steps.registry import StepInstance


class AddSite:
    """The last row, which adds a site."""


ADD_SITE = AddSite()
if TYPE_CHECKING:
    Row = StepInstance | str | AddSite
    """A step, a heading, or the row that adds a site."""


class Sidebar(RowList):
    """The list of all steps, of which one is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,right,space", "open", "open")]

    def __init__(self) -> None:
        super().__init__(id="sidebar")
        self._rows: list[Row] = []
        self._states: dict[StepInstance, str] = {}
        self._notes: dict[StepInstance, str] = {}
        self._waiting: set[StepInstance] = set()

    @property
    def chosen(self) -> StepInstance | None:
        """Return the chosen step."""
        found = self._row
        return None if found is None or isinstance(found, (str, AddSite)) else found

    @property
    def _row(self) -> Row | None:
        return self._rows[self.active] if self.active < len(self._rows) else None

    def show(self, instances: tuple[StepInstance, ...], statuses: tuple[Status, ...]) -> None:
        """Show these steps and their states; the chosen one stays chosen."""
        before = self._row
        self._states = {status.instance: status.state for status in statuses}
        self._waiting = {status.instance for status in statuses if status.waits}
        self._rows, self._notes = list(_with_headings(instances)), {}
        self.changed()
        same = [number for number, row in enumerate(self._rows) if row == before]
        if before and not same:
            same = [number for number, row in enumerate(self._rows) if _name(row) == _name(before)]
        self.go(same[0] if same else 0)
        if before != self._row:
            self.activated()

    def mark(self, instance: StepInstance, state: str, note: str = "") -> None:
        """Show another state of a step, with `note` on the right."""
        if (self._states.get(instance), self._notes.get(instance, "")) != (state, note):
            self._states[instance], self._notes[instance] = state, note
            self.refresh()

    def choose(self, step: str, site: str | None) -> None:
        """Choose a step."""
        for number, row in enumerate(self._rows):
            if not isinstance(row, (str, AddSite)) and row.step.name == step and site in (row.site, None):
                self.go(number)
                return

    @property
    def steps(self) -> list[StepInstance]:
        """Return all steps, in order."""
        return [row for row in self._rows if not isinstance(row, (str, AddSite))]

    def state(self, instance: StepInstance) -> str:
        """Return the state that is shown for a step."""
        return self._states.get(instance, "todo")

    def waits(self, instance: StepInstance) -> bool:
        """Return whether a step is optional and not set up."""
        return instance in self._waiting and self.state(instance) == "todo"

    def count(self) -> int:
        return len(self._rows)

    def can_be_active(self, number: int) -> bool:
        return not isinstance(self._rows[number], str)

    def row(self, number: int) -> list[Segment]:
        row = self._rows[number]
        if isinstance(row, str):
            return [Segment(set_cell_size(f" {row}", self.room), Style(bold=True))]
        if isinstance(row, AddSite):
            return [Segment(" ▸" if number == self.active else "  "), Segment("+ Add a site")]
        state = self._states.get(row, "todo")
        style = Style.parse(STYLES[state])
        note = self._notes.get(row, "")
        lead = " ▸" if number == self.active else "  "
        title = set_cell_size(f" {row.step.title}", max(1, self.room - 3 - (cell_len(note) + 1 if note else 0)))
        end = [Segment(f" {note}", style)] if note else []
        plain = Style.parse("dim") if state == "skipped" or self.waits(row) else Style()
        return [
            Segment(lead),
            Segment(JOB_SYMBOL if state == "running" and row.step.background else STATE_SYMBOLS[state], style),
            Segment(title, plain),
            *end,
        ]

    def activated(self) -> None:
        if self.chosen:
            self.post_message(StepHighlighted(self.chosen))
        elif self._row is ADD_SITE:
            self.post_message(SiteHighlighted())

    def action_open(self) -> None:
        if self.chosen:
            self.post_message(StepOpened(self.chosen))
        elif self._row is ADD_SITE:
            self.post_message(SiteWanted())


def _name(row: Row) -> str:
    return "" if isinstance(row, (str, AddSite)) else row.step.name


def _with_headings(instances: tuple[StepInstance, ...]) -> list[Row]:
    rows: list[Row] = []
    sites = {instance.site for instance in instances if instance.site}
    several = len(sites) > 1
    before = ""
    for instance in instances:
        heading = f"{instance.step.heading}: {instance.site}" if several and instance.site else instance.step.heading
        if heading != before:
            rows.append(heading)
            before = heading
        rows.append(instance)
    return [*rows, ADD_SITE] if sites else rows
