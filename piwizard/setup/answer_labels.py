"""Name answers as the forms do: by their labels, not by their keys.

Messages name the keys, which the command line and a file of answers need. The screens and the prompts show them with
these functions.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from piwizard.errors import PiwizardError, unforeseen

if TYPE_CHECKING:
    from piwizard.answers.questions import Question
    from piwizard.engine.events import ErrorRaised
    from piwizard.steps.step import Step

_YES_NO = {"true": "Yes", "false": "No"}
_ENVIRONMENT = "app.env"


def with_labels(text: str) -> str:
    """Return a message for a form, with labels instead of keys.

    A value that is assigned to a key becomes the label of its choice. Quoted code stays: a command is typed as it is.
    """
    parts = text.split("`")
    return "`".join(_keys().sub(_label, part) if number % 2 == 0 else part for number, part in enumerate(parts))


def sentence_of(error: PiwizardError | OSError) -> str:
    """Return what a form shows of an error."""
    return with_labels(error.for_form) if isinstance(error, PiwizardError) else unforeseen(error)


def reason_of(event: ErrorRaised) -> str:
    """Return what a form shows of an error in a run.

    The log of an earlier version has the message alone.
    """
    return with_labels(event.get("reason") or event["message"])


def hint_of(event: ErrorRaised) -> str:
    """Return what a form shows of the hint of an error in a run, or ""."""
    return with_labels(event.get("hint") or "")


def _questions() -> dict[str, Question]:
    from piwizard.steps import registry

    return _of_steps(registry.STEPS)[0]


def _keys() -> re.Pattern[str]:
    from piwizard.steps import registry

    return _of_steps(registry.STEPS)[1]


@lru_cache(maxsize=1)
def _of_steps(steps: tuple[Step, ...]) -> tuple[dict[str, Question], re.Pattern[str]]:
    """Return the questions by key, and the pattern of all keys."""
    from piwizard.steps.registry import all_questions

    found = {question.key: question for question in all_questions()}
    keys = "|".join(sorted(map(re.escape, found), key=len, reverse=True))
    values = {value for question in found.values() for value in _choices(question)}
    value = "|".join(sorted(map(re.escape, values), key=len, reverse=True))
    return found, re.compile(
        rf"(?<![\w./-])\[?(?P<key>{keys})(?:\.(?P<member>\w+))?\]?(?![\w/-])"
        rf"(?P<assigned>(?P<verb> to | = | is )(?:\"(?P<quoted>{value})\"|(?P<bare>{value})(?![\w-])))?"
    )


def _label(found: re.Match[str]) -> str:
    question = _questions()[found["key"]]
    if found["member"] and question.kind != "table":  # such as a file "app.entry.py"
        return found[0]
    if found["member"]:
        name = found["member"] if question.key == _ENVIRONMENT else f"“{question.prompt}” {found['member']}"
    else:
        name = f"“{question.prompt}”"
    choice = _choices(question).get(found["quoted"] or found["bare"] or "")
    return f"{name}{found['verb']}“{choice}”" if choice else f"{name}{found['assigned'] or ''}"


def _choices(question: Question) -> dict[str, str]:
    return _YES_NO if question.kind == "yesno" else dict(question.choices)
