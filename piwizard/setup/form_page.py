"""Define the pages of a site's setup, and which of them asks for a key."""

from __future__ import annotations

from enum import Enum

from piwizard.answers.questions import Question
from piwizard.errors import Consent
from piwizard.system.lazy_dataclass import dataclass

KEY_PAGE = ("app.token", "app.token_user", "app.host_key")
ADDRESS_TABLES = ("site", "ddns", "router", "tls")


class FormPage(Enum):
    """A page of the setup of a site, in order."""

    APP = "app"
    SETTINGS = "settings"
    KEY = "key"
    ADDRESS = "address"
    REVIEW = "review"
    ALL = "all"
    """All questions about a site that is set up, and not a page of its setup."""


@dataclass(frozen=True)
class QuestionGroup:
    """Questions under one title. `summary` says what a closed group contains."""

    title: str
    summary: str
    questions: tuple[Question, ...]
    open: bool = False


@dataclass(frozen=True)
class RequiredAnswer:
    """An answer without which nothing can be installed.

    `reason` says why, in whole sentences. `given`: there is one, but it cannot be used.
    """

    key: str
    label: str
    page: FormPage
    site: str | None
    reason: str = ""
    given: bool = False
    consents: tuple[Consent, ...] = ()
    """What a person must agree to in place of an answer: `agreed` is the answer then."""
    agreed: tuple[str, ...] = ()


def page_of(key: str) -> FormPage:
    """Return the page with the question of a key."""
    table = key.partition(".")[0]
    if key.startswith("app.env"):
        return FormPage.SETTINGS
    if key in KEY_PAGE:
        return FormPage.KEY
    if key == "site.name" or table not in ADDRESS_TABLES:
        return FormPage.APP
    return FormPage.ADDRESS
