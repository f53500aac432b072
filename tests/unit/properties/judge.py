"""Judge one value for one question: properly refused, or accepted and planned."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from piwizard.answers.model import SITE_TABLES
from piwizard.answers.questions import Question
from piwizard.answers.validators import Invalid, secret_text
from piwizard.errors import PiwizardError
from piwizard.setup.answer_store import AnswerStore
from tests.unit.properties.fixtures import Planned, World

LONGEST_SENTENCE = 3000


class Broken(AssertionError):
    """An error for a value that breaks a promise."""


def given(question: Question, value: Any, answering: AnswerStore) -> Any:
    """Return the value as it is saved; None if it was properly refused."""
    before = answering.path.read_bytes() if answering.path.exists() else None
    try:
        kept = question.validate(value)
    except Invalid as refusal:
        _sentence(str(refusal))
        _unaltered(question, value, answering, before)
        _not_from_a_file(question, value, answering)
        return None
    if question.validate(kept) != kept:
        raise Broken(f"{question.key}: what was made of {value!r} is not taken again: {kept!r}")
    return kept


def typed(value: Any) -> Any:
    """Return a secret as typed; a refusal must not contain it."""
    try:
        return secret_text(value)
    except Invalid as refusal:
        _sentence(str(refusal))
        if isinstance(value, str) and len(value) > 3 and value in str(refusal):
            raise Broken(f"the refusal tells the secret: {refusal}") from refusal
        return None


def planned(world: World, question: Question, value: Any, number: int, *, as_typed: bool = False) -> Planned | None:
    """Return the plan with this answer; None if a step refuses it properly."""
    try:
        return world.plan(question, value, number, typed=as_typed)
    except PiwizardError as refusal:
        _sentence(refusal.message)
        if as_typed and _tells(refusal, str(value)) and not _says_so_anyway(world, question, refusal, value, number):
            raise Broken(f"{question.key}: the refusal tells the secret: {refusal.message}") from refusal
        if refusal.key is None:
            raise Broken(f"{question.key}: no message says which answer {refusal.message!r} is about") from refusal
        return None


def _tells(refusal: PiwizardError, secret: str) -> bool:
    return len(secret) > 3 and secret.strip() in f"{refusal.message} {refusal.hint}"


def _says_so_anyway(world: World, question: Question, refusal: PiwizardError, value: Any, number: int) -> bool:
    """Return whether a longer secret gets the same refusal.

    Then the refusal only resembles the tried secret.
    """
    try:
        world.plan(question, f"{value}Zq7{value}", number, typed=True)
    except PiwizardError as other:
        return (other.message, other.hint) == (refusal.message, refusal.hint)
    return False


def written(question: Question, kept: Any, answering: AnswerStore) -> None:
    """Check that an accepted value is written to the answers file and read unchanged."""
    site = None
    answering.path.unlink(missing_ok=True)
    if question.table in SITE_TABLES and question.key != "site.name":
        answering.set(None, "site.name", "blog")
        site = "blog"
    try:
        answering.set(site, question.key, kept)
    except (Invalid, PiwizardError) as refusal:
        raise Broken(f"{question.key}: {kept!r} was accepted, and cannot be written: {refusal}") from refusal
    if (again := answering.get(site if question.key != "site.name" else kept, question.key)) != kept:
        raise Broken(f"{question.key}: {kept!r} was written, and {again!r} read")


def options(found: Planned, question: Question, kept: Any) -> None:
    """Check that no answer becomes an option of a program, or ends its argument."""
    for word in _texts(kept):
        if word == "--":  # many commands have a `--` of their own
            continue
        for argv in found.argvs:
            if any("\0" in one for one in argv):
                raise Broken(f"{question.key}: {kept!r} ends an argument early: {argv}")
            if word.startswith("-") and word in argv and question.key != "app.init":
                raise Broken(f"{question.key}: {kept!r} is an option of {argv}")


def _sentence(text: str) -> None:
    if not text.strip() or "\n" in text or len(text) > LONGEST_SENTENCE:
        raise Broken(f"this is no sentence: {text!r}")
    if not text.isprintable():
        raise Broken(f"this would not be shown as it is: {text!r}")


def _unaltered(question: Question, value: Any, answering: AnswerStore, before: bytes | None) -> None:
    if value is None:
        return
    try:
        answering.set(None, question.key, value)
    except (Invalid, PiwizardError):
        pass
    else:
        raise Broken(f"{question.key}: {value!r} is refused, and was kept")
    if (answering.path.read_bytes() if answering.path.exists() else None) != before:
        raise Broken(f"{question.key}: {value!r} was refused, and altered {answering.path.name}")


def _not_from_a_file(question: Question, value: Any, answering: AnswerStore) -> None:
    """Check that a file written by hand is refused by name for this value."""
    from piwizard.answers import file_reader
    from piwizard.steps.registry import all_questions

    try:
        text = tomlkit.dumps({question.table: {question.key.partition(".")[2]: value}})
        tomllib.loads(text)
    except (TOMLKitError, ValueError, TypeError):  # such a value cannot be written to a file
        return
    try:
        file_reader.parse(text, all_questions())
    except PiwizardError as refusal:
        _sentence(refusal.message)
        # A table can be written in many ways, and the test does not find all of them. A message may name its member.
        place = r"(line \d+)?" if isinstance(value, dict | list) else r"line \d+"
        if refusal.key != question.key or not re.search(rf"{place}: {re.escape(question.key)}[ .]", refusal.message):
            raise Broken(f"{question.key} is not named by {refusal.message!r}, in {text!r}") from refusal
    else:
        raise Broken(f"{question.key}: {value!r} is refused, but not from a file")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
