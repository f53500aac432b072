"""The points to try, and those that held already."""

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
    """The points that held, in a file, a line each: started again, the driver leaves them out."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lines = set(file.read_text().splitlines()) if file and file.exists() else set()

    def __contains__(self, point: Point) -> bool:
        return str(point) in self._lines

    def add(self, point: Point) -> None:
        """Notes one."""
        if self._file:
            with self._file.open("a") as file:
                file.write(f"{point}\n")


def chosen(counted: int, sample: int | None, named: str | None) -> list[int]:
    """The events to break at: those that are named, some that are spread evenly, or all."""
    if named:
        return [int(word) for word in named.split(",")]
    if sample:
        return sorted({1 + (2 * number + 1) * counted // (2 * sample) for number in range(sample)})
    return list(range(1, counted + 1))
