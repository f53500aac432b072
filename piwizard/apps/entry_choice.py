"""Choose one of the apps that were found in a repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.errors import PiwizardError

RIVAL_MARGIN = 10
MAX_NAMED = 6


def choose_entry(candidates: Sequence[EntryCandidate]) -> EntryCandidate:
    """Return the candidate to use. PiwizardError says why there is none."""
    usable = [candidate for candidate in candidates if not candidate.problem]
    if not usable:
        raise _no_entry(candidates)
    best = max(usable, key=lambda candidate: candidate.score)
    rivals = [c for c in usable if c.score > best.score - RIVAL_MARGIN and c.origin != best.origin and c is not best]
    if rivals:
        raise _several("Several Flask apps are equally likely", [best, *rivals])
    return best


def named_entry(candidates: Sequence[EntryCandidate], wanted: str) -> EntryCandidate:
    """Return the candidate that an answer names, by its module or by its file.

    PiwizardError if several have that name. One that was not found is used as it is.
    """
    meant = [one for one in candidates if wanted in {one.entry, one.by_path}]
    if not meant:  # the same function with other arguments
        bare = wanted.partition("(")[0]
        same = [one for one in candidates if bare in {one.entry.partition("(")[0], one.by_path.partition("(")[0]}]
        called = wanted.partition(":")[2]
        meant = [
            replace(one, entry=f"{one.entry.partition(':')[0]}:{called}", why="named in the answers", problem="")
            for one in same
        ]
    if len({one.pythonpath for one in meant}) > 1:
        raise _several(f"app.entry: {wanted} is in several files", meant)
    file = wanted.partition(":")[0]
    if not meant and file.endswith(".py"):
        raise PiwizardError(
            f"app.entry: the repository has no file {file}.", key="app.entry", hint="Name a file of the repository."
        )
    return next(iter(meant), EntryCandidate(wanted, "", 0, "named in the answers", 0))


def _several(words: str, named: Sequence[EntryCandidate]) -> PiwizardError:
    """Return the error with the apps by names that the answer accepts: by path if their modules are alike."""
    shown = list(dict.fromkeys(named))[:MAX_NAMED]
    alike = len({one.entry for one in shown}) < len(shown)
    names = [one.by_path if alike else one.entry for one in shown]
    listed = ", ".join(f"{name} ({one.file}, line {one.line})" for name, one in zip(names, shown, strict=True))
    lines = " or ".join(f'entry = "{name}"' for name in names)
    return PiwizardError(
        f"{words}: {listed}.", key="app.entry", hint=f"Set app.entry to the one for this site: {lines}."
    )


def _no_entry(candidates: Sequence[EntryCandidate]) -> PiwizardError:
    hint = 'Set app.entry to "module:name", or to "package:create_app()" for a factory function.'
    broken = list({candidate.origin: candidate for candidate in candidates[::-1]}.values())[:-4:-1]
    if not broken:
        return PiwizardError("No Flask app was found in the code.", key="app.entry", hint=hint)
    said = "; ".join(f"{c.entry} ({c.file}, line {c.line}): {c.problem}" for c in broken)
    if any(c.required for c in broken):
        first = next(c for c in broken if c.required)
        values = ", ".join(f"{name}='production'" for name in first.required)
        call = first.entry.replace("()", f"({values})", 1)
        hint = f'Set app.entry with the values that it needs, as in entry = "{call}".'
    sentence = f"The code has no Flask app that gunicorn can load. Found: {said}."
    return PiwizardError(sentence, key="app.entry", hint=hint)
