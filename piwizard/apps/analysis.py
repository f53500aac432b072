"""What the code of an app says of itself, as the process that read it reports it: checked before anything uses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from piwizard.answers import validators as v
from piwizard.apps import import_scan
from piwizard.apps.code_warnings import WARNINGS, CodeWarning
from piwizard.apps.database import InitCommand
from piwizard.apps.entry import Candidate
from piwizard.apps.env_vars import GENERATED, SECRET, Variable
from piwizard.apps.home_network import HomeNetworkUse
from piwizard.apps.required_python import RequiredPython
from piwizard.apps.requirements import Requirements
from piwizard.apps.shapes import MalformedAnalysis, decoded
from piwizard.apps.static import ROOT_FILES, RootFile, StaticFolder
from piwizard.apps.version_specs import LONGEST_WISH
from piwizard.apps.write_paths import SAFE, Writable
from piwizard.errors import PiwizardError

T = TypeVar("T")
DOTTED = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
CALL = re.compile(rf"{DOTTED}:[A-Za-z_]\w*\([\w .,=:/@+'\"(){{}}\[\]-]{{0,200}}\)", re.ASCII)
"""A factory with literal arguments, as start-up files name it: `package:create_app("production")`."""
WORD = re.compile(r"[\w./-][\w.:/-]{0,199}", re.ASCII)
DISTRIBUTION = re.compile(r"[a-z0-9-]{1,100}")
PINNED = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.!+-]+", re.ASCII)
PROGRAMS = ("flask", "alembic")
LONGEST_LINE = 1000
LONGEST_PATH = 400
MOST_OFFERED = 50
ANSWERS = {
    "entries": "app.entry",
    "needs": "app.requirements",
    "static": "app.static",
    "environment": "app.env",
    "init": "app.init",
    "server": "app.env",
    "network": "app.network",
    "writable": "app.writable",
    "python": "app.python",
    "warnings": "app.env",
}
"""The answer that does instead of each part."""


@dataclass(frozen=True)
class Wish:
    """The answers that decide what is looked for. Never a secret."""

    entry: str | None = None
    requirements: str | None = None


@dataclass(frozen=True)
class Needs:
    """The packages to install: what the code lists, or else what it imports."""

    requirements: Requirements | None
    imported: tuple[str, ...]


@dataclass(frozen=True)
class Static:
    """What nginx may serve by itself."""

    folders: tuple[StaticFolder, ...]
    root_files: tuple[RootFile, ...]


@dataclass(frozen=True)
class AnalysisFailure:
    """Why a part is not known, and the file that was being read ("" where nobody can tell)."""

    why: str
    file: str = ""

    def error(self, part: str) -> PiwizardError:
        """The sentence for a person who needs that part."""
        key = ANSWERS[part]
        return PiwizardError(
            f"{key}: the code could not be read: {self.why}{f' ({self.file})' if self.file else ''}.",
            key=key,
            hint=f"Set {key} in the answers, or change the file so that it is easier to read.",
        )


@dataclass(frozen=True)
class Analysis:
    """The parts that are known; `failures` says why one is None."""

    entries: tuple[Candidate, ...] | None = None
    needs: Needs | None = None
    static: Static | None = None
    environment: tuple[Variable, ...] | None = None
    init: tuple[InitCommand, ...] | None = None
    server: str | None = None
    network: tuple[HomeNetworkUse, ...] | None = None
    writable: tuple[Writable, ...] | None = None
    python: tuple[RequiredPython, ...] | None = None
    """One at most."""
    warnings: tuple[CodeWarning, ...] | None = None
    failures: Mapping[str, AnalysisFailure] = field(default_factory=dict)

    def known(self, part: str, value: T | None) -> T:
        """Return the value of a part, or raise PiwizardError where it could not be worked out."""
        if value is None:
            raise self.failures[part].error(part)
        return value


def checked(part: str, value: object) -> Any:
    """Turn a part as JSON gives it into its dataclass, without what no answer could be. Malformed where it is none."""
    kind, check = CHECKS[part]
    return check(decoded(kind, value))


def within(path: str) -> bool:
    """Whether a text is a plain path inside of the repository."""
    parts = path.split("/")
    plain = path.isprintable() and len(path) <= LONGEST_PATH and not path.startswith("-")
    return plain and not {"", ".", ".."} & set(parts) and parts[0] != ".git"


def is_entry(text: str) -> bool:
    """Whether a text names a WSGI callable, with literal arguments at most."""
    return _accepts(v.entry, text) or bool(CALL.fullmatch(text))


def _accepts(validator: v.Validator, value: object) -> bool:
    try:
        validator(value)
    except v.Invalid:
        return False
    return True


def _sentence(text: str) -> bool:
    return text.isprintable() and len(text) <= LONGEST_LINE


def _entries(found: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    def right(one: Candidate) -> bool:
        folders = [folder for folder in (one.chdir, one.pythonpath) if folder]
        words = _sentence(one.why) and _sentence(one.problem)
        return is_entry(one.entry) and within(one.file) and all(map(within, folders)) and words

    return tuple(one for one in found if right(one))


def _needs(found: Needs) -> Needs:
    imported = tuple(name for name in found.imported if import_scan.known(name))
    wanted = found.requirements
    if wanted is None:
        return Needs(None, imported)
    project = wanted.is_project
    listed = wanted.arguments == ("-r", wanted.file)
    if not within(wanted.file) or not (listed or project or not wanted.arguments):
        raise MalformedAnalysis("arguments for pip that are none")
    if project and wanted.arguments != (".",) and not within(wanted.arguments[0].removeprefix("./")):
        raise MalformedAnalysis("a project outside of the repository")
    lines = (" ".join(line.split()) for line in wanted.lines)
    kept = replace(
        wanted,
        kind=wanted.kind if _sentence(wanted.kind) else "",
        lines=tuple(line for line in lines if line and _sentence(line)),
        constraints=tuple(line for line in wanted.constraints if PINNED.fullmatch(line)),
        names=tuple(name for name in wanted.names if DISTRIBUTION.fullmatch(name)),
        limits=tuple(name for name in wanted.limits if DISTRIBUTION.fullmatch(name)),
    )
    return Needs(kept, imported)


def _static(found: Static) -> Static:
    folders = [one for one in found.folders if _accepts(v.static, {one.prefix: one.folder}) and within(one.file)]
    files = [one for one in found.root_files if one.url.strip("/") in ROOT_FILES and _accepts(v.inside, one.path)]
    return Static(tuple(folders[:MOST_OFFERED]), tuple(files[: len(ROOT_FILES)]))


def _environment(found: tuple[Variable, ...]) -> tuple[Variable, ...]:
    return tuple(
        replace(
            one,
            default=_shown(one.default),
            example=_shown(one.example),
            secret=bool(SECRET.search(one.name)),
            generate=bool(GENERATED.search(one.name)),
        )
        for one in found
        if _accepts(v.environment, {one.name: ""}) and within(one.file)
    )


def _shown(text: str | None) -> str | None:
    """A text of the code as a person may see it."""
    return text and "".join(sign if sign.isprintable() else " " for sign in text[:LONGEST_LINE])


def _init(found: tuple[InitCommand, ...]) -> tuple[InitCommand, ...]:
    def right(one: InitCommand) -> bool:
        program, *words = one.argv or ("",)
        app = words[1] if words[:1] == ["--app"] and len(words) > 1 else None
        named = app is None or WORD.fullmatch(app) or is_entry(app)
        plain = words[2:] if app is not None else words
        known = program in PROGRAMS and bool(named) and all(map(WORD.fullmatch, plain)) and _sentence(one.why)
        return known and (one.doubt is None or (_sentence(one.doubt.why) and within(one.doubt.file)))

    return tuple(one for one in found if right(one) and within(one.file))[:MOST_OFFERED]


def _server(found: str) -> str:
    return found if _sentence(found) else ""


def _network(found: tuple[HomeNetworkUse, ...]) -> tuple[HomeNetworkUse, ...]:
    return tuple(one for one in found if _sentence(one.why) and within(one.file))[:MOST_OFFERED]


def _writable(found: tuple[Writable, ...]) -> tuple[Writable, ...]:
    kinds = ("folder", "file", "sqlite")
    return tuple(
        one
        for one in found
        if within(one.path) and SAFE.fullmatch(one.path) and one.kind in kinds and _sentence(one.why)
    )[:MOST_OFFERED]


def _python(found: tuple[RequiredPython, ...]) -> tuple[RequiredPython, ...]:
    plain = (one for one in found if _sentence(one.spec) and len(one.spec) <= LONGEST_WISH and within(one.file))
    return tuple(plain)[:1]


def _warnings(found: tuple[CodeWarning, ...]) -> tuple[CodeWarning, ...]:
    return tuple(one for one in found if one.setting in WARNINGS and within(one.file))[:MOST_OFFERED]


CHECKS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "entries": (tuple[Candidate, ...], _entries),
    "needs": (Needs, _needs),
    "static": (Static, _static),
    "environment": (tuple[Variable, ...], _environment),
    "init": (tuple[InitCommand, ...], _init),
    "server": (str, _server),
    "network": (tuple[HomeNetworkUse, ...], _network),
    "writable": (tuple[Writable, ...], _writable),
    "python": (tuple[RequiredPython, ...], _python),
    "warnings": (tuple[CodeWarning, ...], _warnings),
}
