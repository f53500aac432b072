"""Hold what the pages of one setup share: the site, and what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from piwizard.answers.questions import Question
    from piwizard.errors import PiwizardError
    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.app_findings import AppFinding, AppSetting
    from piwizard.setup.form_page import FormPage, QuestionGroup
    from piwizard.setup.reach import Audience
    from piwizard.system.facts import Facts


@dataclass(frozen=True)
class PageContent:
    """The content of one page about a site, read at one moment.

    `trouble` says why the code is not known.
    """

    site: str | None
    facts: Facts
    groups: tuple[QuestionGroup, ...]
    answers: Mapping[str, Any]
    findings: tuple[AppFinding, ...]
    settings: tuple[AppSetting, ...]
    audience: Audience | None
    provider: str
    trouble: PiwizardError | None

    @property
    def questions(self) -> dict[str, Question]:
        """Return all questions of the page by their keys."""
        return {question.key: question for group in self.groups for question in group.questions}


class SiteSetup:
    """The setup of one site.

    `site` is None until the name is known, which comes from the repository.
    """

    def __init__(self, service: ScreenService, site: str | None) -> None:
        self.service, self.site = service, site
        self._facts: Facts | None = None

    @property
    def title(self) -> str:
        """Return the title of the pages."""
        return f"Set up {self.site}" if self.site else "Set up a site"

    def read(self, page: FormPage) -> PageContent:
        """Return what a page shows. Slow: may fetch the repository and read its code."""
        self._facts = self._facts or self.service.facts()
        return self.service.page_content(self.site, page, self._facts)
