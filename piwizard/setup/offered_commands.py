"""Offer commands found in an app's code that run only after an answer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from piwizard.changes.command import Notice, OfferedCommand
from piwizard.errors import ConsentMissing
from piwizard.setup.answer_store import AnswerStore
from piwizard.setup.run_request import Plans


def sentences(plans: Plans) -> list[str]:
    """Return notices about commands not run, and data not backed up, by these plans."""
    changes = [one.change for _, previews in plans for one in previews]
    return list(dict.fromkeys(change.sentence for change in changes if isinstance(change, Notice)))


def offered(plans: Plans) -> list[tuple[str, OfferedCommand]]:
    """Return the offered commands, each with its site."""
    found = [
        (instance.site, one.change)
        for instance, changes in plans
        for one in changes
        if instance.site and isinstance(one.change, OfferedCommand)
    ]
    return [pair for number, pair in enumerate(found) if pair not in found[:number]]


def keep(site: str, chosen: Iterable[OfferedCommand], file: Path | None) -> None:
    """Add these to their answers, after what counts anyway."""
    store = AnswerStore(file)
    for one in chosen:
        given = store.get(site, one.key)
        if isinstance(one.line, tuple):
            store.set(site, one.key, {**(given or {}), one.line[0]: one.line[1]})
        else:
            lines = list(one.answer[:-1] if given is None else given)
            store.set(site, one.key, [*lines, *([one.line] if one.line not in lines else [])])


def keep_consent(missing: ConsentMissing, file: Path | None) -> None:
    """Add everything that was agreed to to the answer that lacks it."""
    AnswerStore(file).set(missing.site, missing.list_key, missing.agreed)
