"""Choose the points to try, and remember those that passed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Point:
    """One fault at one event of one journey."""

    release: str
    journey: str
    kind: str
    event: int

    def __str__(self) -> str:
        return f"{self.release} {self.journey} {self.kind} {self.event}"


class Held:
    """The points that passed, one per line of a file.

    The driver skips them at the next start.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lines = set(file.read_text().splitlines()) if file and file.exists() else set()

    def __contains__(self, point: Point) -> bool:
        return str(point) in self._lines

    def add(self, point: Point) -> None:
        """Add a point."""
        if self._file:
            with self._file.open("a") as file:
                file.write(f"{point}\n")


def chosen(counted: int, sample: int | None, named: str | None) -> list[int]:
    """Return the events to interrupt: the named ones, an even sample, or all."""
    if named:
        return [int(word) for word in named.split(",")]
    if sample:
        return sorted({1 + (2 * number + 1) * counted // (2 * sample) for number in range(sample)})
    return list(range(1, counted + 1))
