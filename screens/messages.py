"""What has happened, for whoever in the screens wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from piwizard.screens.backend import Overview
    from piwizard.screens.progress import Progress
    from piwizard.wizard import Place


class OverviewArrived(Message):
    """The machine was looked at."""

    def __init__(self, overview: Overview) -> None:
        super().__init__()
        self.overview = overview


class StepHighlighted(Message):
    """Another step was chosen in the sidebar."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class StepOpened(Message):
    """Enter was pressed on a step: go into it."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class TabChosen(Message):
    """Another tab was chosen."""

    def __init__(self, tab: str) -> None:
        super().__init__()
        self.tab = tab


class AnswerGiven(Message):
    """A field was left with a value that its validator takes; None where it was emptied."""

    def __init__(self, key: str, value: object) -> None:
        super().__init__()
        self.key, self.value = key, value


class SecretGiven(Message):
    """A secret was typed. It goes to the vault and nowhere else."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__()
        self.key, self.text = key, text


class AnswerKept(Message):
    """An answer is on disk, or was refused with a sentence."""

    def __init__(self, key: str, refusal: str = "") -> None:
        super().__init__()
        self.key, self.refusal = key, refusal


class LookedUp(Message):
    """What a look outside of the machine said about an answer."""

    def __init__(self, key: str, ok: bool, words: str) -> None:
        super().__init__()
        self.key, self.ok, self.words = key, ok, words


class FieldLeft(Message):
    """Enter was pressed in a field: on to the next."""


class ActionChosen(Message):
    """One of the buttons under a step was pressed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class RunAdvanced(Message):
    """The run under way has written more events, or time has passed."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress


class RunEnded(Message):
    """The run that was watched has ended, or its process is gone."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress
