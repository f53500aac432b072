"""Describe what pages ask of one site: questions, findings, missing answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps.app_config import AppConfig
from piwizard.apps.serving import Serving, chosen_serving
from piwizard.deploys import deploy_ways
from piwizard.dns.ddns_account import credential_keys, unneeded_keys
from piwizard.errors import ConsentMissing, PiwizardError, RepositoryLoginRequired
from piwizard.setup import app_findings, reach
from piwizard.setup.answer_labels import sentence_of
from piwizard.setup.app_findings import AppFinding, AppSetting
from piwizard.setup.form_page import FormPage, QuestionGroup, RequiredAnswer, page_of
from piwizard.setup.planner import Planner
from piwizard.setup.reach import Audience
from piwizard.steps import registry
from piwizard.steps.registry import StepInstance, step_named
from piwizard.steps.router import BY_HAND, UPNP
from piwizard.steps.step import PlanContext, Stage, app_of

FINDINGS_KEYS = (
    *(
        "app.entry",
        "app.arguments",
        "app.folder",
        "app.requirements",
        "app.skip_requirements",
        "app.python",
        "app.packages",
    ),
    *("app.writable", "app.paths", "app.static", "app.hardware", "app.network", "app.may", "app.init"),
    *("app.pages", "app.releases"),
    *("app.processes", "app.schedule", "app.upload_limit", "gunicorn.workers", "gunicorn.threads"),
)
DEPLOY_KEYS = ("app.deploy", "app.poll_every", "app.push_keys", "app.webhook_secret")
DDNS_DETAILS = ("ddns.client", "ddns.interval", "ddns.ipv6")
HTTPS_KEYS = ("tls.https", "tls.hsts", "tls.challenge", "tls.email", "tls.server", "tls.ca_bundle")


class SiteForm:
    """The questions about one site, with defaults for this machine and for its code.

    Reading the code is slow: it may fetch the repository. `trouble` says why the code is not known.
    """

    def __init__(self, planner: Planner, site: str | None) -> None:
        self._planner = planner
        self.site = site
        self.answers: Answers = planner.answers.of(site)
        self.trouble: PiwizardError | None = None
        """The reason why defaults and findings are missing."""

    @cached_property
    def _context(self) -> PlanContext | None:
        if self.site is None or "app.repo" not in self.answers.values:
            return None
        try:
            return self._planner.context.of(StepInstance(step_named("app"), self.site))
        except PiwizardError as error:
            self.trouble = error
            return None

    @cached_property
    def _asked(self) -> Mapping[str, Question]:
        context = self._context
        found: dict[str, Question] = {}
        for step in registry.STEPS:
            questions: Sequence[Question]
            # Some suggestions take seconds, such as a search for the router: not for what no page asks.
            unasked = step.stage is Stage.ADVANCED
            unasked = unasked or (reach.is_for_internet(step) and self.audience is not Audience.INTERNET)
            known = None if unasked else context
            try:
                with self._planner.answers.locating(self.site):
                    questions = step.questions(known, self.answers if known else None)
            except PiwizardError as error:
                self.trouble = self.trouble or error
                questions = step.questions(None, None)
            # A step skips what other answers make needless; the answers of this site may need it.
            every = (*step.questions(None, None), *questions)
            found |= {question.key: question for question in every}
        return found

    def read(self) -> None:
        """Read the code and the machine now, which is slow; the rest is quick then."""
        _ = self._asked

    @property
    def audience(self) -> Audience | None:
        """Return who can open the site; None while its names are not known."""
        return reach.audience_of(self.answers)

    @property
    def commit(self) -> str | None:
        """Return the commit of the code that was read."""
        source = self._context.source if self._context else None
        return source.commit if source else None

    def questions(self, page: FormPage) -> tuple[QuestionGroup, ...]:
        """Return the groups of a page: what everybody answers is open."""
        groups = {
            FormPage.APP: self._app_groups,
            FormPage.SETTINGS: lambda: [self._group("Settings your app reads", "", ("app.env",), open=True)],
            FormPage.KEY: self._key_groups,
            FormPage.ADDRESS: self._address_groups,
            FormPage.REVIEW: list,
            FormPage.ALL: self._all_groups,
        }[page]()
        return tuple(group for group in groups if group.questions)

    def _app_groups(self) -> list[QuestionGroup]:
        name = self.answers.get("site.name", "")
        return [
            self._group("Where is your code?", "", ("app.repo",), open=True),
            self._group("Correct these findings", "entry point, packages, folders, Python", FINDINGS_KEYS),
            self._group("Use another branch or tag", self.answers.get("app.branch", ""), ("app.branch",)),
            self._group("Deploy new versions", deploy_ways.sentence_of(self.answers), DEPLOY_KEYS),
            self._group("Site name", f"{name}: folder, user and service" if name else "", ("site.name",)),
        ]

    def _address_groups(self) -> list[QuestionGroup]:
        if self.audience is Audience.HOME:
            return [
                self._group("Name", "", ("site.domains",), open=True),
                self._group("URL path", self.answers.get("site.path", "none"), ("site.path",)),
            ]
        provider = reach.provider_of(self.answers)
        owned = bool(provider and provider.owns(reach.public_name(self.answers) or ""))
        ddns = (() if owned else ("ddns.provider",), credential_keys(provider) if provider else ())
        unneeded = unneeded_keys(provider, self.answers.values) if provider else ()
        details = [key for key in ("ddns.hostname", *DDNS_DETAILS) if key not in unneeded]
        client = "client, " if "ddns.client" in details else ""
        title = provider.title if provider else "Where is this name managed?"
        return [
            self._group("Name", "", ("site.domains",), open=True),
            self._group(title, "", (*ddns[0], *ddns[1]), open=owned),
            self._group("Router", self._router_summary(), ("router.forward",)),
            self._group("HTTPS options", "certificate, HSTS, e-mail", HTTPS_KEYS),
            self._group("Dynamic DNS options", f"name, {client}interval, IPv6", details),
            self._group("URL path", self.answers.get("site.path", "none"), ("site.path",)),
        ]

    def _router_summary(self) -> str:
        words = {UPNP: "automatic (UPnP)", BY_HAND: "by hand"}
        return words.get(self.answers.get("router.forward", ""), "automatic, or by hand")

    def _all_groups(self) -> list[QuestionGroup]:
        """Return the groups of all pages but that of the site's name: open is what people change most often."""
        code = self._group("App", "", ("app.repo", "app.branch"), open=True)
        asked = {*(one.key for one in code.questions), "site.name"}
        environment = self._group("Environment", "", ("app.env",))
        others = [environment, *self._app_groups(), *self._key_groups(), *self._address_groups()]
        groups = [one for one in others if one.questions and asked.isdisjoint(each.key for each in one.questions)]
        in_address = [one for one in groups if page_of(one.questions[0].key) is FormPage.ADDRESS]
        return [code, *(one if one in in_address else replace(one, open=False) for one in groups)]

    def _key_groups(self) -> list[QuestionGroup]:
        return [
            self._group("Access token", "of a private repository", ("app.token",), open=True),
            self._group("More about the server", "user name, host key", ("app.token_user", "app.host_key")),
        ]

    def _group(self, title: str, summary: str, keys: Iterable[str], *, open: bool = False) -> QuestionGroup:
        found = [self._asked[key] for key in keys if key in self._asked]
        return QuestionGroup(title, summary, tuple(self._worded(one) for one in found), open)

    def _worded(self, question: Question) -> Question:
        provider = reach.provider_of(self.answers)
        if question.key == "ddns.password" and provider:
            return replace(question, prompt=f"{provider.title} {provider.secret}", help=provider.account, required=True)
        if question.key == "site.domains":
            return replace(question, prompt="Name")
        return question

    @property
    def app(self) -> AppConfig | None:
        """Return the app as it would run.

        None while its code is not known. Its parts may raise PiwizardError.
        """
        context = self._context
        return app_of(context, self.answers) if context and context.source else None

    @property
    def serving(self) -> Serving | None:
        """Return how many workers and threads would serve the app.

        None while that is not known.
        """
        context, app = self._context, self.app
        try:
            return chosen_serving(context.machine, app) if context and app else None
        except PiwizardError as error:
            self.trouble = self.trouble or error
            return None

    def findings(self) -> tuple[AppFinding, ...]:
        """Return what was found in the code; nothing while it is not known."""
        return app_findings.findings_of(self.app) if self.app else ()

    def settings(self) -> tuple[AppSetting, ...]:
        """Return the environment variables that the code reads or the answers set."""
        try:
            return app_findings.settings_of(self.app) if self.app else ()
        except PiwizardError as error:
            self.trouble = self.trouble or error
            return ()

    def missing(self) -> tuple[RequiredAnswer, ...]:
        """Return every answer that an installation cannot do without.

        Quick once the code is read: only a review plans the steps, and finds what they refuse.
        """
        found: dict[str, RequiredAnswer] = {}
        for one in self._missing():
            found.setdefault(one.key, one)
        return tuple(found.values())

    def _missing(self) -> Iterator[RequiredAnswer]:
        for key in ("app.repo", "site.name"):
            if key not in self.answers.values:
                yield self._required(key)
        if self.site is not None and "app.repo" in self.answers.values:
            self.read()
            if self.trouble is not None:
                yield self.refused(self.trouble, "app.repo")
            for setting in self.settings():
                if setting.required and not setting.has_value:
                    yield self._required(f"app.env.{setting.name}", setting.name, setting.note)
            for finding in self.findings():
                if finding.status == "needed":
                    yield self._required(finding.key, reason=finding.note)
        if not self.answers.get("site.domains"):
            yield self._required("site.domains", "Name")
        elif self.audience is Audience.INTERNET:
            for key in reach.needed_ddns_keys(self.answers):
                provider = reach.provider_of(self.answers)
                yield self._required(key, self._worded(self._asked[key]).prompt, provider.account if provider else "")

    def _required(self, key: str, label: str = "", reason: str = "") -> RequiredAnswer:
        question = self._asked.get(key)
        return RequiredAnswer(key, label or (question.prompt if question else key), page_of(key), self.site, reason)

    def refused(self, error: PiwizardError, key: str) -> RequiredAnswer:
        """Return the answer that an error is about; `key` if the error does not say."""
        key = error.key or key
        page = FormPage.KEY if isinstance(error, RepositoryLoginRequired) else page_of(key)
        label = self._asked[key].prompt if key in self._asked else key.rpartition(".")[2]
        found = RequiredAnswer(key, label, page, self.site, sentence_of(error), given=key in self.answers.values)
        if isinstance(error, ConsentMissing):
            return replace(found, consents=error.consents, agreed=tuple(error.agreed))
        return found
