"""What a person reads in a plan although nothing is altered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from piwizard.changes.base import ApplyContext, OwnershipIndex, Preview
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class Notice:
    """A sentence that a person has to know before saying yes. It holds always."""

    kind: ClassVar[str] = "notice"
    title: str
    sentence: str

    def describe(self) -> str:
        return self.title

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        return Preview(holds=True, warnings=(self.sentence,))

    def apply(self, work: ApplyContext) -> None:
        work.say(self.sentence)


@dataclass(frozen=True)
class OfferedCommand(Notice):
    """A command that was found in the code, and runs only where the person answers so.

    `question` asks for it by name; `answer` is the value of `app.init` with which it runs.
    """

    question: str
    line: str
    answer: tuple[str, ...]
