"""Model the answers: those of the machine and of each site, validated, by keys such as "app.repo"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from piwizard.answers.secrets import Secret
from piwizard.errors import PiwizardError
from piwizard.machine import places

SITE_TABLES = ("site", "app", "gunicorn", "tls")
"""The tables of answers.toml that each site has for itself."""


def belongs_to_site(key: str) -> bool:
    """Return whether a key such as "app.repo" is answered for each site."""
    return key.partition(".")[0] in SITE_TABLES


@dataclass(frozen=True)
class Answers:
    """What one step sees: the answers of the machine and, for a step of a site, of that site.

    Keys are table and name, "app.repo". Every value has passed its validator.
    """

    site: str | None
    values: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets by key ("app.env.SECRET_KEY"), from the secret store."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 — as its validator returns it
        """Return the answer, or `default` where there is none."""
        return self.values.get(key, default)

    def with_secrets(self, secrets: Mapping[str, str]) -> Answers:
        """Return the same answers with these secrets."""
        return replace(self, secrets=secrets)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401
        return self.values[key]


@dataclass(frozen=True)
class AnswersFile:
    """All answers: those of the machine, and those of each site by its name, in the order of the file."""

    machine: Mapping[str, Any]
    sites: Mapping[str, Mapping[str, Any]]
    unnamed: Mapping[str, Any] = field(default_factory=dict)
    """The answers for a first site that has no name yet."""

    def of(self, site: str | None) -> Answers:
        """Return what a step of this site sees; None: a step of the machine, or a site without a name yet."""
        if site is None:
            return Answers(None, {**self.machine, **self.unnamed})
        if site not in self.sites:
            known = ", ".join(self.sites) or "none yet"
            raise PiwizardError(f"The answers have no site {site}. They have: {known}.", key="site.name")
        return Answers(site, {**self.machine, **self.sites[site]})

    def settings(self) -> list[Secret]:
        """Return the values that app.env has in plain text, each with the name of its variable."""
        public = {word.lower() for site, values in self.sites.items() for word in (site, *_words_of(values))}
        return [
            Secret(value, name, setting=True, public=value.lower() in public or value.startswith(tuple(_folders(self))))
            for values in (self.unnamed, *self.sites.values())
            for name, value in values.get("app.env", {}).items()
            if isinstance(value, str)
        ]


def _words_of(site: Mapping[str, Any]) -> list[str]:
    """Return values that are public anyway, such as the domains of the site."""
    single = [site.get(key) for key in ("app.repo", "app.branch", "app.entry")]
    return [*site.get("site.domains", ()), *(word for word in single if isinstance(word, str))]


def _folders(answers: AnswersFile) -> list[str]:
    return [f"{places.sites_dir()}/{site}/" for site in answers.sites]
