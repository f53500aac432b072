"""Define the errors that people read."""

from __future__ import annotations

import errno
from dataclasses import dataclass


class PiwizardError(Exception):
    """An error for people: one sentence that says what is wrong, and what to do next.

    `key` names the answer to correct ("app.repo"), if there is one. `hint` is the next action. Only the front ends turn
    it into text or JSON.
    """

    place: str | None = None
    """The position of the answer to correct: "answers.toml line 12"; None if no file contains it."""

    def __init__(self, message: str, *, key: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self._names_key = key is None or key in message
        reason = message.removeprefix(f"{key}: ")
        self._reason = reason if reason == message else f"{reason[:1].upper()}{reason[1:]}"
        self.key = key
        self.hint = hint

    @property
    def message_without_key(self) -> str:
        """Return the message without the key of the answer.

        For a form, where its field says which answer it is.
        """
        return self._reason

    @property
    def located(self) -> str:
        """Return the message after file, line and key of the answer.

        For front ends that show no form with that answer.
        """
        if self.place is None:
            return self.message
        return f"{self.place}: {self.message}" if self._names_key else f"{self.place}: {self.key}: {self.message}"

    @property
    def sentence(self) -> str:
        """Return message and hint as one text."""
        return f"{self.message} {self.hint}" if self.hint else self.message

    @property
    def for_form(self) -> str:
        """Return message and hint without the key of the answer.

        For a form, where its field says which answer it is.
        """
        return f"{self._reason} {self.hint}" if self.hint else self._reason

    def as_json(self) -> dict[str, dict[str, str | None]]:
        """Return the form that every error has with --json."""
        return {"error": {"message": self.located, "key": self.key, "hint": self.hint}}


class AnswerRefused(PiwizardError):
    """An answer that another program or server refused.

    The message names the key; `reason` alone does not.
    """

    def __init__(self, key: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{key}: {reason}", key=key, hint=hint)
        self.reason = reason


class RepositoryLoginRequired(AnswerRefused):
    """A repository that requires a login, or that does not exist."""


class MissingAnswer(PiwizardError):
    """An answer is missing that nothing can replace; `key` names it.

    `question` is how the screens call it, `site` the site that needs it, if there are several.
    """

    def __init__(
        self, message: str, *, key: str | None = None, hint: str | None = None, question: str = "", site: str = ""
    ) -> None:
        super().__init__(message, key=key, hint=hint)
        self._question, self._site = question, site

    @property
    def for_form(self) -> str:
        """Return what is missing by its name in the screens."""
        if not self._question:
            return super().for_form
        of = f" of {self._site}" if self._site else ""
        return f"“{self._question}”{of} has no answer yet. The settings ask for it."


@dataclass(frozen=True)
class Consent:
    """Something that needs a yes, which adds `member` to the list of an answer."""

    question: str
    member: str


class ConsentMissing(PiwizardError):
    """A site needs answers that only a person can give.

    `list_key` is the answer to which they belong, a list; `given` are its members so far.
    """

    def __init__(
        self, message: str, *, key: str, hint: str, site: str, given: tuple[str, ...], consents: tuple[Consent, ...]
    ) -> None:
        super().__init__(message, key=key, hint=hint)
        self.list_key, self.site, self.given, self.consents = key, site, given, consents

    @property
    def agreed(self) -> list[str]:
        """Return the answer of `list_key` after a yes to everything."""
        return list(dict.fromkeys((*self.given, *(one.member for one in self.consents))))


def unforeseen(error: Exception) -> str:
    """Return a message for an error that has none for people."""
    match error:
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "The disk is full."
        case OSError(errno=errno.EROFS):
            return "The disk is read-only."
    return f"Something unforeseen happened: {str(error) or type(error).__name__}"
