"""What a step asks: the one description that forms, prompts and the answers file are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from piwizard.answers.validators import Invalid, Validator

Kind = Literal["text", "choice", "yesno", "number", "list", "path", "secret", "table"]


@dataclass(frozen=True)
class Question:
    """One question. `key` is its place in answers.toml: table and name ("gunicorn.workers").

    `default` is what counts without an answer; `detected` says in a few words what it was taken from. `declines` is
    the answer, if any, by which nothing of the step is wanted.
    """

    key: str
    prompt: str
    help: str
    validate: Validator
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    default: Any = None
    detected: str = ""
    declines: Any = None

    @property
    def table(self) -> str:
        return self.key.partition(".")[0]

    def suggest(self, default: object, detected: str = "") -> Question:
        """The same question with a default for this machine."""
        return replace(self, default=default, detected=detected)

    def divided(self, typed: Sequence[str]) -> list[str]:
        """The members of a list as they were typed: each as it is where it can be one, else divided at its commas."""
        members: list[str] = []
        for said in typed:
            parts = [part.strip() for part in said.split(",") if part.strip()]
            members += [said] if len(parts) < 2 or self._takes([*members, said]) else parts
        return members

    def _takes(self, answer: object) -> bool:
        try:
            self.validate(answer)
        except Invalid:
            return False
        return True
