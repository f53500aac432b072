"""The answers: those of the machine and those of each site, checked and by flat keys such as "app.repo"."""

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
    """The answers that one step sees: those of the machine, and of one site where the step belongs to one.

    Keys are as in the file, "app.repo". Every value has passed its validator.
    """

    site: str | None
    values: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets by key ("app.env.SECRET_KEY"), from the secret store."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 — what its validator returns
        """The answer, or `default` where the person gave none."""
        return self.values.get(key, default)

    def with_secrets(self, secrets: Mapping[str, str]) -> Answers:
        """Return the same answers with these secrets."""
        return replace(self, secrets=secrets)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401
        return self.values[key]


@dataclass(frozen=True)
class AnswersFile:
    """All answers: those of the machine and those of each site, by its name, the first site first."""

    machine: Mapping[str, Any]
    sites: Mapping[str, Mapping[str, Any]]
    unnamed: Mapping[str, Any] = field(default_factory=dict)
    """What was answered for a first site that has no name yet."""

    def of(self, site: str | None) -> Answers:
        """What a step of this site sees; None for the machine's steps, and for a site without a name yet."""
        if site is None:
            return Answers(None, {**self.machine, **self.unnamed})
        if site not in self.sites:
            known = ", ".join(self.sites) or "none yet"
            raise PiwizardError(f"There is no site {site} in the answers (there is: {known}).", key="site.name")
        return Answers(site, {**self.machine, **self.sites[site]})

    def settings(self) -> list[Secret]:
        """What the apps of all sites are given in app.env openly, each value with the name of its variable."""
        public = {word.lower() for site, values in self.sites.items() for word in (site, *_words_of(values))}
        return [
            Secret(value, name, setting=True, public=value.lower() in public or value.startswith(tuple(_folders(self))))
            for values in (self.unnamed, *self.sites.values())
            for name, value in values.get("app.env", {}).items()
            if isinstance(value, str)
        ]


def _words_of(site: Mapping[str, Any]) -> list[str]:
    """What a site's own pages, or piwizard's, say of it anyway."""
    single = [site.get(key) for key in ("app.repo", "app.branch", "app.entry")]
    return [*site.get("site.domains", ()), *(word for word in single if isinstance(word, str))]


def _folders(answers: AnswersFile) -> list[str]:
    return [f"{places.sites_dir()}/{site}/" for site in answers.sites]
