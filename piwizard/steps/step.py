"""Define what a step is, and the context that its plans are made from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps.app_source import AppSource
from piwizard.changes.base import Change
from piwizard.changes.release_record import Deployer
from piwizard.errors import MissingAnswer
from piwizard.nginx.nginx_files import NginxFiles
from piwizard.system.apt_archive import AptArchive
from piwizard.system.background_job import BackgroundJob
from piwizard.system.checks import Check
from piwizard.system.facts import Facts
from piwizard.system.lazy_dataclass import dataclass
from piwizard.tls.lineage import Certificates

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

Scope = Literal["machine", "site"]


class Stage(Enum):
    """The part of a setup that a step belongs to, in running order.

    The value is its title.
    """

    WEB_SERVER = "Web server"
    APP = "Your app"
    SERVICE = "Service"
    ADDRESS = "Address"
    ROUTER = "Router"
    HTTPS = "HTTPS"
    VERSIONS = "New versions"
    ADVANCED = "Advanced"
    """Steps that are set up one by one, and never with a site."""


@dataclass(frozen=True)
class SiteRoute:
    """The way of visitors to a site: its domains, and its path if it has one."""

    domains: tuple[str, ...]
    path: str = ""


@dataclass(frozen=True)
class PlanContext:
    """The facts, nginx files and code that a plan is made from."""

    machine: Facts
    nginx: NginxFiles = field(default_factory=NginxFiles)
    certificates: Certificates = field(default_factory=Certificates)
    source: AppSource | None = None
    sites: tuple[str, ...] = ()
    """The names of all sites."""
    domains: tuple[str, ...] = ()
    """The host names of all sites, the main one of the first site first."""
    routes: Mapping[str, SiteRoute] = field(default_factory=dict)
    """Where each site is found."""
    installed: Mapping[str, str] = field(default_factory=dict)
    """The versions of Debian's packages that are installed, by name."""
    left_behind: frozenset[str] = frozenset()
    """Those that undone steps had installed, and that stay until `undo --packages`."""
    archive: AptArchive = field(default_factory=AptArchive)
    """The Debian packages that apt can install."""
    ipv6: bool = True
    boot_config: Path | None = None
    """The file config.txt of a Raspberry Pi."""
    packaged_units: frozenset[str] = frozenset()
    """The units of Debian's packages: no site may have the name of one."""
    local_units: Mapping[str, str] = field(default_factory=dict)
    """The units in /etc/systemd/system, each with the site that piwizard wrote it for; "" for others."""
    deployer: Deployer = field(default_factory=Deployer)
    """Who started the run that the plan is for."""


def app_of(context: PlanContext, answers: Answers) -> AppConfig:
    """Return the configured app of a site. PiwizardError without a repository."""
    if context.source is None:
        raise MissingAnswer("app.repo is missing.", key="app.repo", hint="Run `piwizard` to answer it.")
    from piwizard.apps.app_config import AppConfig  # reads code in ten ways, and most pages never ask for that

    return AppConfig(context.source, answers, context.machine.python_version, context.archive)


class Step(ABC):
    """One entry of the sidebar: questions, plan, checks, and facts for other parts.

    Plans and checks are made from context and answers alone, and alter nothing.
    """

    name: str
    """As on the command line: "nginx"."""
    title: str
    """As in the sidebar."""
    heading: str
    """The part of the sidebar that it belongs to."""
    stage: Stage
    """The part of a site's setup that it is shown in."""
    why: str
    """A paragraph for the person who answers the questions."""
    scope: Scope = "machine"
    """Whether the step is set up once for the machine, or for each site."""
    optional: bool = False
    """Whether the user may skip it."""
    needs: tuple[str, ...] = ()
    """The names of the steps that must be done before."""
    background: BackgroundJob | None = None
    """The job that continues the step's work after its run."""
    typical_seconds: float = 10
    """How long the first run takes on a Pi 4."""
    deployed: bool = False
    """Whether `piwizard deploy` runs it, to set up a new version of the app."""
    serves_site: bool = False
    """Whether visitors reach the site once this step and those that it needs are done."""
    holds_data: bool = False
    """Whether undo meets data that an app has written, which goes only after a separate yes."""
    from_outside: bool = False
    """Whether it makes the machine reachable from the Internet: a checkup shows its checks first."""
    diagnosis_order: int = 9
    """The position in a diagnosis, which goes from the machine and its web server to the app's code."""

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        """Return the questions, with defaults for this machine if there is a context."""
        return ()

    def turned_off(self, answers: Answers) -> bool:
        """Return whether the answers turn off what the step sets up.

        It then only removes what an earlier run has set up.
        """
        return False

    @abstractmethod
    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        """Return the changes in order. PiwizardError where they are impossible."""

    def live_checks(self, answers: Answers) -> Iterable[Check]:
        """Return the checks that cost almost nothing, with the ids that `checks` has.

        The step `alerts` runs them every few minutes. They wait for nothing and read no code.
        """
        return ()

    @abstractmethod
    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        """Check on the running machine that the step's result exists and works."""
