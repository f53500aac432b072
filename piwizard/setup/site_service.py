"""Give screens and prompts what the setup of one site asks, writes and needs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from piwizard.errors import PiwizardError
from piwizard.setup.service import SetupService

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.dns.account_check import AccountCheck, AccountChecks
    from piwizard.git.git_access import GitAccess
    from piwizard.git.host_keys import HostKey
    from piwizard.setup.form_page import RequiredAnswer
    from piwizard.setup.internet_line import InternetLine
    from piwizard.setup.reach import Audience
    from piwizard.setup.repository_key import KeyOffer, KeyTest
    from piwizard.setup.review import Review
    from piwizard.setup.site_form import SiteForm


class SiteService(SetupService):
    """The setup service with what belongs to a single site."""

    def begin_site(self, repository: str) -> str:
        """Write the answers of a new site for a repository, and return its name.

        Invalid says what the address must be. Quick.
        """
        from piwizard.answers.validators import repository as validate
        from piwizard.setup.free_site_name import name_for

        address = validate(repository)
        store = self.answering
        found = store.file()
        name = name_for(address, set(found.sites))
        if not found.sites:
            name = found.unnamed.get("site.name", name)
            store.set(None, "site.name", name)
        store.set(name, "app.repo", repository)
        return name

    def site_form(self, site: str | None) -> SiteForm:
        """Return what the pages ask of a site; `questions(APP)` of no site is quick."""
        from piwizard.setup.site_form import SiteForm

        planner = self._planner()
        form = SiteForm(planner, site)
        with self._source_lock:
            form.read()
            self._pins |= planner.context.pins()
        return form

    def missing(self, site: str) -> tuple[RequiredAnswer, ...]:
        """Return the answers without which an installation of a site is refused."""
        form = self.site_form(site)
        with self._source_lock:
            return form.missing()

    def choose_audience(self, site: str, audience: Audience, name: str | None = None) -> None:
        """Write the answers that make a site reachable at home or on the Internet.

        `name` is what people type; None keeps the name, at home it becomes that of this machine.
        """
        from piwizard.setup import reach
        from piwizard.steps.router import suggested_forwarding

        planner = self._planner()
        answers, store = planner.answers.of(site), self.answering
        hostname = planner.context.facts.hostname
        for answer in reach.choose(audience, name, answers, hostname, planner.answers.sites):
            store.set(site, answer.key, answer.value)
        if audience is reach.Audience.INTERNET and answers.get(reach.FORWARD) is None:
            store.set(site, reach.FORWARD, suggested_forwarding(planner.context.facts.network))

    def name_site(self, site: str, audience: Audience, names: Sequence[str] = ()) -> None:
        """Write what follows from the audience of a site and from its names."""
        self.choose_audience(site, audience, names[0] if names else None)
        if len(names) > 1:
            self.answering.set(site, "site.domains", list(names))

    @cached_property
    def _account_checks(self) -> AccountChecks:
        from piwizard.dns.account_check import AccountChecks

        return AccountChecks()

    def check_ddns_account(self, site: str) -> AccountCheck | None:
        """Ask the DDNS provider of a site whether it accepts the saved account.

        None if answers are missing, or it cannot be asked without a change. Each account is asked about once.
        """
        from piwizard.dns.ddns_account import account_of
        from piwizard.setup import reach

        answers = self._planner().answers_of(site)
        if reach.audience_of(answers) is not reach.Audience.INTERNET or not reach.follows(answers):
            return None
        try:
            account = account_of(answers)
        except (PiwizardError, KeyError):  # an answer is missing; its field says so
            return None
        return self._account_checks.check(account)

    def internet_line(self) -> InternetLine:
        """Return the public IP, and whether the router answers by UPnP."""
        from piwizard.setup.internet_line import find_internet_line

        return find_internet_line(self._planner().context.facts.network)

    def review(self, site: str) -> Review:
        """Return what an installation of a site would change, and what is missing for it."""
        from piwizard.setup import workspace
        from piwizard.setup.review import review_site

        planner = self._planner()
        with self._source_lock:
            found = review_site(planner, site, workspace.state())
            self._pins |= planner.context.pins()
        return found

    def key_offer(self, site: str) -> KeyOffer:
        """Return the deploy key of a site, created if it is missing, and where to add it."""
        from piwizard.setup.repository_key import offer_key

        return offer_key(self._planner().context.access(site))

    def unknown_host_keys(self, offer: KeyOffer) -> list[HostKey]:
        """Return the keys of the repository's server if piwizard does not trust it yet."""
        from piwizard.setup import repository_key

        return repository_key.unknown_host_keys(self._key_access(offer))

    def trust_server(self, site: str, keys: list[HostKey]) -> None:
        """Trust the keys of a server for the repository of a site."""
        from piwizard.git import host_keys

        host_keys.trust_keys(site, keys)

    def test_key(self, offer: KeyOffer) -> KeyTest:
        """Read the repository with the deploy key."""
        from piwizard.setup import repository_key

        return repository_key.test_key(self._key_access(offer))

    def _key_access(self, offer: KeyOffer) -> GitAccess:
        from piwizard.setup.repository_key import over_ssh

        return over_ssh(self._planner().context.access(offer.site))
