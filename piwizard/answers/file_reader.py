"""Read answers.toml and validate it key by key, before anything is altered."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from piwizard.answers.model import SITE_TABLES, AnswersFile, place_of
from piwizard.answers.questions import Question
from piwizard.answers.repository_address import understand_address
from piwizard.answers.validators import Invalid, site_name
from piwizard.errors import PiwizardError


def read(path: Path) -> str:
    """Return the text of an answers file. PiwizardError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PiwizardError(
            f"The file {path} does not exist.", hint="Name another one with `--answers FILE`."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PiwizardError(f"{path} cannot be read: {error}") from error


def parse(content: str, questions: Iterable[Question], name: str = "answers.toml") -> AnswersFile:
    """Validate the text of an answers file.

    PiwizardError names the first key that is not acceptable, and its line.
    Required answers may be missing: the planner names them before it plans what needs them.
    """
    try:
        raw = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise PiwizardError(f"{name} is not valid TOML: {error}.") from error
    known = {question.key: question for question in questions}
    reader = _Reader(content, name, known)
    more = raw.pop("sites", {})
    if not isinstance(more, dict):
        raise reader.refuse("sites", "must contain tables such as [sites.blog.app]")
    machine = reader.tables({table: value for table, value in raw.items() if table not in SITE_TABLES}, "")
    first = reader.tables({table: value for table, value in raw.items() if table in SITE_TABLES}, "")
    sites: dict[str, Mapping[str, Any]] = {}
    if "site.name" in first:
        sites[first["site.name"]] = first
    for title, tables in more.items():
        where = f"sites.{title}."
        if not isinstance(tables, dict):
            raise reader.refuse(f"sites.{title}", "must be a table")
        values = reader.tables(tables, where, only=SITE_TABLES)
        if values.setdefault("site.name", reader.name(title, where)) != title or title in sites:
            raise reader.refuse(f"{where}site.name", f"must be {title} and unique")
        sites[title] = values
    _require_own_domains(sites, set(more), reader)
    # A site below a path needs the server block of another one, which is set up first.
    sites = dict(sorted(sites.items(), key=lambda item: "site.path" in item[1]))
    return AnswersFile(machine, sites, {} if "site.name" in first else first, name, content)


def _require_own_domains(sites: Mapping[str, Mapping[str, Any]], further: set[str], reader: _Reader) -> None:
    """Raise PiwizardError where two sites have the same domain and path; `further` are those below [sites]."""
    owners: dict[str, list[tuple[str, str]]] = {}
    for site, values in sites.items():
        path, prefix = values.get("site.path", ""), f"sites.{site}." if site in further else ""
        for domain in values.get("site.domains", ()):
            for other, taken in owners.setdefault(domain, []):
                if not path and not taken:
                    raise reader.refuse(f"{prefix}site.domains", f"gives {domain} to {other} and to {site}")
                if path and taken and f"{path}/".startswith(f"{taken}/") | f"{taken}/".startswith(f"{path}/"):
                    raise reader.refuse(
                        f"{prefix}site.path", f"is {path}, which overlaps {taken} of {other} at {domain}"
                    )
            owners[domain].append((site, path))


class _Reader:
    """Validate tables by the questions; errors name the file, the line and the key."""

    def __init__(self, content: str, name: str, known: Mapping[str, Question]) -> None:
        self._content, self._name, self._known = content, name, known

    def refuse(self, key: str, sentence: str, member: str = "") -> PiwizardError:
        """Return the error for a key, or for a member of its table: file, line, key and what is wrong."""
        named = f"{key}.{member}" if member else key
        return PiwizardError(f"{place_of(self._name, self._content, named)}: {named} {sentence}.", key=key)

    def tables(self, raw: Mapping[str, Any], prefix: str, only: tuple[str, ...] | None = None) -> dict[str, Any]:
        """Return the validated values of some tables, by key."""
        values: dict[str, Any] = {}
        titles = {question.table for question in self._known.values()}
        for table, content in raw.items():
            if table not in titles or (only and table not in only):
                raise self.refuse(f"{prefix}{table}", f"is unknown. Known: {', '.join(sorted(only or titles))}")
            if not isinstance(content, dict):
                raise self.refuse(f"{prefix}{table}", f"must be a table: [{prefix}{table}]")
            for name, value in content.items():
                values[f"{table}.{name}"] = self._value(f"{table}.{name}", value, prefix)
                if (table, name) == ("app", "repo") and (branch := understand_address(value).branch):
                    values.setdefault("app.branch", self._value("app.branch", branch, prefix))
        return values

    def _value(self, key: str, value: object, prefix: str) -> object:
        question = self._known.get(key)
        if question is None:
            same = sorted(k.partition(".")[2] for k in self._known if k.partition(".")[0] == key.partition(".")[0])
            raise self.refuse(prefix + key, f"is unknown. Known: {', '.join(same)}")
        try:
            return question.validate(value)
        except Invalid as error:
            raise self.refuse(prefix + key, str(error), error.member) from None

    def name(self, title: str, prefix: str) -> str:
        """Return the NAME of a [sites.NAME] table, which is the name of the site."""
        try:
            return site_name(title)
        except Invalid as error:
            raise self.refuse(prefix.removesuffix("."), str(error)) from None
