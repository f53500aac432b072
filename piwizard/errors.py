"""The one error that is meant for a person."""

from __future__ import annotations

import errno


class PiwizardError(Exception):
    """Something a person can act on: one sentence of what is wrong, and what to do next.

    `key` names the answer at fault ("app.repo"), where one is. `hint` is the next action.
    Raised below cli.py, turned into one or two lines (or JSON) there and nowhere else.
    """

    place: str | None = None
    """Where the answer at fault is: "answers.toml line 12"; None where no file has it."""

    def __init__(self, message: str, *, key: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self._names_key = key is None or key in message
        self.key = key
        self.hint = hint

    @property
    def located(self) -> str:
        """The message after file, line and key of the answer, for whoever sees no form with that answer."""
        if self.place is None:
            return self.message
        return f"{self.place}: {self.message}" if self._names_key else f"{self.place}: {self.key}: {self.message}"

    @property
    def sentence(self) -> str:
        """What is wrong and what to do next, as one text."""
        return f"{self.message} {self.hint}" if self.hint else self.message

    def as_json(self) -> dict[str, dict[str, str | None]]:
        """The shape of every error under --json."""
        return {"error": {"message": self.located, "key": self.key, "hint": self.hint}}


class AnswerRefused(PiwizardError):
    """An answer that something outside of piwizard refused: its message names the key, `reason` alone does not."""

    def __init__(self, key: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{key}: {reason}", key=key, hint=hint)
        self.reason = reason


class MissingAnswer(PiwizardError):
    """An answer is missing that nothing can replace; `key` names it."""


def unforeseen(error: Exception) -> str:
    """The sentence for an error that was not meant for a person."""
    match error:
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "The disk is full."
        case OSError(errno=errno.EROFS):
            return "The disk is read-only."
    return f"Something unforeseen happened: {str(error) or type(error).__name__}"
