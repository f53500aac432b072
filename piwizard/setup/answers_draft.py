"""Change answers for a plan that nobody has confirmed yet."""

from __future__ import annotations

from piwizard.setup.answer_store import AnswerStore


class AnswersDraft(AnswerStore):
    """A copy of the answers in memory, edited by the same methods.

    The file stays as it is.
    """

    def __init__(self, store: AnswerStore) -> None:
        super().__init__(store.path)
        self._text = super()._content()

    def _content(self) -> str:
        return self._text

    def _write(self, content: str) -> None:
        self._text = content
