"""Plan and check the steps; planning alters nothing and generates no secrets."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from piwizard.answers.model import Answers, AnswersFile, belongs_to_site
from piwizard.answers.secret_store import SecretStore
from piwizard.apps.app_source import PinnedCommit
from piwizard.changes.base import Change
from piwizard.deploys import deploy_ways
from piwizard.errors import MissingAnswer, PiwizardError
from piwizard.setup.context import SetupContext
from piwizard.steps import registry
from piwizard.steps.registry import StepInstance, all_questions, step_named
from piwizard.system.checks import Check
from piwizard.system.secret_filter import Secret

Sources = Mapping[str, Mapping[str, Any]]
"""Where secrets come from, by key: {"app.env.SECRET_KEY": {"generate": 32}}."""


class Planner:
    """The steps over one set of answers: what each lacks, its changes and checks."""

    def __init__(
        self,
        answers: AnswersFile,
        store: SecretStore,
        pins: Mapping[str, PinnedCommit] | None = None,
        kept_sites: Container[str] = (),
    ) -> None:
        self.answers = answers
        self.kept_sites = kept_sites
        """The sites that the given file lacks: they keep their answers and stay as they are."""
        self.store = store
        self.context = SetupContext(answers, store, pins)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Return the names of the skipped steps."""
        return tuple(self.answers.machine.get("skip.steps", ()))

    @property
    def chosen_sites(self) -> list[str]:
        """Return the sites to set up if none is named: those of the given file."""
        return [site for site in self.answers.sites if site not in self.kept_sites]

    @property
    def incomplete_sites(self) -> dict[str, str]:
        """Return the chosen sites that lack an answer, each with the first key.

        None of them counts if no site is complete.
        """
        steps = [step for step in registry.STEPS if step.scope == "site" and not step.optional]
        found = {
            site: next((key for step in steps for key in self.missing(StepInstance(step, site))), "")
            for site in self.chosen_sites
        }
        lacking = {site: key for site, key in found.items() if key}
        return lacking if len(lacking) < len(found) else {}

    def select(self, names: Iterable[str] = (), site: str | None = None) -> list[StepInstance]:
        """Return the steps of these names, for one site or all, in running order.

        Without names: every step except the skipped ones and the optional ones that lack an answer.
        """
        named = [step_named(name) for name in names]
        belonging = [step.name for step in named if step.scope == "site"]
        if site:
            self.answers.of(site)
        if belonging and not self.answers.sites:
            raise PiwizardError(
                f"{belonging[0]} belongs to a site, and the answers have none yet.",
                hint="`piwizard apply --answers FILE` takes a file with a [site] and an [app] table.",
            )
        if named:
            return registry.in_order(named, [site] if site else self.chosen_sites)
        return [one for one in self.wanted(site) if not (one.step.optional and self.missing(one))]

    def wanted(self, site: str | None = None) -> list[StepInstance]:
        """Return every step except the skipped ones, for one site or all."""
        steps = [step for step in registry.STEPS if step.name not in self.skipped]
        return registry.in_order(steps, [site] if site else self.chosen_sites)

    def select_complete(self, names: Iterable[str] = (), site: str | None = None) -> list[StepInstance]:
        """Return the same without the sites that lack an answer, unless one is named."""
        left_out = {} if site else self.incomplete_sites
        return [one for one in self.select(names, site) if one.site not in left_out]

    def all_instances(self) -> list[StepInstance]:
        """Return every step to show; without sites, steps of a site come once."""
        if not self.answers.sites:
            return [StepInstance(step, None) for step in registry.STEPS]
        return registry.in_order(registry.STEPS, list(self.answers.sites))

    def with_needs(self, wanted: Sequence[StepInstance], done: Iterable[StepInstance]) -> list[StepInstance]:
        """Return these steps and, before them, those they need that are not done."""
        return registry.with_needs(wanted, done, list(self.answers.sites))

    def missing(self, instance: StepInstance) -> tuple[str, ...]:
        """Return the keys of the required answers that a step and its needs lack."""
        answers = self.answers.of(instance.site)
        return tuple(one.key for one in instance.questions if one.required and one.key not in answers.values)

    def declined(self, instance: StepInstance) -> bool:
        """Return whether an answer turns off a step, or one that it needs."""
        answers = self.answers.of(instance.site)
        asked = [question for question in instance.questions if question.declines is not None]
        return any(answers.values.get(question.key) == question.declines for question in asked)

    def require_answers(self, instances: Iterable[StepInstance]) -> None:
        """Raise PiwizardError for the first missing answer that blocks these steps."""
        for instance in instances:
            for key in self.missing(instance):
                site = instance.site if instance.site and len(self.answers.sites) > 1 else ""
                where = f" for the site {site}" if site else ""
                asked = {one.key: one.prompt for one in all_questions()}
                missing = MissingAnswer(
                    f"{key} is missing{where}.",
                    key=key,
                    hint="Run `piwizard` to answer it, or write it into the file for `--answers`.",
                    question=asked.get(key, ""),
                    site=site,
                )
                self.answers.locate(missing, instance.site)
                raise missing

    def plan(self, instance: StepInstance) -> Sequence[Change]:
        """Return the changes of a step, in order.

        PiwizardError names a missing answer.
        A secret that is not generated yet has a placeholder in them: call `keep_secrets` before applying any.
        """
        self.require_answers([instance])
        with self.answers.locating(instance.site):
            return instance.step.plan(self.context.of(instance), self.answers_of(instance.site))

    def checks(self, instance: StepInstance) -> Iterable[Check]:
        """Return the live checks of a step. PiwizardError names a missing answer."""
        self.require_answers([instance])
        with self.answers.locating(instance.site):
            found = instance.step.checks(self.context.of(instance), self.answers_of(instance.site))
        return self._located(found, instance.site)

    def live_checks(self, instance: StepInstance) -> Iterable[Check]:
        """Return the checks of a step that cost almost nothing.

        PiwizardError names a missing answer.
        """
        self.require_answers([instance])
        return self._located(instance.step.live_checks(self.answers.of(instance.site)), instance.site)

    def _located(self, found: Iterable[Check], site: str | None) -> Iterator[Check]:
        with self.answers.locating(site):
            yield from found

    def answers_of(self, site: str | None) -> Answers:
        """Return the answers that a step sees, with the secrets of `SecretStore.resolve`."""
        plain = self.answers.of(site)
        secrets: dict[str, str] = {}
        for owner, sources in self._sources(plain):
            secrets |= self.store.resolve(owner, sources)
        return plain.with_secrets(secrets)

    def keep_secrets(self, instances: Iterable[StepInstance]) -> None:
        """Generate, fetch and keep the secrets of these steps. For runs, never plans."""
        for site in dict.fromkeys(instance.site for instance in instances):
            with self.answers.locating(site):
                for owner, sources in self._sources(self.answers.of(site)):
                    self.store.generate(owner, sources)
        self.store.save()

    def _sources(self, plain: Answers) -> Iterator[tuple[str | None, Sources]]:
        """Where secrets come from: those of the machine's tables (None), then those of the site."""
        sources = {
            one.key: plain[one.key] for one in all_questions() if one.kind == "secret" and one.key in plain.values
        }
        sources |= deploy_ways.generated_secret(plain)
        settings = plain.get("app.env", {})
        sources |= {f"app.env.{name}": where for name, where in settings.items() if isinstance(where, dict)}
        if plain.site is not None:
            from piwizard.apps.app_config import AppConfig  # see steps/step.py

            app = AppConfig(self.context.source(plain.site), plain, archive=self.context.archive)
            found = app.settings.generated
            sources |= {f"app.env.{name}": {"generate": 32} for name in found}
        for owner in dict.fromkeys((None, plain.site)):
            own = {key: where for key, where in sources.items() if belongs_to_site(key) == (owner is not None)}
            if own:
                yield owner, own

    def secrets(self) -> list[Secret]:
        """Return every secret and every setting of the apps, to be hidden everywhere."""
        return [*self.store.secrets(), *self.answers.settings()]
