"""What a step asks: the one description that forms, prompts and the answers file are made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from piwizard.validators import Validator

Kind = Literal["text", "choice", "yesno", "number", "list", "path", "secret", "table"]


@dataclass(frozen=True)
class Question:
    """One question. `key` is its place in answers.toml: table and name ("gunicorn.workers").

    `default` is what counts without an answer; `detected` says in a few words what it was taken from.
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

    @property
    def table(self) -> str:
        return self.key.partition(".")[0]

    def suggest(self, default: object, detected: str = "") -> Question:
        """The same question with a default for this machine."""
        return replace(self, default=default, detected=detected)
