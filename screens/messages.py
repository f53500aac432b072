"""What has happened, for whoever in the screens wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from piwizard.steps.registry import StepInstance


class StepHighlighted(Message):
    """Another step was chosen in the sidebar."""

    def __init__(self, place: StepInstance) -> None:
        super().__init__()
        self.place = place


class StepOpened(Message):
    """Enter was pressed on a step: go into it."""

    def __init__(self, place: StepInstance) -> None:
        super().__init__()
        self.place = place


class SiteHighlighted(Message):
    """The row that begins a further site was chosen in the sidebar."""


class SiteWanted(Message):
    """Enter was pressed on it."""


class TabChosen(Message):
    """Another tab was chosen."""

    def __init__(self, tab: str) -> None:
        super().__init__()
        self.tab = tab


class AnswerGiven(Message):
    """A field was left with a value that its validator takes; None where it was emptied.

    `before` is the answer that its field knew of; `cut_off` says that nobody has left it, the line was cut.
    """

    def __init__(
        self, site: str | None, key: str, value: object, *, before: object = None, cut_off: bool = False
    ) -> None:
        super().__init__()
        self.site, self.key, self.value = site, key, value
        self.before, self.cut_off = before, cut_off


class SecretGiven(Message):
    """A secret was typed. It goes to the vault and nowhere else."""

    def __init__(self, site: str | None, key: str, text: str) -> None:
        super().__init__()
        self.site, self.key, self.text = site, key, text


class FieldLeft(Message):
    """Enter was pressed in a field: on to the next."""


class ActionPressed(Message):
    """One of the buttons under a step was pressed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
