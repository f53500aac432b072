"""Define the messages from the widgets to the main screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from piwizard.steps.registry import StepInstance


class StepHighlighted(Message):
    """Another step has been chosen in the sidebar."""

    def __init__(self, instance: StepInstance) -> None:
        super().__init__()
        self.instance = instance


class StepOpened(Message):
    """Enter was pressed on a step in the sidebar."""

    def __init__(self, instance: StepInstance) -> None:
        super().__init__()
        self.instance = instance


class SiteHighlighted(Message):
    """The row that adds a site has been chosen in the sidebar."""


class SiteWanted(Message):
    """Enter was pressed on the row that adds a site."""


class TabChosen(Message):
    """Another tab has been chosen."""

    def __init__(self, tab: str) -> None:
        super().__init__()
        self.tab = tab


class AnswerGiven(Message):
    """A field has a new value that its validator accepts; None if it was emptied.

    `before` is the answer that the field showed before. `cut_off` means that the connection was lost while the field
    had the cursor.
    """

    def __init__(
        self, site: str | None, key: str, value: object, *, before: object = None, cut_off: bool = False
    ) -> None:
        super().__init__()
        self.site, self.key, self.value = site, key, value
        self.before, self.cut_off = before, cut_off


class SecretGiven(Message):
    """A secret was typed. It goes to the secret store and nowhere else."""

    def __init__(self, site: str | None, key: str, text: str) -> None:
        super().__init__()
        self.site, self.key, self.text = site, key, text


class MemberGiven(Message):
    """One name in a table of answers has a new value; None removes it."""

    def __init__(self, site: str | None, key: str, name: str, value: object) -> None:
        super().__init__()
        self.site, self.key, self.name, self.value = site, key, name, value


class FieldLeft(Message):
    """Enter was pressed in a field: the cursor moves to the next one."""


class ActionPressed(Message):
    """A button was pressed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
