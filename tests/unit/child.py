"""Processes of the tests' own: they say when they are ready, wait for a word, and can be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


@contextmanager
def child(code: str, *args: object) -> Iterator[subprocess.Popen[str]]:
    """Python code in a process of its own, with pipes for its input and output; killed at the end."""
    argv = [sys.executable, "-c", code, *map(str, args)]
    process = subprocess.Popen(argv, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def hears(process: subprocess.Popen[str]) -> str:
    """The next line that a child prints, waited for."""
    return process.stdout.readline().rstrip("\n")


def tell(process: subprocess.Popen[str], word: str = "go") -> None:
    """Gives a waiting child its word."""
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
