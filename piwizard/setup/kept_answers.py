"""Keep the answers of sites that are set up when another answers file lacks them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from piwizard.answers.model import SITE_TABLES, AnswersFile, place_of
from piwizard.errors import PiwizardError
from piwizard.setup import site_traces
from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass


def set_up() -> tuple[str, ...]:
    """Return the sites that are set up.

    They are known from journals, state and files of the machine.
    """
    return tuple(sorted(site_traces.recorded_sites() | site_traces.find_traces().keys()))


def completed(path: Path, content: str) -> str:
    """Return a file's text, followed by the tables of set-up sites missing in it.

    These come from the machine's own answers. Line numbers of the file stay valid. PiwizardError where the file gives
    a domain of such a site to another site.
    """
    lacking = _lacking(path, content)
    if not lacking:
        return content
    _require_no_other_name(path, content, lacking)
    whole = f"{content.rstrip()}\n\n{_written(lacking)}".lstrip()
    try:
        tomllib.loads(whole)
    except tomllib.TOMLDecodeError as error:
        first = next(iter(lacking))
        raise PiwizardError(
            f"{path} lacks the site {', '.join(lacking)}, which is set up, and its answers cannot be added: {error}.",
            hint=f"Write its tables into the file: [sites.{first}.site], [sites.{first}.app].",
        ) from error
    return whole


def _written(lacking: Mapping[str, Mapping[str, Any]]) -> str:
    import tomlkit  # most files lack nothing

    from piwizard.answers import toml_edits

    document = tomlkit.document()
    for site, tables in lacking.items():
        for title, table in tables.items():
            for name, value in table.items():
                if (title, name) != ("site", "name"):  # its title is its name
                    toml_edits.put(document, ["sites", site, title, name], value)
    return tomlkit.dumps(document)


def added(path: Path) -> tuple[str, ...]:
    """Return the sites whose answers are added to those of a file."""
    return tuple(_lacking(path, _read(path)))


@dataclass(frozen=True)
class KeptSite:
    """A site that is set up and that the answers or the given file lack.

    `answers`: whether it keeps those of the machine's own file.
    """

    site: str
    answers: bool
    sentence: str

    def as_json(self) -> dict[str, str | bool]:
        """Return the site as --json prints it."""
        return {"site": self.site, "answers_kept": self.answers, "text": self.sentence}


def kept_sites(path: Path | None, answers: AnswersFile) -> list[KeptSite]:
    """Return the set-up sites that are missing in the answers or the file."""
    found = []
    lacking = added(path) if path else ()
    for site in set_up():
        if site not in answers.sites:
            found.append(KeptSite(site, False, no_answers(site)))
        elif site in lacking:
            text = f"{site} is set up but not in {path}. It stays as it is and keeps its answers. {_removes(site)}"
            found.append(KeptSite(site, True, text))
    return found


def remarks(path: Path | None, answers: AnswersFile) -> list[str]:
    """Return remarks about set-up sites that are missing in the answers or the file."""
    return [one.sentence for one in kept_sites(path, answers)]


def no_answers(site: str) -> str:
    """Return what happens with a site without answers, and what to do."""
    former = _former_answers(site)
    where = f" Its former answers are in {former}." if former else ""
    lacking = f"{site} is set up, but {paths.answers_file()} has no answers for it."
    return f"{lacking} It stays as it is.{where} {_removes(site)}"


def _former_answers(site: str) -> Path | None:
    """Return the newest kept answers file that has a site."""
    older = (paths.state_dir() / "backups" / "answers").glob("*.toml")
    newest = sorted(older, key=lambda path: path.stat().st_mtime, reverse=True)
    return next((path for path in (paths.previous_answers_file(), *newest) if site in _sites(_read(path))), None)


def _removes(site: str) -> str:
    return f"Run `piwizard remove {site}` to remove it."


def _lacking(path: Path, content: str) -> dict[str, Mapping[str, Any]]:
    """Return the tables, from the machine's own answers, of sites that are set up but missing in a file."""
    own = paths.answers_file()
    if path == own:
        return {}
    given = _sites(content)
    missing = [site for site in set_up() if site not in given]
    if missing:
        _require_readable(own, path, missing)
    kept = _sites(_read(own))
    return {site: kept[site] for site in missing if site in kept}


def _require_readable(own: Path, path: Path, missing: Sequence[str]) -> None:
    """Raise PiwizardError if the machine's answers are invalid: those of the missing sites would be lost."""
    try:
        tomllib.loads(_read(own))
    except tomllib.TOMLDecodeError as error:
        raise PiwizardError(
            f"{path} lacks the site {', '.join(missing)}, which is set up, and {own} cannot be read: {error}.",
            hint=f"Correct {own}, or write the site's tables into the file.",
        ) from error


def _sites(content: str) -> dict[str, Mapping[str, Any]]:
    """Return each site with its tables; none where the text is not TOML, which the reader of answers reports."""
    try:
        raw = tomllib.loads(content)
    except tomllib.TOMLDecodeError:
        return {}
    more = raw.get("sites", {})
    found = {name: _tables(tables) for name, tables in more.items()} if isinstance(more, dict) else {}
    first = {table: raw[table] for table in SITE_TABLES if isinstance(raw.get(table), dict)}
    name = first.get("site", {}).get("name")
    return {name: first, **found} if isinstance(name, str) else found


def _tables(found: object) -> Mapping[str, Any]:
    inside = found.items() if isinstance(found, dict) else ()
    return {title: table for title, table in inside if isinstance(table, dict)}


def _require_no_other_name(path: Path, content: str, lacking: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise PiwizardError where a file renames a site that is set up: it would be set up twice."""
    for site, tables in lacking.items():
        for other, given in _sites(content).items():
            both = {*_domains(tables)} & {*_domains(given)}
            if both:
                refused = PiwizardError(
                    f"site.name: the site {other} has the domain {min(both)}, but the site {site} is set up with it.",
                    key="site.name",
                    hint=f"Name the site {site} in the file, or run `piwizard remove {site} --keep-data` first.",
                )
                further = other in tomllib.loads(content).get("sites", {})
                refused.place = place_of(path.name, content, f"sites.{other}" if further else "site.name")
                raise refused


def _domains(tables: Mapping[str, Any]) -> list[str]:
    found = tables.get("site", {}).get("domains", ())
    return [name.lower() for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _read(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "replace")
