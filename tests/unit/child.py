"""Start child processes that report when they are ready, wait, and can be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


@contextmanager
def child(code: str, *args: object) -> Iterator[subprocess.Popen[str]]:
    """Run Python code in a child process with pipes; kill it at the end."""
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
    """Wait for the next line of a child, and return it."""
    return process.stdout.readline().rstrip("\n")


def tell(process: subprocess.Popen[str], word: str = "go") -> None:
    """Send a word to a waiting child."""
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
