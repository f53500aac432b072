"""Define a journey: a Pi, a command, and the expected result."""

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
    """A journey on one release.

    Each run begins on a Pi of its own, with the same surroundings.
    """

    steps: ClassVar[tuple[str, ...]] = ()
    """The steps that must be done at the end; empty: all of them."""
    services: ClassVar[tuple[str, ...]] = ("nginx.service", "myflask.service")
    """Services that may fail to start meanwhile."""
    argv: ClassVar[tuple[str, ...]] = ("piwizard", "apply", "--answers", quickstart.ANSWERS)
    """The command that starts a run."""
    again: ClassVar[tuple[str, ...]] = ("piwizard", "apply")
    """The command that resumes the run: without answers, since they were given."""

    def __init__(self, lab: Lab, release: str, repo: str) -> None:
        self.lab = lab
        self.release = release
        self.repo = repo

    @cached_property
    @abstractmethod
    def layer(self) -> Layer:
        """Return the layer that each run begins with."""

    @abstractmethod
    def verify(self, pi: Pi) -> None:
        """Assert what a visitor must get at the end."""

    def answers(self, pi: Pi) -> str:
        """Return the answers file for the command; empty if it needs none."""
        return ""

    def prepare(self, pi: Pi) -> None:
        """Prepare what the command needs."""
        pi.write(quickstart.ANSWERS, self.answers(pi))

    def company(self, pi: Pi) -> AbstractContextManager[object]:
        """Play the part of the user during a run."""
        return nullcontext()

    def visitor(self, pi: Pi) -> AbstractContextManager[list[str]]:
        """Request the site all the time; return what failed."""
        return nullcontext([])

    def pi(self, disk: int | None = None) -> Pi:
        """Return a Pi for a run, and reset its surroundings."""
        return self.lab.pi(self.release, layer=self.layer, disk=disk)
