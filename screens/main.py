"""The one screen that stays: what its keys and buttons do. Each kind of doing has a module of its own."""

from __future__ import annotations

import os
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker

from piwizard.screens.messages import ActionPressed
from piwizard.screens.pages.welcome_pages import WelcomeBackPage, WelcomePage
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.trying import Trying


class Main(Trying):
    """Frame, walking, looking, keeping answers, running, trying an address: each is one more layer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", show=False),
        Binding("a", "run_all", show=False),
        Binding("s", "stop", show=False),
        Binding("k", "skip", show=False),
        Binding("g", "look_again", show=False),
        Binding("o", "ending", show=False),
        Binding("c", "checkup", show=False),
        Binding("exclamation_mark", "shell", show=False),
    ]

    def __init__(
        self, backend: ScreenService, greeting: type[WelcomePage] | type[WelcomeBackPage] | None = None
    ) -> None:
        super().__init__(backend)
        self._greeting = greeting

    def on_mount(self) -> None:
        if self._greeting is not None:
            self.app.push_screen(self._greeting())
        self.look(thorough=False)

    def on_action_pressed(self, event: ActionPressed) -> None:
        match event.name:
            case "run":
                self.action_run()
            case "again":
                self.action_run(again=True)
            case "all":
                self.action_run_all()
            case "stop":
                self.action_stop()
            case "skip" | "unskip":
                self.action_skip()
            case "shell":
                self.action_shell()
            case "log" | "plan":
                self.action_tab(event.name.capitalize())

    def action_shell(self) -> None:
        """A shell in this terminal, and back."""
        from piwizard.system import commands, console

        with self.app.suspend():
            console.say("This is a shell as root. `exit` leads back to piwizard.")
            commands.interactive((os.environ.get("SHELL") or "/bin/sh",))
        self.app.refresh(layout=True)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        event.stop()
