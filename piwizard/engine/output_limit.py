"""How much of what one command prints goes into the record: a stranger's code shall not fill the disk with it."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST = 16 << 20
"""Characters of one command: a hundred times what a long build prints."""


@dataclass
class OutputLimit:
    """What is left for a command; its last words are kept by whoever runs it, whatever came before."""

    left: int = field(default_factory=lambda: MOST)
    left_out: int = 0

    def for_line(self, text: str) -> str | None:
        """The line; None where there is no room any more."""
        if self.left <= 0:
            self.left_out += 1
            return None
        self.left -= len(text) + 1
        return text
