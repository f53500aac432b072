"""Diffie-Hellman parameters found by openssl: minutes on a new board, hours on an old one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import HOLDS, ChangeFailed, Memory, Preview, Record, Work
from piwizard.machine import dhparam, files, units
from piwizard.machine.snapshot import Machine

FIRST_WORDS, MOST_SECONDS_BETWEEN = 2.0, 60.0


@dataclass(frozen=True)
class Generate:
    """A file with parameters of that many bits, found on this machine.

    They are looked for aside. What lies aside is there from the first moment to the last, so that it says, after a
    power cut or a reboot, that a search was begun; each search begins anew, for no half of it is worth keeping.
    """

    kind: ClassVar[str] = "dhparam"
    path: Path
    bits: int

    @property
    def aside(self) -> Path:
        """Where openssl writes to."""
        return self.path.with_name(f".{self.path.name}.begun")

    def describe(self) -> str:
        return f"Find Diffie-Hellman parameters of {self.bits} bits"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        now = files.read(self.path)
        argv = (dhparam.command(self.bits, self.aside), _check(self.aside))
        if now is None or _bits(now) != self.bits:
            return Preview(holds=False, argv=argv)
        if not memory.wrote(self.path, files.digest(now)):
            return Preview(holds=False, argv=argv, edited=True)
        return Preview(holds=False, diff=f"-{self.aside}") if self.aside.exists() else HOLDS

    def apply(self, work: Work) -> None:
        now = files.read(self.path)
        if now is not None and not work.wrote(self.path, files.digest(now)) and not work.overwrite:
            raise ChangeFailed(
                f"{self.path} is not as piwizard wrote it, so it was left as it is.",
                hint="Move it away, or let `piwizard apply --yes` replace it.",
            )
        if now is not None and _bits(now) == self.bits and work.wrote(self.path, files.digest(now)):
            self.aside.unlink(missing_ok=True)  # found already, and cut off just then
            return
        work.remember("dhparam", str(self.aside), {})
        files.replace(self.aside, b"", mode=0o600)
        try:
            work.write(self.path, self._find(work), 0o644, files.ROOT.ids())
        finally:  # also after a failure, and where a person has stopped it: what stays aside is to be gone on with
            if not units.shutting_down():
                self.aside.unlink(missing_ok=True)

    def _find(self, work: Work) -> bytes:
        search = Search(self.bits, work.progress)
        work.command(dhparam.command(self.bits, self.aside), watch=search)
        work.progress(f"Found after {dhparam.duration(search.seconds)} and {search.tried:,} candidates.")
        work.command(_check(self.aside))
        found = files.read(self.aside) or b""
        if _bits(found) != self.bits:
            raise ChangeFailed(f"openssl wrote no whole parameters of {self.bits} bits.", hint="Is the disk full?")
        return found


@dataclass
class Search:
    """Counts the dots that openssl prints, one for each candidate, and says now and then how far it is."""

    bits: int
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    tried: int = 0
    _since: float = field(init=False)
    _next: float = FIRST_WORDS

    def __post_init__(self) -> None:
        self._since = self.clock()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self.clock() - self._since

    def __call__(self, text: str) -> None:
        self.tried += text.count(".")
        seconds = self.seconds
        if seconds >= self._next and self.tried:
            self._next = seconds + min(MOST_SECONDS_BETWEEN, max(FIRST_WORDS, seconds / 10))
            self.say(self._words(seconds))

    def _words(self, seconds: float) -> str:
        wanted = dhparam.candidates(self.bits)
        usual = dhparam.duration(wanted * seconds / self.tried)
        return (
            f"{dhparam.duration(seconds)} so far, usually {usual} on this board: {self.tried:,} candidates tried, one "
            f"in {round(wanted, -2):,.0f} fits. That is luck: it may also take three times as long."
        )


def _check(path: Path) -> tuple[str, ...]:
    return ("nice", "-n", "19", "openssl", "dhparam", "-check", "-noout", "-in", str(path))


def _bits(pem: bytes) -> int:
    found = dhparam.parse(pem)
    return found.bits if found else 0


def undo(record: Record, work: Work) -> str | None:
    """What a search that was cut off has left; the file itself has a record of its own."""
    Path(record["target"]).unlink(missing_ok=True)
    return None
