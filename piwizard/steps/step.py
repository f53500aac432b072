"""What a step is, and what it is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from piwizard.answers import Answers
from piwizard.apps.source import Source
from piwizard.changes.base import Change
from piwizard.machine.checks import Check
from piwizard.machine.facts import Facts
from piwizard.nginx.present import NginxFiles
from piwizard.questions import Question

Scope = Literal["machine", "site"]


@dataclass(frozen=True)
class Ground:
    """Everything detected that a plan stands on: the machine, the nginx files that are there, the app's code."""

    machine: Facts
    nginx: NginxFiles = field(default_factory=NginxFiles)
    source: Source | None = None
    sites: Mapping[str, int] = field(default_factory=dict)
    """How many sites share this machine's memory, by their names (and 1 each)."""


class Step(Protocol):
    """One line of the sidebar. Plans and checks are worked out from ground and answers, and alter nothing."""

    name: str
    title: str
    heading: str
    why: str
    scope: Scope
    optional: bool
    needs: tuple[str, ...]

    def questions(self, ground: Ground | None, answers: Answers | None) -> Sequence[Question]:
        """What the step asks, with defaults for this machine. Without a ground: the keys alone."""

    def plan(self, ground: Ground, answers: Answers) -> Sequence[Change]:
        """The ordered changes. PiwizardError where it cannot be done, before anything is altered."""

    def checks(self, ground: Ground, answers: Answers) -> Iterable[Check]:
        """Live looks at whether the result is there and works."""
