"""What a journey is: a Pi, a command, and what must be there in the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import ClassVar

from tests.lab import quickstart
from tests.lab.images import Layer
from tests.lab.lab import Lab
from tests.lab.pi import Pi


class Journey(ABC):
    """On one release. Each run of it begins on a Pi of its own, and in the same world."""

    steps: ClassVar[tuple[str, ...]] = ()
    """The steps that must be done in the end; empty: all there are."""
    services: ClassVar[tuple[str, ...]] = ("nginx.service", "myflask.service")
    """What may refuse to start on the way."""
    argv: ClassVar[tuple[str, ...]] = ("piwizard", "apply", "--answers", quickstart.ANSWERS)
    """The command that starts a run."""
    again: ClassVar[tuple[str, ...]] = ("piwizard", "apply")
    """What a person who comes back types: without the answers, for they were given."""

    def __init__(self, lab: Lab, release: str, repo: str) -> None:
        self.lab = lab
        self.release = release
        self.repo = repo

    @cached_property
    @abstractmethod
    def layer(self) -> Layer:
        """Where each run begins."""

    @abstractmethod
    def well(self, pi: Pi) -> None:
        """Asserts what a visitor must get in the end."""

    def answers(self, pi: Pi) -> str:
        """The answers file that the command takes; empty where it takes none."""
        return ""

    def prepare(self, pi: Pi) -> None:
        """Puts in place what the command takes."""
        pi.write(quickstart.ANSWERS, self.answers(pi))

    def company(self, pi: Pi) -> AbstractContextManager[object]:
        """Somebody who does their part during a run."""
        return nullcontext()

    def visitor(self, pi: Pi) -> AbstractContextManager[list[str]]:
        """Somebody who looks at the site all the time; gives what failed."""
        return nullcontext([])

    def pi(self, disk: int | None = None) -> Pi:
        """A Pi where each run begins; also for what the world around it must look like then."""
        return self.lab.pi(self.release, layer=self.layer, disk=disk)
