"""Model the answers of the machine and of each site, by keys such as "app.repo"."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Any

from piwizard.answers.toml_lines import line_of
from piwizard.errors import MissingAnswer, PiwizardError
from piwizard.system import paths
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.secret_filter import Secret

SITE_TABLES = ("site", "app", "gunicorn", "tls")
"""The tables of answers.toml that each site has for itself."""


def belongs_to_site(key: str) -> bool:
    """Return whether a key such as "app.repo" is answered for each site."""
    return key.partition(".")[0] in SITE_TABLES


@dataclass(frozen=True)
class Answers:
    """The answers that one step sees: of the machine, and of its site if it has one.

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
    """All answers: of the machine, and of each site in the order of the file."""

    machine: Mapping[str, Any]
    sites: Mapping[str, Mapping[str, Any]]
    unnamed: Mapping[str, Any] = field(default_factory=dict)
    """The answers for a first site that has no name yet."""
    name: str = ""
    """The name of the file; empty where the answers come from none."""
    content: str = field(default="", repr=False)
    """The text of the file, and after it the answers of sites that it lacks."""
    lines: int | None = None
    """How many lines of `content` are in the file; None: all. The others are in the machine's own file."""

    def of(self, site: str | None) -> Answers:
        """Return the answers that a step of this site sees.

        None: a step of the machine, or a site without a name yet.
        """
        if site is None:
            return Answers(None, {**self.machine, **self.unnamed})
        if site not in self.sites:
            known = ", ".join(self.sites) or "none yet"
            raise PiwizardError(f"The answers have no site {site}. They have: {known}.", key="site.name")
        return Answers(site, {**self.machine, **self.sites[site]})

    @contextmanager
    def locating(self, site: str | None = None) -> Iterator[None]:
        """Add file and line to a PiwizardError about an answer of this site.

        None: about an answer of the machine.
        """
        try:
            yield
        except PiwizardError as error:
            self.locate(error, site)
            raise

    def locate(self, error: PiwizardError, site: str | None = None) -> None:
        """Add file and line to an error about an answer, given or missing."""
        if not self.name or not error.key:
            return
        key = ".".join(error.key.split(".")[:2])
        owner, values = self._owner(key, site)
        if key in values or isinstance(error, MissingAnswer):
            error.place = error.place or self._place(f"{self._prefix(owner)}{error.key}")

    def _place(self, key: str) -> str:
        line = line_of(self.content, key)
        if line and self.lines is not None and line > self.lines:
            return paths.answers_file().name
        return place_of(self.name, self.content, key)

    def _owner(self, key: str, site: str | None) -> tuple[str | None, Mapping[str, Any]]:
        """Return the site that a key is answered for, and its answers; None and the machine's for other keys."""
        if not belongs_to_site(key):
            return None, self.machine
        if site is not None:
            return site, self.sites.get(site, {})
        found = next((name for name, values in self.sites.items() if key in values), None)
        return (None, self.unnamed) if found is None else (found, self.sites[found])

    def _prefix(self, site: str | None) -> str:
        """Return what the keys of a site begin with in the file: nothing for the first site's."""
        return f"sites.{site}." if site and site in tomllib.loads(self.content).get("sites", {}) else ""

    def settings(self) -> list[Secret]:
        """Return the plain values of app.env, each with the name of its variable."""
        public = {word.lower() for site, values in self.sites.items() for word in (site, *_words_of(values))}
        return [
            Secret(value, name, setting=True, public=value.lower() in public or value.startswith(tuple(_folders(self))))
            for values in (self.unnamed, *self.sites.values())
            for name, value in values.get("app.env", {}).items()
            if isinstance(value, str)
        ]


def place_of(name: str, content: str, key: str) -> str:
    """Return where a key, or else its table, is in a file: "answers.toml line 12"."""
    line = line_of(content, key)
    return f"{name} line {line}" if line else name


def _words_of(site: Mapping[str, Any]) -> list[str]:
    """Return values that are public anyway, such as the domains of the site."""
    single = [site.get(key) for key in ("app.repo", "app.branch", "app.entry")]
    return [*site.get("site.domains", ()), *(word for word in single if isinstance(word, str))]


def _folders(answers: AnswersFile) -> list[str]:
    return [f"{paths.sites_dir()}/{site}/" for site in answers.sites]
