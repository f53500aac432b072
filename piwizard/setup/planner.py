"""Which steps there are for this machine and these sites, what they stand on, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path

from piwizard.answers.model import SITE_TABLES, Answers, AnswersFile
from piwizard.answers.questions import Question
from piwizard.answers.secret_store import Vault
from piwizard.apps import app_source, repository_access
from piwizard.apps.app_source import AppSource
from piwizard.changes.base import Change
from piwizard.errors import PiwizardError
from piwizard.git.git_access import Access
from piwizard.nginx import ipv6_listen, nginx_files
from piwizard.steps import registry
from piwizard.steps.registry import Place, all_questions, step_named
from piwizard.steps.step import Ground, Step
from piwizard.system import dpkg, facts
from piwizard.system.checks import Check
from piwizard.system.facts import Facts
from piwizard.system.secret_filter import Secret
from piwizard.tls import lineage

UNIT_FOLDERS = (Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))


class Wizard:
    """The steps over one set of answers. What is detected is kept until `look_again`."""

    def __init__(self, answers: AnswersFile, vault: Vault, pins: Mapping[str, str] | None = None) -> None:
        self.answers = answers
        self.vault = vault
        self._pins = dict(pins or {})
        self._sources: dict[str, AppSource] = {}

    @property
    def skipped(self) -> tuple[str, ...]:
        """The names of the optional steps that are not wanted."""
        return tuple(self.answers.machine.get("skip.steps", ()))

    def places(self, names: Iterable[str] = (), site: str | None = None) -> list[Place]:
        """The steps of these names, for one site or all, in the wizard's order.

        Without names: all but the skipped, and but the optional ones that nobody has answered yet.
        """
        named = [step_named(name) for name in names]
        belonging = [step.name for step in named if step.scope == "site"]
        if site:
            self.answers.of(site)
        if belonging and not self.answers.sites:
            raise PiwizardError(
                f"{belonging[0]} belongs to a site, and there is none in the answers yet.",
                hint="`piwizard apply --answers FILE` takes a file with a [site] and an [app] table.",
            )
        chosen = self._in_order(named or [step for step in registry.STEPS if step.name not in self.skipped], site)
        return chosen if named else [one for one in chosen if not (one.step.optional and self.missing(one))]

    def _in_order(self, steps: Sequence[Step], site: str | None = None) -> list[Place]:
        sites = [site] if site else list(self.answers.sites)
        found: list[Place] = []
        # Steps of sites that follow each other are taken site by site.
        for scope, group in groupby(registry.STEPS, key=lambda step: step.scope):
            wanted = [step for step in group if step in steps]
            for name in sites if scope == "site" else [None]:
                found += [Place(step, name) for step in wanted]
        return found

    def everything(self) -> list[Place]:
        """All steps for a person to see: those of a site also while there is no site yet."""
        return self._in_order(registry.STEPS) if self.answers.sites else [Place(step, None) for step in registry.STEPS]

    def missing(self, place: Place) -> tuple[str, ...]:
        """The keys of the answers that a step, or one that it needs, cannot do without and that are not there yet."""
        answers = self.answers.of(place.site)
        asked = self._asked_for(place)
        return tuple(question.key for question in asked if question.required and question.key not in answers.values)

    def declined(self, place: Place) -> bool:
        """Whether an answer says that nothing of a step is wanted, or nothing of one that it needs."""
        answers = self.answers.of(place.site)
        asked = [question for question in self._asked_for(place) if question.declines is not None]
        return any(answers.values.get(question.key) == question.declines for question in asked)

    @staticmethod
    def _asked_for(place: Place) -> list[Question]:
        """The questions of a step, and of all that it needs."""
        steps = [place.step]
        for step in steps:
            steps += [needed for name in step.needs if (needed := step_named(name)) not in steps]
        return [question for step in registry.STEPS if step in steps for question in step.questions(None, None)]

    def require_answers(self, places: Iterable[Place]) -> None:
        """PiwizardError names the first answer without which one of these steps cannot be planned."""
        for place in places:
            for key in self.missing(place):
                where = f" for the site {place.site}" if place.site and len(self.answers.sites) > 1 else ""
                raise PiwizardError(
                    f"{key} is missing{where}.",
                    key=key,
                    hint="`piwizard` asks for it; in a file for `--answers` it can be written by hand.",
                )

    def with_needs(self, places: Sequence[Place], done: Iterable[Place]) -> list[Place]:
        """These places and, before them, those that they need and that are not done yet."""
        done = list(done)
        wanted = list(places)
        for place in wanted:
            for name in place.step.needs:
                step = step_named(name)
                needed = Place(step, place.site if step.scope == "site" else None)
                if needed not in wanted and needed not in done:
                    wanted.append(needed)
        return [place for place in self._in_order(registry.STEPS) if place in wanted]

    def look_again(self) -> None:
        """Something was altered: what was detected counts no more."""
        for name in ("facts", "_nginx", "_certificates", "_packaged_units"):
            self.__dict__.pop(name, None)
        self._sources.clear()
        from piwizard.apps import analysis_cache  # see steps/step.py

        analysis_cache.forget()

    @cached_property
    def facts(self) -> Facts:
        """What was detected on this machine."""
        return facts.gather()

    @cached_property
    def _nginx(self) -> nginx_files.NginxFiles:
        return nginx_files.look()

    @cached_property
    def _certificates(self) -> lineage.Certificates:
        return lineage.look()

    @cached_property
    def _packaged_units(self) -> frozenset[str]:
        return frozenset(unit.name for folder in UNIT_FOLDERS for unit in folder.glob("*.service"))

    def answers_of(self, site: str | None) -> Answers:
        """What a step sees of the answers, with the site's secrets."""
        plain = self.answers.of(site)
        settings = plain.get("app.env", {})
        sources = {f"app.env.{name}": where for name, where in settings.items() if isinstance(where, dict)}
        if site is not None:
            from piwizard.apps.app_config import AppConfig  # see steps/step.py

            found = AppConfig(self._source(site), plain).generated
            sources |= {f"app.env.{name}": {"generate": 32} for name in found}
        return self._with_secrets(plain, sources | _asked(plain))

    def access_of(self, site: str) -> Access:
        """How git gets at the repository of a site."""
        plain = self.answers.of(site)
        return repository_access.of(self._with_secrets(plain, _asked(plain, (repository_access.TOKEN,))))

    def _with_secrets(self, plain: Answers, sources: Mapping[str, Mapping[str, object]]) -> Answers:
        """Secrets of the machine's own tables are kept for the machine, those of a site's for the site."""
        own = {key: source for key, source in sources.items() if key.partition(".")[0] in SITE_TABLES}
        shared = {key: source for key, source in sources.items() if key not in own}
        secrets = self.vault.resolve(None, shared) if shared else {}
        if own and plain.site:
            secrets |= self.vault.resolve(plain.site, own)
        return Answers(plain.site, plain.values, secrets)

    def secrets(self) -> list[Secret]:
        """What no record, report or screen may show: the vault, and all that an app is given in app.env."""
        return [*self.vault.secrets(), *self.answers.settings()]

    def ground(self, place: Place) -> Ground:
        """What a step's plan stands on. Looks at the app's repository where the step belongs to a site."""
        return Ground(
            machine=self.facts,
            nginx=self._nginx,
            certificates=self._certificates,
            source=self._source(place.site) if place.site and "app.repo" in self.answers.sites[place.site] else None,
            sites=tuple(self.answers.sites),
            domains=tuple(name for site in self.answers.sites.values() for name in site.get("site.domains", ())),
            installed=dpkg.installed(),
            ipv6=ipv6_listen.ipv6_here(),
            packaged_units=self._packaged_units,
        )

    def plan(self, place: Place) -> Sequence[Change]:
        """The changes of a step, in order. PiwizardError names an answer that is missing."""
        self.require_answers([place])
        return place.step.plan(self.ground(place), self.answers_of(place.site))

    def checks(self, place: Place) -> Iterable[Check]:
        """The live looks of a step. PiwizardError names an answer that is missing."""
        self.require_answers([place])
        return place.step.checks(self.ground(place), self.answers_of(place.site))

    def look_for_new_versions(self, sites: Iterable[str]) -> None:
        """Fetches the newest commit of these sites; their plans are made from it."""
        for site in sites:
            values = self.answers.of(site)
            self._sources[site] = app_source.newest(
                site, values["app.repo"], values.get("app.branch"), self.access_of(site)
            )

    def pins(self) -> dict[str, str]:
        """The commits that have been looked at, so that a run sets up just those."""
        return {site: found.commit for site, found in self._sources.items()}

    def _source(self, site: str) -> AppSource:
        if site not in self._sources:
            values = self.answers.of(site)
            repo, branch, pinned = values["app.repo"], values.get("app.branch"), self._pins.get(site)
            self._sources[site] = app_source.find(site, repo, branch, pinned, access=self.access_of(site))
        return self._sources[site]


def _asked(answers: Answers, only: Iterable[str] = ()) -> dict[str, Mapping[str, object]]:
    """The answered secrets, and where each is to be had."""
    keys = only or (question.key for question in all_questions() if question.kind == "secret")
    return {key: answers[key] for key in keys if key in answers.values}
