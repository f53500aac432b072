"""What a step is, and what it is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps.app_source import AppSource
from piwizard.changes.base import Change
from piwizard.errors import PiwizardError
from piwizard.nginx.nginx_files import NginxFiles
from piwizard.system.background_job import BackgroundJob
from piwizard.system.checks import Check
from piwizard.system.facts import Facts
from piwizard.tls.lineage import Certificates

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

Scope = Literal["machine", "site"]


@dataclass(frozen=True)
class Ground:
    """Everything detected that a plan stands on: the machine, the nginx files that are there, the app's code."""

    machine: Facts
    nginx: NginxFiles = field(default_factory=NginxFiles)
    certificates: Certificates = field(default_factory=Certificates)
    source: AppSource | None = None
    sites: tuple[str, ...] = ()
    """The names of all sites."""
    domains: tuple[str, ...] = ()
    """The host names of all sites, the main one of the first site first."""
    installed: Mapping[str, str] = field(default_factory=dict)
    """The versions of Debian's packages that are installed, by name."""
    ipv6: bool = True
    packaged_units: frozenset[str] = frozenset()
    """The units that came with Debian's packages: no site may be called like one of them."""


def app_of(ground: Ground, answers: Answers) -> AppConfig:
    """The app that a site's steps are about."""
    if ground.source is None:
        raise PiwizardError("app.repo is missing.", key="app.repo")
    from piwizard.apps.app_config import AppConfig  # reads code in ten ways, and most pages never ask for that

    return AppConfig(ground.source, answers)


class Step(Protocol):
    """One line of the sidebar. Plans and checks are worked out from ground and answers, and alter nothing."""

    @property
    def name(self) -> str:
        """As on the command line: "nginx"."""

    @property
    def title(self) -> str:
        """As in the sidebar."""

    @property
    def heading(self) -> str:
        """The part of the sidebar it stands in."""

    @property
    def why(self) -> str:
        """A paragraph in plain words."""

    @property
    def scope(self) -> Scope:
        """Whether it belongs to the machine or to one site."""

    @property
    def optional(self) -> bool:
        """Whether a person may leave it out."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the steps that must be done before."""

    @property
    def background(self) -> BackgroundJob | None:
        """Return the job that continues the step's work after its run, where there is one."""
        return None

    def questions(self, ground: Ground | None, answers: Answers | None) -> Sequence[Question]:
        """What the step asks, with defaults for this machine. Without a ground: the keys alone."""

    def plan(self, ground: Ground, answers: Answers) -> Sequence[Change]:
        """The ordered changes. PiwizardError where it cannot be done, before anything is altered."""

    def checks(self, ground: Ground, answers: Answers) -> Iterable[Check]:
        """Live looks at whether the result is there and works."""
