"""What every command begins with: the answers, the vault, the state, where they lie."""

from __future__ import annotations

from pathlib import Path

from piwizard import answers, printing
from piwizard.answers import AnswersFile
from piwizard.engine.journal import Backups
from piwizard.engine.state import State
from piwizard.machine import files, places
from piwizard.vault import Vault
from piwizard.wizard import Wizard, all_questions


def wizard(file: Path | None, pins: dict[str, str] | None = None) -> Wizard:
    """The wizard over an answers file: the one given, else the machine's own, else no answers at all."""
    own = places.answers_file()
    found = AnswersFile({}, {}) if file is None and not own.exists() else answers.load(file or own, all_questions())
    made = Wizard(found, vault(), pins)
    printing.hide(made.secrets())
    return made


def keep_answers(file: Path) -> None:
    """Makes a file the answers of this machine; the ones before stay beside it."""
    own = places.answers_file()
    content, before = file.read_bytes(), files.read(own)
    if content == before:
        return
    files.make_folders(own.parent, 0o700)
    if before is not None:
        files.replace(places.previous_answers(), before, mode=0o600)
    files.replace(own, content, mode=0o600)


def vault() -> Vault:
    """The secrets of this machine."""
    return Vault(places.state_dir())


def state() -> State:
    """What is remembered of this machine's runs."""
    return State(places.state_dir())


def backups_dir() -> Path:
    """Where originals and journals lie."""
    return places.state_dir() / "backups"


def backups() -> Backups:
    """What piwizard knows of its own writing."""
    return Backups(backups_dir())
