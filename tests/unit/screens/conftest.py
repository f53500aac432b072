"""Drive the app on a fake Pi with Textual's Pilot; wait for what is shown instead of sleeping."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from piwizard.apps import app_source
from piwizard.engine import run_launch
from piwizard.network import address_rollback, address_trial
from piwizard.network.address_trial import AddressTrial
from piwizard.screens import dialog
from piwizard.screens.main_screen import MainScreen
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.textual_app import PiwizardApp
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.steps import registry
from piwizard.system import facts, paths
from tests.unit.screens import fake_pi

MAX_TABS = 50
MAX_WAIT_SECONDS = 60.0


class Seen:
    """The app as a user sees it: keys in, lines out."""

    def __init__(self, pilot: Pilot[str], folder: Path) -> None:
        self.pilot, self.folder = pilot, folder

    @property
    def app(self) -> PiwizardApp:
        assert isinstance(self.pilot.app, PiwizardApp)
        return self.pilot.app

    @property
    def main(self) -> MainScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))

    def lines(self) -> list[str]:
        """Return the lines on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    def text(self) -> str:
        return "\n".join(self.lines())

    async def keys(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Send characters at once. Pilot's own keys wait for an idle process after each."""
        driver = self.app._driver
        assert driver is not None
        for char in text:
            key = Key(_character_to_key(char), char)
            key.set_sender(self.app)
            driver.send_message(key)
        await self.pilot.pause()

    async def until(self, what: Callable[[], object], words: str = "") -> None:
        """Wait until a condition is true."""
        end = time.monotonic() + MAX_WAIT_SECONDS
        while not what():
            assert self.app._exception is None, self.app._exception
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {words or what}:\n{self.text()}")
            await asyncio.sleep(0.02)
        await self.pilot.pause()

    async def see(self, words: str) -> None:
        """Wait until a text is on the screen."""
        await self.until(lambda: words in self.text(), repr(words))

    async def gone(self, words: str) -> None:
        await self.until(lambda: words not in self.text(), f"{words!r} to go")

    async def settle(self) -> None:
        """Wait until no question is loading and every answer is saved."""
        await self.main.answers._queue.join()
        await self.pilot.pause()  # the field is notified of the saved answer
        quiet = ("inspect", "ended", "ask", "tab", "outcome", "outcomes", "status", "start", "propose", "wait")
        await self.until(
            lambda: (
                self.main.inspection.overview is not None
                and not any(worker.group in quiet and not worker.is_finished for worker in self.app.workers)
            ),
            "the app to settle",
        )

    async def press(self, name: str) -> None:
        """Wait for a button, and press it."""
        await self.until(lambda: self._button(name), f"the button {name}")
        self._button(name).focus()
        await self.pilot.pause()
        await self.keys("enter")

    def _button(self, name: str) -> ActionButton | None:
        return next((one for one in self.app.screen.query(ActionButton) if one.name == name and one.display), None)

    async def run(self, button: str = "run") -> None:
        """Propose a run by a button of the step, and confirm the plan."""
        if self.main.navigation.tab != "Setup":
            self.main.navigation.choose_tab("Setup")
        await self.press(button)
        await self.see("Install now?")
        await self.press("yes")

    async def go_to(self, step: str) -> None:
        """Choose a step in the sidebar, and wait until everything about it is known."""
        self.main.sidebar.focus()
        self.main.sidebar.choose(step, None)
        await self.until(lambda: self.main.navigation.chosen and self.main.navigation.chosen.step.name == step)
        await asyncio.sleep(0.2)  # SETTLING_SECONDS
        await self.settle()


async def assert_cursor_is_on_each_focused_widget(seen: Seen) -> None:
    """Press Tab until the first widget has the focus again: the terminal's cursor is always on the focused one."""
    await seen.until(lambda: seen.app.screen.focused, "a widget with the focus")
    await seen.pilot.pause()
    first, walked = seen.app.screen.focused, 0
    while not walked or seen.app.screen.focused is not first:
        focused, walked = seen.app.screen.focused, walked + 1
        assert walked < MAX_TABS
        offset = seen.app.cursor_position
        widget, region = seen.app.screen.get_widget_at(*offset)
        assert widget is focused, f"{offset} is on {widget}, not on {focused}"
        assert region.contains_point(offset)
        await seen.keys("tab")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let dialogs take keys as soon as they are painted."""
    monkeypatch.setattr(dialog, "SECONDS_TO_READ_QUESTION", 0)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a fake Pi that is not set up. Its path has a fixed length, since screens show it."""
    folder = Path(mkdtemp(prefix="pi-", dir="/tmp"))
    monkeypatch.setattr(paths, "_dirs", paths._dirs)
    for module, names in (
        (registry, ["STEPS"]), (facts, ["gather"]), (app_source, ["find_source", "fetch_newest"]),
        (run_launch, ["start", "stop", "require_systemd"]),
    ):  # fmt: skip
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(fake_pi.CHECKOUT)]))
    fake_pi.install(folder)
    yield folder
    for run in paths.logs_dir().glob("*/pid"):
        try:
            os.killpg(int(run.read_text()), 9)
        except ProcessLookupError:
            continue
    rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def opened(folder: Path, size: tuple[int, int] = (80, 24), *, plain: bool = False, steps: bool = True):
    """Open the app and, unless `steps` is False, its page of all steps."""
    app = PiwizardApp(ScreenService(), plain=plain)
    async with app.run_test(size=size) as pilot:
        seen = Seen(pilot, folder)
        await seen.until(lambda: app.screen.focused)
        if steps:
            await app.navigator.open_steps()
            await seen.settle()
        yield seen


@pytest.fixture
def site(folder: Path) -> Path:
    """Return a fake Pi with all answers given."""
    file = folder / "etc" / "answers.toml"
    file.parent.mkdir()
    file.write_text(
        '[site]\nname = "myflask"\ndomains = ["myflask.example"]\n\n[app]\nrepo = "https://git.example/me/myflask.git"\n'
        '\n[ddns]\nhostname = "myflask.example"\n'
    )
    return folder


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AddressTrial:
    """Return an address on trial on the fake Pi, set on its interface."""
    monkeypatch.setattr(dialog, "SECONDS_TO_READ_QUESTION", 0)
    monkeypatch.setattr(address_trial, "trial_folder", lambda: tmp_path)
    monkeypatch.setattr(address_trial, "live_addresses", lambda interface: ["192.168.1.230"])
    monkeypatch.setattr(address_rollback, "_stop_timer", lambda command: None)
    now = AddressTrial("a1", "eth0", "192.168.1.230/24", "192.168.1.197", 180, time.monotonic() + 143)
    (tmp_path / "trial.json").write_text(json.dumps(asdict(now)))
    (tmp_path / "take-back").write_text("")
    address_trial.allow_confirmation(now)
    return now
