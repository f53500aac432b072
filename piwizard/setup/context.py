"""Inspect the machine and the apps' code once, for all plans until `invalidate`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from piwizard.answers.model import AnswersFile
from piwizard.answers.secret_store import SecretStore
from piwizard.apps import app_source, repository_access, rollback_pin
from piwizard.apps.app_source import AppSource, PinnedCommit
from piwizard.changes.release_record import Deployer
from piwizard.deploys.pushed_code import pushed_repository
from piwizard.engine.backups import find_owners
from piwizard.engine.leftovers import Leftovers
from piwizard.git.git_access import GitAccess
from piwizard.nginx import ipv6_listen, nginx_files
from piwizard.steps.registry import STEPS, StepInstance
from piwizard.steps.step import PlanContext, SiteRoute
from piwizard.system import boot_config, dpkg, facts, paths
from piwizard.system.apt_archive import AptArchive, look_up_packages
from piwizard.system.facts import Facts
from piwizard.tls import lineage

LOCAL_UNITS = Path("/etc/systemd/system")
UNIT_FOLDERS = (Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))


class SetupContext:
    """One inspection of the machine and of the sites' repositories.

    Each part is inspected when it is first needed, and cached until `invalidate`: whoever alters the machine calls
    that before the next plan or check.
    """

    def __init__(
        self, answers: AnswersFile, store: SecretStore, pins: Mapping[str, PinnedCommit] | None = None
    ) -> None:
        self._answers = answers
        self._store = store
        self._pins = dict(pins or {})
        self._sources: dict[str, AppSource] = {}
        self._in_use: dict[str, str] = {}
        """The release that each site used before its code was read."""
        self.deployer = Deployer()
        self.rollbacks: dict[str, str] = {}
        """The release of each site that is to be rolled back."""

    def invalidate(self) -> None:
        """Forget what was detected: the machine was altered since."""
        for name in ("facts", "_nginx", "certificates", "archive", "_left_behind", "_packaged_units", "local_units"):
            self.__dict__.pop(name, None)
        self._sources.clear()
        from piwizard.apps import analysis_cache  # see steps/step.py

        analysis_cache.forget_analyses()

    @cached_property
    def facts(self) -> Facts:
        """Return the facts about this machine."""
        return facts.gather()

    @cached_property
    def _nginx(self) -> nginx_files.NginxFiles:
        return nginx_files.read_nginx_files()

    @cached_property
    def certificates(self) -> lineage.Certificates:
        """Return the certificates on this machine."""
        return lineage.read_certificates()

    @cached_property
    def archive(self) -> AptArchive:
        """Return the Debian packages that this machine has or can install."""
        return AptArchive(dpkg.installed_versions(), look_up_packages)

    @cached_property
    def _left_behind(self) -> frozenset[str]:
        records = Leftovers(paths.state_dir() / "backups").records()
        return frozenset(one["target"] for one in records if one["kind"] == "package")

    @cached_property
    def _packaged_units(self) -> frozenset[str]:
        return frozenset(unit.name for folder in UNIT_FOLDERS for unit in folder.glob("*.service"))

    @cached_property
    def local_units(self) -> dict[str, str]:
        """Return the units in /etc/systemd/system, each with its site or ""."""
        # Those that start deploys are no processes of the app: a deploy must not stop them.
        deployed = [step.name for step in STEPS if step.deployed]
        return find_owners(LOCAL_UNITS, paths.state_dir() / "backups", deployed)

    def of(self, instance: StepInstance) -> PlanContext:
        """Return the context for the plan of an instance; may fetch its repository."""
        site, sites = instance.site, self._answers.sites
        return PlanContext(
            machine=self.facts,
            nginx=self._nginx,
            certificates=self.certificates,
            source=self.source(site) if site and "app.repo" in sites[site] else None,
            sites=tuple(sites),
            domains=tuple(name for values in sites.values() for name in values.get("site.domains", ())),
            routes={
                name: SiteRoute(tuple(values.get("site.domains", ())), values.get("site.path", ""))
                for name, values in sites.items()
            },
            installed=self.archive.installed,
            left_behind=self._left_behind,
            archive=self.archive,
            ipv6=ipv6_listen.ipv6_here(),
            boot_config=boot_config.find_config(),
            packaged_units=self._packaged_units,
            local_units=self.local_units,
            deployer=self.deployer,
        )

    def source(self, site: str) -> AppSource:
        """Return the code of a site: at its pinned commit, else as fetched last."""
        if site not in self._sources:
            values = self._answers.of(site)
            branch, pinned, answered = values.get("app.branch"), self._pinned(site), values["app.repo"]
            repo = pushed_repository(values) or answered
            self._in_use.setdefault(site, rollback_pin.current_release(site))
            with self._answers.locating(site):
                self._sources[site] = app_source.find_source(
                    site,
                    repo,
                    branch,
                    pinned,
                    access=self.access(site),
                    also=(answered,),
                    rollback=self.rollbacks.get(site),
                )
        return self._sources[site]

    def fetch_newest(self, sites: Iterable[str]) -> None:
        """Fetch the newest commit of these sites; plans are made from it from now on."""
        for site in sites:
            values = self._answers.of(site)
            with self._answers.locating(site):
                repo, branch = pushed_repository(values) or values["app.repo"], values.get("app.branch")
                self._in_use[site] = rollback_pin.current_release(site)
                self._sources[site] = app_source.fetch_newest(site, repo, branch, self.access(site))

    def _pinned(self, site: str) -> str | None:
        """Return the commit of an earlier plan, unless another release is in use since."""
        pin = self._pins.get(site)
        return pin.commit if pin and not pin.outdated(site) else None

    def pins(self) -> dict[str, PinnedCommit]:
        """Return the commit of each site that was read, so that a run uses the same."""
        return {site: PinnedCommit(found.commit, self._in_use[site]) for site, found in self._sources.items()}

    def access(self, site: str) -> GitAccess:
        """Return the login with which git fetches the repository of a site."""
        plain = self._answers.of(site)
        if pushed := pushed_repository(plain):
            return repository_access.repository_access(plain, pushed)
        token = plain.get(repository_access.TOKEN_KEY)
        with self._answers.locating(site):
            given = self._store.resolve(site, {repository_access.TOKEN_KEY: token}) if token else {}
            return repository_access.repository_access(plain.with_secrets(given))
