"""Name the steps that a run does not include, because answers are missing."""

from __future__ import annotations

from collections.abc import Iterable

from piwizard.setup.planner import Planner
from piwizard.steps.registry import StepInstance, all_questions


def left_out(planner: Planner, wanted: Iterable[StepInstance], *, untouched: bool = True) -> tuple[str, ...]:
    """Return a sentence for each step that lacks an answer.

    Optional steps that nobody has begun to answer share one; without `untouched` they are not named.
    """
    labels = {question.key: question.prompt for question in all_questions()}
    several = len(planner.answers.sites) > 1
    sentences, others = [], []
    for instance in wanted:
        missing = planner.missing(instance)
        title = instance.title if several else instance.step.title
        if missing and (not instance.step.optional or _begun(planner, instance)):
            sentences.append(f"{title} is not included: “{labels[missing[0]]}” has no answer yet.")
        elif missing:
            others.append(title)
    if others and untouched:
        sentences.append(f"Optional steps without answers are not included: {', '.join(others)}.")
    return tuple(sentences)


def _begun(planner: Planner, instance: StepInstance) -> bool:
    """Return whether a question of this step itself has an answer."""
    values = planner.answers.of(instance.site).values
    return any(question.key in values for question in instance.step.questions(None, None))
