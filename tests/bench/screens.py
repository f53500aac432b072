"""The screens against a Textual hello world: first paint, memory, bytes over the line; and a million lines.

python -m tests.bench.screens            prints a table with the targets
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.lab.dialogue import Dialogue
from tests.lab.terminal import Terminal

ROUNDS, ROUNDS_AT_REST = 5, 25
LINES = 1_000_000
SEARCH = "text to find"
COMMANDS, LEAVE = "\x10", "\x11"
"""Ctrl+P, Ctrl+Q."""
HELLO = """
import os
os.environ.update(TEXTUAL_FPS="10", TEXTUAL_ANIMATIONS="none", TEXTUAL_SMOOTH_SCROLL="0")
from textual.app import App
from textual.widgets import Footer, Header, Static
class Hello(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Header()
        yield Static("hello world")
        yield Footer()
Hello().run()
"""
ANSWERS = (
    '[site]\nname = "myflask"\ndomains = ["myflask.example"]\n\n[app]\nrepo = "https://git.example/me/myflask.git"\n'
    '\n[ddns]\nhostname = "myflask.example"\n'
)


def open_steps(terminal: Terminal) -> None:
    """From the overview to the page of all steps."""
    terminal.see("+ Add a site")
    terminal.type(COMMANDS)
    terminal.see("type a part of a command")
    terminal.type("all steps\r")
    terminal.see("[ Install ]")


def install(terminal: Terminal) -> None:
    """Install the chosen step by its button."""
    terminal.rest(0.5)  # the page takes keys when it is complete
    terminal.type("\r")
    terminal.see("Enter install")
    terminal.type("\r")
    terminal.see("Install now?")
    time.sleep(0.5)  # keys before are dropped
    terminal.type("\r")


def resident(pid: int) -> float:
    """MiB that a process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def pi() -> Path:
    """A fake Pi with all answers given."""
    folder = Path(tempfile.mkdtemp(prefix="pi-"))
    (folder / "etc").mkdir()
    (folder / "etc" / "answers.toml").write_text(ANSWERS)
    return folder


def paint(words: str, *, ours: bool) -> tuple[float, float]:
    """Seconds until the words are there, and MiB when it has come to rest."""
    since = time.monotonic()
    terminal = Dialogue([sys.executable, *(("-m", "piwizard") if ours else ("-c", HELLO))])
    terminal.expect(words)
    seconds = time.monotonic() - since
    time.sleep(1.5)
    memory = resident(terminal.pid)
    terminal.type(LEAVE)
    terminal.end()
    return seconds, memory


def against_hello() -> dict[str, float]:
    """Medians, and how many times hello world's they are."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(paint("hello world", ours=False))
        ours.append(paint("Put your Flask app online", ours=True))
    (time_ours, memory_ours), (time_theirs, memory_theirs) = (
        [statistics.median(column) for column in zip(*rows, strict=True)] for rows in (ours, theirs)
    )
    return {
        "first paint, s": time_ours,
        "hello world's, s": time_theirs,
        "first paint, times": time_ours / time_theirs,
        "memory, MiB": memory_ours,
        "hello world's, MiB": memory_theirs,
        "memory, times": memory_ours / memory_theirs,
    }


def over_the_line() -> dict[str, float]:
    """KiB for opening, for walking through all steps, and for a run of 1,000 lines."""
    folder = pi()
    (folder / "chatty-system").write_text("1000")
    terminal = Terminal(folder)
    open_steps(terminal)
    terminal.rest(1.0)
    opened = len(terminal.raw)
    for _ in range(5):
        terminal.type("\x1b[B")
        terminal.rest(0.7)
    walked = len(terminal.raw)
    terminal.type("\x1b[A" * 5)
    terminal.rest(0.7)
    before = len(terminal.raw)
    install(terminal)
    terminal.see("✓ System")
    terminal.rest(1.5)
    ran = len(terminal.raw)
    terminal.type(LEAVE)
    terminal.end()
    kib = 1024
    return {
        "opening, KiB": opened / kib,
        "walking five steps, KiB": (walked - opened) / kib,
        "run of 1,000 lines, KiB": (ran - before) / kib,
    }


def search_and_close(terminal: Terminal) -> list[float]:
    """Seconds until the field to search in is there, and until it is gone, whatever the log does."""
    waits = []
    for key, there in (("/", True), ("\r", False)):
        pressed = time.monotonic()
        terminal.type(key)
        while (SEARCH in "\n".join(terminal.lines)) != there and time.monotonic() - pressed < 5:
            terminal._read(0.005)
        waits.append(time.monotonic() - pressed)
        for _ in range(10):
            terminal._read(0.03)
    return waits


def a_million_lines() -> dict[str, float]:
    """The longest and the usual wait for a key while a million lines come, and the viewer's memory after them.

    The same keys at rest, after the run, tell a busy computer from a busy viewer.
    """
    folder = pi()
    (folder / "chatty-system").write_text(str(LINES))
    terminal = Terminal(folder)
    open_steps(terminal)
    install(terminal)
    terminal.see("Run 2026")
    terminal.see("e first error")
    terminal.type("\x1b[F")
    terminal._read(0.5)
    since, waits, peak = time.monotonic(), [], 0.0
    while "✓ System" not in "\n".join(terminal.lines):
        waits += search_and_close(terminal)
        peak = max(peak, resident(terminal.pid))
    seconds = time.monotonic() - since
    terminal.rest(1.0)
    at_rest = sorted(wait for _ in range(ROUNDS_AT_REST) for wait in search_and_close(terminal))
    record = next(folder.glob("log/*/events.jsonl"))
    with record.open("rb") as file:
        lines = sum(b'"event": "output"' in line[:150] for line in file)
    terminal.type(LEAVE)
    terminal.end()
    waits.sort()
    return {
        "lines in the file": lines,
        "seconds": seconds,
        "a key, median ms": statistics.median(waits) * 1000,
        "a key, 95 of 100 ms": waits[int(len(waits) * 0.95)] * 1000,
        "a key, longest ms": waits[-1] * 1000,
        "a key at rest, median ms": statistics.median(at_rest) * 1000,
        "a key at rest, longest ms": at_rest[-1] * 1000,
        "viewer, MiB": peak,
    }


TARGETS = {
    "first paint, times": 1.3, "memory, times": 1.35, "a key, longest ms": 100,
    "viewer, MiB": 120,
}  # fmt: skip


def main() -> None:
    """All of it, as a table, or as JSON with --json."""
    found = {**against_hello(), **over_the_line(), **a_million_lines()}
    if "--json" in sys.argv:
        print(json.dumps(found))
        return
    for name, value in found.items():
        target = f"   target {TARGETS[name]:g}" if name in TARGETS else ""
        print(f"{name:28} {value:12.2f}{target}")


if __name__ == "__main__":
    main()
