"""Save answers in order, and look some of them up in DNS or at the Git host."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

from piwizard.answers.validators import Invalid
from piwizard.errors import PiwizardError, unforeseen
from piwizard.screens.background import run_in_thread
from piwizard.screens.messages import AnswerGiven, MemberGiven, SecretGiven
from piwizard.setup.answer_labels import sentence_of, with_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from piwizard.screens.controllers.host import Host
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.widgets.answer_lookup import AnswerLookup
    from piwizard.screens.widgets.fields import Field

MAX_FLUSH_SECONDS = 5.0

Skip: TypeAlias = tuple[str, bool]
"""The name of an optional step, and whether to skip it."""
Given: TypeAlias = AnswerGiven | SecretGiven | MemberGiven | Skip


class AnswerForm(Protocol):
    """The fields of a page."""

    def has(self, key: str) -> bool:
        """Return whether there is such a question."""

    def field(self, key: str) -> Field:
        """Return the field of a question."""

    def rename_site(self, before: str | None, name: object) -> None:
        """Use another name for the site of the questions."""

    def commit(self, *, cut_off: bool = False) -> None:
        """Report what is being typed if it is valid."""


class AnswersController:
    """Owns the queue of answers that are not on disk yet.

    `saved` is called with the key of each answer after it is saved. `refused` has the keys of answers that were refused
    and not corrected yet.
    """

    def __init__(self, service: ScreenService, host: Host, form: AnswerForm, saved: Callable[[str], None]) -> None:
        self._service, self._host, self._form, self._saved = service, host, form, saved
        self._queue: asyncio.Queue[Given] = asyncio.Queue()
        self.refused: set[str] = set()
        self.pending = 0
        """How many answers are not on disk yet."""

    def give(self, given: Given) -> None:
        """Save an answer after those that were given before it."""
        self.pending += 1
        self._queue.put_nowait(given)

    def start(self) -> None:
        """Start saving answers."""
        self._host.start(self._save_all, "answers")

    async def _save_all(self) -> None:
        while True:
            given = await self._queue.get()
            try:
                await self._attempt(given)
            except Invalid as refusal:
                self._refuse(given, with_labels(f"{_key(given)} {refusal}."))
            except PiwizardError as error:
                self._refuse(given, sentence_of(error))
            except OSError as error:  # a full disk, for example
                self._refuse(given, f"The answer could not be saved: {unforeseen(error)}")
            else:
                self._accept(given)
            finally:
                self._queue.task_done()

    async def _attempt(self, given: Given) -> None:
        try:
            await run_in_thread(partial(self._save, given))
        finally:
            self.pending -= 1

    def _save(self, given: Given) -> None:
        store = self._service.answering
        if isinstance(given, AnswerGiven):
            if given.cut_off and store.get(given.site, given.key) != given.before:
                return  # it was answered in another terminal meanwhile: keep that answer
            store.set(given.site, given.key, given.value)
        elif isinstance(given, SecretGiven):
            store.set_secret(given.site, given.key, given.text)
        elif isinstance(given, MemberGiven):
            store.set_member(given.site, given.key, given.name, given.value)
        else:
            store.skip(*given)

    def _accept(self, given: Given) -> None:
        self.refused.discard(_key(given))
        if not self._host.alive:
            return
        if isinstance(given, AnswerGiven):
            if given.key == "site.name":
                self._form.rename_site(given.site, given.value)
            self._look_up(given)
        self._saved(_key(given))

    def _refuse(self, given: Given, sentence: str) -> None:
        self.refused.add(_key(given))
        if not self._host.alive:
            return
        question = ".".join(_key(given).split(".")[:2])
        if self._form.has(question):
            self._form.field(question).report(sentence, "bold red")
        else:
            self._host.notify_line(sentence)

    def _look_up(self, given: AnswerGiven) -> None:
        form = self._form
        lookup = form.field(given.key).question.lookup if form.has(given.key) else None
        if lookup is None or given.value is None:
            return
        form.field(given.key).report("Checking…", "dim")

        def found(result: AnswerLookup | None) -> None:
            if result and form.has(given.key):
                sign = "✓" if result.ok else "!"
                form.field(given.key).report(f"{sign} {result.text}", "green" if result.ok else "yellow")

        look_up = partial(self._service.lookup, lookup, given.value)
        self._host.run_in_background(look_up, found, group=f"lookup {given.key}")

    async def flush(self, *, cut_off: bool = False) -> None:
        """Save what is being typed, and wait until every answer is on disk.

        Wait at most MAX_FLUSH_SECONDS.
        """
        self._form.commit(cut_off=cut_off)
        with suppress(TimeoutError):  # quitting must not wait longer
            async with asyncio.timeout(MAX_FLUSH_SECONDS):
                await self._host.messages_handled()
                await self._queue.join()


def _key(given: Given) -> str:
    if isinstance(given, MemberGiven):
        return f"{given.key}.{given.name}"
    return given[0] if isinstance(given, tuple) else given.key
