"""Ask by name for commands that were found in an app's code and do not run without an answer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from piwizard.changes.command import Notice, OfferedCommand
from piwizard.setup.answer_store import AnswerStore
from piwizard.setup.run_request import Plans


def sentences(plans: Plans) -> list[str]:
    """What a person has to know of the commands that these plans do not run, and of data that they do not save."""
    changes = [one.change for _, previews in plans for one in previews]
    return list(dict.fromkeys(change.sentence for change in changes if isinstance(change, Notice)))


def offered(plans: Plans) -> list[tuple[str, OfferedCommand]]:
    """The commands that may be asked for, each with its site."""
    found = [
        (place.site, one.change)
        for place, changes in plans
        for one in changes
        if place.site and isinstance(one.change, OfferedCommand)
    ]
    return [pair for number, pair in enumerate(found) if pair not in found[:number]]


def keep(site: str, chosen: Iterable[OfferedCommand], file: Path | None) -> None:
    """Write into the answers that these commands run, beside those that run anyway."""
    every = list(chosen)
    lines = [*every[0].answer[:-1], *(one.line for one in every)]
    AnswerStore(file).set(site, "app.init", lines)
