"""Offer scripts as entries where only running them does what their authors mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from piwizard.apps.code_index import CodeIndex
from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.apps.holder_scripts import find_holder_scripts
from piwizard.apps.modules import import_base
from piwizard.apps.repository_checkout import is_script
from piwizard.apps.start_commands import StartCommand
from piwizard.apps.start_script import StartScript, find_start_script

SCRIPT_SCORE = 50
MAX_SCRIPTS = 100
TOOL_WORDS = ("profil", "debug", "bench")
"""In the names of scripts that serve the app to examine it, beside the way that visitors need."""


def script_candidates(
    code: CodeIndex, found: Sequence[EntryCandidate], commands: Sequence[StartCommand]
) -> Iterator[EntryCandidate]:
    """Yield the scripts that must run as programs: they start more than a server.

    Not where the repository itself starts the app by gunicorn or the like: then the app works without.
    """
    by_server = any(one.server for one in commands)
    files = [file for file in code.checkout.python if not is_script(file)][:MAX_SCRIPTS]
    for file in files:
        script = find_start_script(code, file)
        if script is None or any(word in PurePosixPath(file).stem.lower() for word in TOOL_WORDS):
            continue
        if script.guarded and (by_server or not script.more):
            continue
        usable = [one for one in found if one.origin == script.origin and not one.problem]
        if usable or script.creates_app or not script.guarded or any(one.file == file and one.problem for one in found):
            yield script_candidate(code, script, max((one.score for one in usable), default=SCRIPT_SCORE))
    for script in () if by_server else find_holder_scripts(code, files):
        scores = [one.score for one in found if one.origin == script.origin]
        yield script_candidate(code, script, max(scores, default=0) or SCRIPT_SCORE)


def script_candidate(code: CodeIndex, script: StartScript, score: int) -> EntryCandidate:
    """Return the entry that runs a script."""
    why = f"as a program it {script.more}" if script.guarded else f"line {script.line} starts a server on import"
    base = import_base(code.checkout, script.file)
    return EntryCandidate(script.file, script.file, script.line, why, score + 1, base, base, script.origin)
