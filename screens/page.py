"""Lay out a page: the rail, its content, its buttons, a notice and the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll

from piwizard.screens.closing import close
from piwizard.screens.host_screen import HostScreen
from piwizard.screens.messages import ActionPressed
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.key_line import KeyLine
from piwizard.screens.widgets.rail import Rail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    from textual.widget import Widget

    from piwizard.screens.navigator import Navigator
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.widgets.pending_text import PendingText
    from piwizard.system.facts import Facts

    Result = TypeVar("Result")


class Page(HostScreen):
    """A full screen with the same frame as all others.

    Subclasses yield their content in `body` and their buttons, the main one last, in `buttons`. A button calls the
    action of its name: "continue" calls `action_continue`.
    """

    TITLE = ""
    STAGE: ClassVar[int | None] = None
    """The index in `rail.FLOW`, None outside of a setup."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("pageup", "scroll_body(-10)", "page up", show=False),
        Binding("pagedown", "scroll_body(10)", "page down", show=False),
        Binding("home", "scroll_body(-1000)", "to the top", show=False),
        Binding("end", "scroll_body(1000)", "to the end", show=False),
    ]

    def __init__(self, service: ScreenService, *, kind: str) -> None:
        super().__init__(kind=kind)
        self.service = service
        self.rail = Rail(str(self.TITLE or ""), stage=self.STAGE)
        self.actions = Horizontal(id="page-actions")
        self._shown_title, self._machine = str(self.TITLE or ""), ""

    def compose(self) -> ComposeResult:
        yield self.rail
        with VerticalScroll(id="page-body", can_focus=False):
            yield from self.body()
            yield from self.beside()
        with self.actions:
            for name, label in self.buttons():
                yield ActionButton(name, label)
        yield self.notice
        yield KeyLine()

    def on_mount(self) -> None:
        self.call_later(self._name_machine)
        self.notify_line("")
        self.actions.display = bool(self.buttons())

    def _name_machine(self) -> None:
        """Show this machine in the first line also of a page that reads nothing of it."""
        from piwizard.screens.textual_app import PiwizardApp

        if not self.rail.machine and isinstance(self.app, PiwizardApp):
            if self.app.machine:
                self.rail.show(self.rail.title, self.app.machine)
            else:
                self.run_in_background(self.service.facts, self._show_facts, group="machine")

    def _show_facts(self, facts: Facts) -> None:
        self.show_machine(facts, self.rail.title)

    def body(self) -> Iterable[Widget]:
        """Return the content between the rail and the buttons."""
        return ()

    def beside(self) -> Iterable[Widget]:
        """Return the widgets beside the content of a wide window."""
        return ()

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Return names and labels of the buttons."""
        return ()

    @property
    def navigator(self) -> Navigator:
        """Return what opens other pages."""
        from piwizard.screens.textual_app import PiwizardApp

        assert isinstance(self.app, PiwizardApp)
        return self.app.navigator

    def show_machine(self, facts: Facts, title: str = "") -> None:
        """Show this machine in the first line, and another title if there is one."""
        from piwizard.screens.textual_app import PiwizardApp

        address = facts.network.address
        self._machine = f"{facts.hostname} · {address.address if address else 'no IP address'}"
        if isinstance(self.app, PiwizardApp):
            self.app.machine = self._machine
        self.show_title(title or self._shown_title)

    def show_title(self, title: str) -> None:
        """Show another title in the first line."""
        self._shown_title = title
        self.rail.show(title, self._machine)

    def read_machine(self) -> None:
        """Find out in the background what the first line says of this machine."""
        self.run_in_background(self.service.facts, self.show_machine, group="facts")

    def read_for(
        self, text: PendingText, work: Callable[[], Result], then: Callable[[Result], None], *, group: str
    ) -> None:
        """Read in the background what a text announces. If that fails, the text says why."""

        def refused(sentence: str) -> None:
            (text.refuse if text.pending else self.notify_line)(sentence)

        self.run_in_background(work, then, group=group, refused=refused)

    def focus_button(self, name: str) -> None:
        """Put the cursor on a button, if it is there."""
        if (button := self.button(name)) is not None:
            button.focus()

    async def show_buttons(self, buttons: Sequence[tuple[str, str]]) -> None:
        """Show other buttons."""
        await self.actions.remove_children()
        await self.actions.mount_all(ActionButton(name, label) for name, label in buttons)
        self.actions.display = bool(buttons)

    def button(self, name: str) -> ActionButton | None:
        """Return a button by its name."""
        return next((one for one in self.actions.query(ActionButton) if one.name == name), None)

    async def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        await self.app.run_action(event.name, self)

    def action_scroll_body(self, by: int) -> None:
        """Scroll what is between the rail and the buttons."""
        for body in self.query("#page-body, #overview-body"):
            body.scroll_relative(y=by, animate=False)

    def action_back(self) -> None:
        """Return to the page below, if there is one."""
        if len(self.app.screen_stack) > 1:
            close(self)
