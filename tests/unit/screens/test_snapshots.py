"""Compare each main screen with its text snapshot: three sizes, and ASCII.

By day at 80x24, then in a smaller window of the same app. The other sizes, ASCII and the colours of a light terminal
follow at night: each needs an app of its own.

PIWIZARD_SNAPSHOTS=write writes them again; review the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from piwizard.diagnosis import checkup as diagnosis
from piwizard.diagnosis.findings import Finding
from piwizard.screens.symbols import AsciiFilter
from piwizard.system.remedies import Advice
from tests.unit.screens.conftest import Seen, opened

pytestmark = pytest.mark.asyncio
KEPT = Path(__file__).parent / "snapshots"
DAY_SIZE, SMALL_SIZE = (80, 24), (60, 20)
SIZES = [
    pytest.param(DAY_SIZE, id="80x24"),
    pytest.param(SMALL_SIZE, id="60x20", marks=pytest.mark.nightly),
    pytest.param((120, 40), id="120x40", marks=pytest.mark.nightly),
]
FOUND = [
    Finding("port-served", "port 80", True, "nginx"),
    Finding("port-served", "port 443", False, "no listener",
            fix=(Advice("`piwizard apply nginx site` starts it."),)),
    Finding("ssl-labs-grade", "grade", True, "A+ predicted at SSL Labs: TLS 1.3, 93 points, HSTS for 730 days; the "
            "certificate is whole and trusted", site="myflask"),
    Finding("clock-correct", "time", True, "0 s from the Internet's"),
]  # fmt: skip
CHANGING = [
    (re.compile(r"\d+\.\d s"), "0.0 s"),
    (re.compile(r"\d+ \w{3} \d{4}, \d\d:\d\d"), "1 Jan 2026, 00:00"),
    (re.compile(r"/tmp/pi-\w{8}"), "/tmp/pi-12345678"),
]


async def questions(seen: Seen) -> None:
    await seen.go_to("ddns")
    await seen.keys("enter", "right")
    await seen.until(lambda: "Provider saved" in seen.text(), "the answer to be kept")
    await seen.settle()


async def plan(seen: Seen) -> None:
    await seen.go_to("nginx")
    await seen.keys("enter", "2")
    await seen.see("2 changes.")
    await seen.keys("enter")


async def run_system(seen: Seen) -> None:
    await seen.go_to("system")
    await seen.run()


async def confirm(seen: Seen) -> None:
    await seen.go_to("app")
    await seen.press("run")
    await seen.see("Install now?")


async def log(seen: Seen) -> None:
    (seen.folder / "fail-system").touch()
    await run_system(seen)
    await seen.see("failed in")
    await seen.until(lambda: seen.main.monitor.live is None)
    await seen.settle()


async def failed(seen: Seen) -> None:
    await log(seen)
    await seen.keys("1")
    await seen.see("Try again")


async def checks(seen: Seen) -> None:
    (seen.folder / "failing-nginx").touch()
    await seen.go_to("nginx")
    await seen.keys("enter", "4")
    await seen.see("1 problem, 1 check passed.")


async def checkup(seen: Seen) -> None:
    await seen.app.navigator.open_checkup()
    await seen.see("1 problem, 3 checks passed.")


async def help_page(seen: Seen) -> None:
    await seen.keys("question_mark")
    await seen.see("Keys here")


SCREENS: list[Callable[[Seen], Awaitable[None]]] = [
    questions, plan, confirm, log, failed, checks, checkup, help_page,
]  # fmt: skip


def compare(name: str, text: str) -> None:
    for pattern, words in CHANGING:
        text = pattern.sub(words, text)
    text = "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
    file = KEPT / f"{name}.txt"
    if os.environ.get("PIWIZARD_SNAPSHOTS") == "write":
        KEPT.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.__name__)
async def test_screen_equals_snapshot(screen, size, site, monkeypatch):
    monkeypatch.setattr(diagnosis, "examine", lambda: FOUND)
    async with opened(site, size) as seen:
        await screen(seen)
        await compare_sizes(seen, screen.__name__, size)


@pytest.mark.nightly
@pytest.mark.parametrize("screen", [questions, plan, log, checks, checkup, help_page], ids=lambda one: one.__name__)
async def test_ascii_screen_equals_snapshot(screen, site, monkeypatch):
    monkeypatch.setattr(diagnosis, "examine", lambda: FOUND)
    async with opened(site, plain=True) as seen:
        await screen(seen)
        strips = seen.app.screen._compositor.render_strips()
        filters = seen.app.get_line_filters()
        text = "\n".join(line.rstrip() for line in shown(strips, filters))
        assert text.isascii(), [char for char in text if not char.isascii()]
        compare(f"{screen.__name__}-ascii", text)


async def compare_sizes(seen: Seen, name: str, size: tuple[int, int]) -> None:
    """Compare a page with its snapshot at one size.

    After the size of the day, the window becomes small and the colours light: the page must fit and be readable.
    """
    lines = seen.lines()
    assert len(lines) == size[1]
    compare(f"{name}-{size[0]}x{size[1]}", "\n".join(lines))
    if size != DAY_SIZE:
        return
    await seen.pilot.resize_terminal(*SMALL_SIZE)
    await seen.until(lambda: len(seen.lines()) == SMALL_SIZE[1], "the small window")
    seen.app.switch_colors()
    await seen.pilot.pause()
    assert all(cell_len(line) <= SMALL_SIZE[0] for line in seen.lines())
    strips = seen.app.screen._compositor.render_strips()
    assert_colours_suit_any_background(strips)
    assert "\n".join(shown(strips, [AsciiFilter()])).isascii()


def assert_colours_suit_any_background(strips) -> None:
    """Check that only the terminal's own 16 colours are used, on its own background.

    A scroll bar is white on black in every terminal.
    """
    used = {style for strip in strips for _, style, _ in strip if style is not None}
    for style in used:
        assert style.color is None or style.color.is_default or style.color.number in range(16), style
        on_its_own = style.bgcolor is None or style.bgcolor.is_default
        assert on_its_own or (style.color is not None and {style.color.number, style.bgcolor.number} == {0, 7}), style


def shown(strips, filters) -> list[str]:
    from textual.color import Color

    lines = []
    for strip in strips:
        for one in filters:
            strip = strip.apply_filter(one, Color(0, 0, 0))  # noqa: PLW2901 — one filter over the other
        lines.append(strip.text)
    return lines
