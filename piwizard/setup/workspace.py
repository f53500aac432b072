"""Open what every command starts from: planner, secrets, state, backups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from piwizard.answers import file_reader
from piwizard.answers.model import AnswersFile
from piwizard.answers.secret_store import SecretStore
from piwizard.apps.app_source import PinnedCommit
from piwizard.engine.backups import Backups
from piwizard.engine.state import State
from piwizard.setup import kept_answers
from piwizard.setup.planner import Planner
from piwizard.steps.registry import all_questions
from piwizard.system import console, files, paths


def planner(file: Path | None, pins: dict[str, PinnedCommit] | None = None) -> Planner:
    """Return the planner for a file, else for the machine's own answers, if any.

    A site that is set up but missing in the given file keeps its answers from the machine's own file.
    """
    own = paths.answers_file()
    if file is None and not own.exists():
        found = AnswersFile({}, {})
    else:
        path = file or own
        text = file_reader.read(path)
        found = file_reader.parse(kept_answers.completed(path, text), all_questions(), path.name)
        found = replace(found, lines=len(text.splitlines()))
    return planner_for(found, pins, kept_answers.added(file) if file else ())


def planner_for(
    answers: AnswersFile, pins: dict[str, PinnedCommit] | None = None, added: Sequence[str] = ()
) -> Planner:
    """Return the planner for answers that were read already.

    `added` are the sites that their file lacks.
    """
    made = Planner(answers, secret_store(), pins, added)
    console.hide_secrets(made.secrets())
    return made


def keep_answers(file: Path) -> None:
    """Copy a file to the machine's own answers, adding set-up sites missing in it.

    The previous answers stay next to it, and older ones in the backups: a person may have written them by hand.
    """
    own = paths.answers_file()
    content, before = kept_answers.completed(file, file_reader.read(file)).encode(), files.read(own)
    if content == before:
        return
    files.make_folders(own.parent, 0o700)
    if before is not None:
        previous = paths.previous_answers_file()
        _keep_for_good(files.read(previous))
        files.replace(previous, before, mode=0o600)
    files.replace(own, content, mode=0o600)


def _keep_for_good(content: bytes | None) -> None:
    """Copy replaced answers to the backups, named by the hash of their content."""
    if content is None:
        return
    folder = backups_dir() / "answers"
    path = folder / f"{files.digest(content)[:16]}.toml"
    if not path.exists():
        files.make_folders(folder, 0o700)
        files.replace(path, content, mode=0o600)


def secret_store() -> SecretStore:
    """Return the secrets of this machine."""
    return SecretStore(paths.state_dir())


def state() -> State:
    """Return the recorded state of the steps on this machine."""
    return State(paths.state_dir())


def backups_dir() -> Path:
    """Return the folder of original files and undo journals."""
    return paths.state_dir() / "backups"


def backups() -> Backups:
    """Return the backups of the files that piwizard wrote."""
    return Backups(backups_dir())


def set_up() -> tuple[str, ...]:
    """Return the sites that were set up, whatever the answers say."""
    return kept_answers.set_up()
