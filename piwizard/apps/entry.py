"""Find the WSGI callable of a Flask app for gunicorn to load."""

from __future__ import annotations

import ast
import dataclasses
from itertools import islice
from pathlib import Path, PurePosixPath

from piwizard.answers.validators.entries import is_callable
from piwizard.apps.app_holders import HeldApp, find_held_apps
from piwizard.apps.app_resolver import (
    FACTORY_NAMES,
    AppFactory,
    WsgiApp,
    find_blocking_call,
    resolve_app,
    resolve_factory,
)
from piwizard.apps.bindings import Assignment, Import
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.entry_arguments import find_factory_call
from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.apps.modules import find_module, import_base, join_path, module_name
from piwizard.apps.name_lookup import find_definition
from piwizard.apps.other_frameworks import other_apps
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script, scan_checkout
from piwizard.apps.script_entries import script_candidate, script_candidates
from piwizard.apps.start_commands import StartCommand, find_start_commands
from piwizard.apps.start_script import StartScript, find_start_script

FILE_SCORES = {"wsgi": 12, "app": 10, "application": 10, "__init__": 8, "main": 6, "run": 4, "server": 4, "__main__": 0}
SIDE_JOB_WORDS = ("celery", "task", "worker", "manage", "seed", "shell", "setup", "fab", "script", "cron", "migrat")
APP_NAMES = frozenset({"app", "application"})
UNUSED_APP_PENALTY = 15
SERVING_CALLS = (b".route(", b".get(", b".post(", b"register_", b"add_url_rule", b"add_resource", b"init_app")
"""Calls in a file whose app serves pages."""
APP_WORDS = (b"lask", b"create_app", b"make_app", b"Dash", b"connexion", b"Quart", b"FastAPI", b"Starlette")
MAX_ENTRIES_PER_FILE = 50
MAX_ENTRIES = 500


def find_entries(root: Path | RepositoryCheckout) -> list[EntryCandidate]:
    """Return all candidates in a checkout, the best first, unusable ones last."""
    checkout = scan_checkout(root)
    code = CodeIndex.of(checkout)
    all_found = (
        candidate for file in checkout.python if _may_hold_app(checkout, file) for candidate in _in_file(code, file)
    )
    found = list(islice(all_found, MAX_ENTRIES))
    commands = find_start_commands(checkout)[:MAX_ENTRIES_PER_FILE]
    for hint in commands:
        found = _apply_start_command(checkout, found, hint)
    found += script_candidates(code, found, commands)
    if all(candidate.problem for candidate in found):
        found += _unread_candidates(checkout)
    if not found:
        found = other_apps(checkout)
    unique: dict[tuple[str, str], EntryCandidate] = {}
    for candidate in found:
        known = unique.get((candidate.entry, candidate.pythonpath))
        if known is None or candidate.score > known.score:
            unique[candidate.entry, candidate.pythonpath] = candidate
    return sorted(unique.values(), key=lambda c: (bool(c.problem), -c.score, len(c.entry), c.entry))


def candidate_in_file(checkout: RepositoryCheckout, wanted: str) -> EntryCandidate | None:
    """Return the candidate that an answer names by its file.

    "folder/app.py:app" is an app in it, "folder/app.py" runs it as a script.
    """
    file, _, name = wanted.partition(":")
    if not file.endswith(".py") or not checkout.is_file(file):
        return None
    code = CodeIndex.of(checkout)
    if not name:
        script = find_start_script(code, file) or StartScript(file, 1, False, "", (file, 1))
        return dataclasses.replace(script_candidate(code, script, 0), why="named in the answers")
    return _with_module(CodeIndex.of(checkout), file, EntryCandidate(name, file, 1, "named in the answers", 0))


def _unread_candidates(checkout: RepositoryCheckout) -> list[EntryCandidate]:
    """Return candidates for unreadable files that usually contain the app."""
    unread = [one for one in checkout.skipped if PurePosixPath(one.file).stem in FILE_SCORES]
    return [
        EntryCandidate(f"{PurePosixPath(one.file).stem}:app", one.file, 1, "", 0, problem=one.why) for one in unread
    ]


def _may_hold_app(checkout: RepositoryCheckout, file: str) -> bool:
    stem = PurePosixPath(file).stem
    return stem in FILE_SCORES or checkout.mentions(file, *APP_WORDS)


def _in_file(code: CodeIndex, file: str) -> list[EntryCandidate]:
    bound = code.bindings(file)
    found: list[EntryCandidate] = []
    for name, sources in bound.names.items():
        if len(found) >= MAX_ENTRIES_PER_FILE:
            break
        own = _passes_on(file, name) or not all(isinstance(source, Import) for source in sources)
        if not own:
            continue
        if app := resolve_app(code, file, name):
            first = sources[0]
            line = first.line if isinstance(first, Import | Assignment) else app.line
            found.append(_from_app(code, file, name, app, line))
        elif factory := resolve_factory(code, file, name):
            found.append(_from_factory(code, file, name, factory))
    found += [_from_held_app(code, file, held) for held in islice(find_held_apps(code, file), MAX_ENTRIES_PER_FILE)]
    for name, line in islice(bound.main_only.items(), MAX_ENTRIES_PER_FILE):
        if name in APP_NAMES and name not in bound.names:
            why = 'is only created under if __name__ == "__main__"'
            found.append(_with_module(code, file, EntryCandidate(name, file, line, why, 0, problem=why)))
    blocked = find_blocking_call(code, file)
    problem = f"line {blocked} starts Flask's own server on import" if blocked else ""
    return [c if not problem else _unusable(c, problem) for c in found if ":" in c.entry]


def _passes_on(file: str, name: str) -> bool:
    """Return whether an imported name is meant to be loaded from this file."""
    stem = PurePosixPath(file).stem
    return name == "application" or (stem in FILE_SCORES and name in {*APP_NAMES, *FACTORY_NAMES})


def _unusable(candidate: EntryCandidate, problem: str) -> EntryCandidate:
    return dataclasses.replace(candidate, score=0, problem=candidate.problem or problem)


def _score(file: str, name: str, base: int) -> int:
    path = PurePosixPath(file)
    stem = path.stem.lower()
    score = base + FILE_SCORES.get(stem, 0) - (12 if any(word in stem for word in SIDE_JOB_WORDS) else 0)
    score -= 20 if is_script(file) else 0
    depth = len(path.parts) - 1 - (path.parts[0] == "src") - (stem == "__init__")
    return max(1, score - 3 * max(0, depth) - (10 if name.startswith("_") else 0))


def _from_app(code: CodeIndex, file: str, name: str, app: WsgiApp, line: int) -> EntryCandidate:
    base, why = {
        "made": (50, f"{name} is a Flask app"),
        "called": (50, f"{name} is created by {app.factory.name if app.factory else 'a factory'}()"),
        "wrapped": (52, f"{name} wraps the Flask app"),
        "imported": (44, f"{name} is the Flask app of {app.file}"),
    }[app.how]
    if app.how == "imported" and (name == "application" or PurePosixPath(file).stem == "wsgi"):
        base = 50  # a file meant for servers
    score = _score(file, name, base + 6 if name in APP_NAMES else base - 8)
    if app.how == "made" and not _serves(code, file, name):
        score = max(1, score - UNUSED_APP_PENALTY)
    problem = ""
    if app.file != file and (blocked := find_blocking_call(code, app.file)):
        problem = f"{app.file} line {blocked} starts Flask's own server on import"
    candidate = EntryCandidate(f"{name}", file, line, why, score, origin=(app.file, app.line), problem=problem)
    return _with_module(code, file, _unusable(candidate, problem) if problem else candidate)


def _serves(code: CodeIndex, file: str, name: str) -> bool:
    """Return whether an app gets pages in its own file or is used by another file."""
    if code.checkout.mentions(file, *SERVING_CALLS):
        return True
    word = name.encode()
    others = (other for other in code.checkout.python if other != file and code.checkout.mentions(other, word))
    return any(find_definition(code, other, ast.Name(name)) == (file, name) for other in others)


def _from_factory(code: CodeIndex, file: str, name: str, factory: AppFactory) -> EntryCandidate:
    base = 40 if name in FACTORY_NAMES else 28
    call, why, required, problem = f"{name}()", f"{name}() creates the Flask app", factory.required, factory.problem
    if required and not problem and (found := find_factory_call(code, name, factory)):
        call, why, required = found.text, f"{why}; {found.why}", ()
    elif required:
        problem = f"it needs arguments ({', '.join(required)})"
    candidate = EntryCandidate(
        call, file, factory.line if factory.file == file else 1, why, 0 if problem else _score(file, name, base),
        origin=(factory.file, factory.line), problem=problem, required=required if problem else (),
    )  # fmt: skip
    return _with_module(code, file, candidate)


def _from_held_app(code: CodeIndex, file: str, held: HeldApp) -> EntryCandidate:
    problem = f"it needs arguments ({', '.join(held.required)})" if held.required else ""
    candidate = EntryCandidate(
        held.expression, file, held.line, f"{held.holder} creates the Flask app",
        0 if problem else _score(file, held.holder.lower(), 38 if held.needs_object else 46), origin=(file, held.line),
        problem=problem, required=held.required,
    )  # fmt: skip
    return _with_module(code, file, candidate)


def _with_module(code: CodeIndex, file: str, candidate: EntryCandidate) -> EntryCandidate:
    """Return a candidate with the module in its entry and the folder to start in.

    It is unchanged if the file has no module name.
    """
    base = import_base(code.checkout, file)
    module = module_name(file, base)
    if module is None:
        return candidate
    chdir = "" if PurePosixPath(base).name == "src" else base
    return dataclasses.replace(candidate, entry=f"{module}:{candidate.entry}", chdir=chdir, pythonpath=base)


def _apply_start_command(
    checkout: RepositoryCheckout, found: list[EntryCandidate], hint: StartCommand
) -> list[EntryCandidate]:
    """Raise the score of the candidates that a start command names.

    If it names an existing module without a candidate, add one.
    """
    bonus = 100 if hint.file in {"Procfile", "gunicorn.conf.py"} else 80 if hint.server else 60
    module, _, name = hint.entry.partition(":")
    module = module.removesuffix(".py").strip("/").replace("/", ".").removeprefix("src.")
    meant = [c for c in found if c.entry.partition(":")[0] == module and not c.problem]
    if hint.server or name:
        bare = name.partition("(")[0]
        meant = [c for c in found if c.entry.partition("(")[0] == f"{module}:{bare}"]
        if "(" in name or not meant:
            meant = []
            added = _from_start_command(checkout, hint, module, name, bonus)
            same = [c for c in found if c.entry.partition("(")[0] == f"{module}:{bare}"]
            return found + [dataclasses.replace(c, origin=(same or [c])[0].origin) for c in added]
    why = f"named in {hint.file}"
    return [
        dataclasses.replace(c, score=c.score + bonus, why=f"{c.why}, {why}") if c in meant and not c.problem else c
        for c in found
    ]


def _from_start_command(
    checkout: RepositoryCheckout, hint: StartCommand, module: str, name: str, bonus: int
) -> list[EntryCandidate]:
    entry = f"{module}:{name}"
    for base in dict.fromkeys([hint.chdir, "", "src"]):
        file = find_module(checkout, base, module)
        if file is None or not is_callable(name):
            continue
        chdir = "" if PurePosixPath(base).name == "src" else base
        why = f"named in {hint.file}, line {hint.line}"
        return [EntryCandidate(entry, file, 1, why, 50 + bonus, join_path(chdir), join_path(base), (file, 1))]
    return []
