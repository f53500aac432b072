"""Describe the questions, from which forms, prompts and answers.toml are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Literal

from piwizard.answers.validators import Invalid, Validator
from piwizard.system.lazy_dataclass import dataclass

Kind = Literal["text", "choice", "yesno", "number", "list", "path", "secret", "table"]
Lookup = Literal["repository", "host-name"]
"""What an answer names that others know more about: a git server, or DNS."""


@dataclass(frozen=True)
class Question:
    """One question. `key` is its table and name in answers.toml: "gunicorn.workers".

    `default` applies without an answer; `detected` says in a few words where it comes from. `declines` is the answer,
    if any, that turns the whole step off. `choices` are the possible answers with their labels. `lookup` says where the
    screens check an answer as soon as it is given. `member` shows how one member of a table is typed.
    """

    key: str
    prompt: str
    help: str
    validate: Validator
    kind: Kind = "text"
    required: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    default: Any = None
    detected: str = ""
    declines: Any = None
    lookup: Lookup | None = None
    member: str = "NAME=value"

    @property
    def table(self) -> str:
        return self.key.partition(".")[0]

    def suggest(self, default: object, detected: str = "") -> Question:
        """Return the same question with a default for this machine."""
        return replace(self, default=default, detected=detected)

    def split_members(self, typed: Sequence[str]) -> list[str]:
        """Return the members of a list as typed.

        A text with commas is split unless it is a valid member as it is.
        """
        members: list[str] = []
        for said in typed:
            parts = [part.strip() for part in said.split(",") if part.strip()]
            members += [said] if len(parts) < 2 or self._accepts([*members, said]) else parts
        return members

    def _accepts(self, answer: object) -> bool:
        try:
            self.validate(answer)
        except Invalid:
            return False
        return True
