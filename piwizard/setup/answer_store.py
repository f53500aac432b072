"""Keeps answers as they are given: each one checked, then written where it belongs in answers.toml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from piwizard.answers import file_reader, toml_edits
from piwizard.answers.model import SITE_TABLES, AnswersFile, belongs_to_site
from piwizard.answers.questions import Question
from piwizard.answers.validators import Invalid, secret_text
from piwizard.errors import PiwizardError
from piwizard.git import deploy_key
from piwizard.setup import kept_answers, workspace
from piwizard.steps import registry
from piwizard.steps.registry import SKIPPED, all_questions, step_named
from piwizard.system import file_lock, files, paths

HEADER = "# What you answered to piwizard. It may be edited by hand, kept in git and copied to another Pi.\n\n"


class AnswerStore:
    """Answers, read and written one at a time; several front ends may do so at once.

    For the keys of a site, `site` None is the first site, also while it has no name; for the machine's own keys
    `site` counts for nothing. The file is read each time, and a hand-written one keeps its comments and order.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.answers_file()
        self._questions = {question.key: question for question in all_questions()}

    def file(self) -> AnswersFile:
        """All answers. PiwizardError where the file was spoilt by hand."""
        return self._parse(self._content())

    def sites(self) -> list[str]:
        """The names of the sites, the first one first."""
        return list(self.file().sites)

    def get(self, site: str | None, key: str) -> Any:  # noqa: ANN401 — what its validator returns
        """The answer to a question, None where there is none."""
        found = self.file()
        return _values(found, _own(found, site, key), key).get(key)

    def set(self, site: str | None, key: str, value: object) -> None:
        """Keeps an answer; None takes it back. Invalid says what it must be, PiwizardError what else is wrong."""
        question = self._question(key)
        checked = None if value is None else question.validate(value)
        files.make_folders(self.path.parent, 0o700)
        with file_lock.exclusive(self.path.parent):
            content = self._content()
            before = self._parse(content)
            own = _own(before, site, key)
            _acceptable(before, own, key, checked)
            before_name, after_name = own, checked if key == "site.name" else own
            try:
                edited = _edit(content or HEADER, before, own, key, checked)
                kept = _values(self._parse(edited), after_name, key).get(key) == checked
            except Invalid:
                raise
            except (PiwizardError, TOMLKitError, ValueError, TypeError, LookupError):  # tomlkit, on unusual forms
                kept = False
            if not kept:
                raise PiwizardError(f"{key} cannot be written into {self.path}.", key=key, hint="Edit it by hand.")
            own = after_name
            renamed = key == "site.name" and before_name in before.sites and own != before_name
            copied = renamed and _copy_secrets(str(before_name), str(checked))
            if edited != content:
                self._write(edited)
            if copied:
                deploy_key.forget(str(before_name))
            if renamed:
                _forget_secrets(str(before_name))

    def set_secret(self, site: str | None, key: str, text: str) -> None:
        """Keeps a secret where only root can read it; answers.toml says no more than that it was asked for.

        `key` is that of a question ("ddns.password") or one name of a table ("app.env.API_KEY").
        """
        secret_text(text)
        own = _own(self.file(), site, key)
        if belongs_to_site(key) and own is None:
            raise PiwizardError("The site needs its name before its secrets.", key="site.name")
        vault = workspace.secret_store()
        vault.keep(own, key, text)
        vault.save()  # first: a marker without its secret would only be in the way
        source = {"asked": True}
        if key in self._questions:
            self.set(site, key, source)
        else:
            table, _, name = key.rpartition(".")
            self.set(site, table, {**(self.get(site, table) or {}), name: source})

    def skip(self, step: str, yes: bool) -> None:
        """Leaves an optional step out, or takes it up again. PiwizardError where the step is not optional."""
        if not step_named(step).optional:
            raise PiwizardError(f"{step} cannot be skipped: other steps need it.", key=SKIPPED.key)
        skipped = [name for name in self.get(None, SKIPPED.key) or [] if name != step]
        self.set(None, SKIPPED.key, [*skipped, step] if yes else skipped or None)

    def remove_site(self, site: str, *, keep_secrets: bool = False) -> None:
        """Takes out all that was answered for a site, if there is anything, and its secrets."""
        content = self._content()
        if site in self._parse(content).sites:
            with file_lock.exclusive(self.path.parent):
                document = tomlkit.parse(self._content())
                if site in document.get("sites", {}):
                    toml_edits.put(document, ["sites", site], None)
                elif document.get("site", {}).get("name") == site:
                    for table in SITE_TABLES:
                        document.pop(table, None)
                self._write(tomlkit.dumps(document))
        if not keep_secrets:
            _forget_secrets(site)

    def _question(self, key: str) -> Question:
        if key not in self._questions:
            raise PiwizardError(f"There is no question {key}.", key=key)
        return self._questions[key]

    def _write(self, content: str) -> None:
        """For its owner alone: what is given to an app openly is as good as a password."""
        there = self.path if self.path.exists() else self.path.parent
        info = there.stat()
        files.replace(self.path, content.encode(), mode=0o600, ids=(info.st_uid, info.st_gid))

    def _content(self) -> str:
        try:
            content = (files.read(self.path) or b"").decode()
        except (OSError, UnicodeDecodeError) as error:
            raise PiwizardError(f"{self.path} cannot be read: {error}") from error
        return kept_answers.completed(self.path, content)

    def _parse(self, content: str) -> AnswersFile:
        return file_reader.parse(content, self._questions.values(), self.path.name)


def _own(found: AnswersFile, site: str | None, key: str) -> str | None:
    """The site that a key belongs to: None for the machine's keys, and for the first site without a name yet."""
    if not belongs_to_site(key):
        return None
    return site or (None if found.unnamed else next(iter(found.sites), None))


def _values(found: AnswersFile, own: str | None, key: str) -> Mapping[str, Any]:
    if not belongs_to_site(key):
        return found.machine
    return found.unnamed if own is None else found.sites.get(own, {})


def _acceptable(before: AnswersFile, own: str | None, key: str, value: Any) -> None:  # noqa: ANN401
    """What a validator cannot know, since it does not see the other answers."""
    if key == "site.name" and value != own:
        if own in before.sites and value is None:
            raise Invalid("cannot be taken back")
        if own in before.sites and _set_up(str(own)):
            raise Invalid(f"is {own} and cannot be changed any more: its folder, user and services are called so")
        if value in before.sites:
            raise Invalid("is the name of another site")
    if key == "site.domains":
        for other, values in before.sites.items():
            taken = set(value or ()) & set(values.get(key, ())) if other != own else None
            if taken:
                raise Invalid(f"names {min(taken)}, which belongs to the site {other}")


def _set_up(site: str) -> bool:
    state = workspace.state()
    return any(state.entry(step.name, site) for step in registry.STEPS)


def _copy_secrets(old: str, new: str) -> bool:
    """Before the new name counts: cut off in between, the site has its secrets under either name."""
    vault = workspace.secret_store()
    vault.rename(old, new)
    vault.save()
    return deploy_key.copy(old, new)


def _forget_secrets(site: str) -> None:
    vault = workspace.secret_store()
    vault.forget(site)
    vault.save()


def _edit(content: str, before: AnswersFile, own: str | None, key: str, value: object) -> str:
    document = tomlkit.parse(content)
    further = document.get("sites", {})
    folder: list[str] = []
    if own is not None and (own in further or (before.sites and own not in before.sites)):
        folder = ["sites", own]
    elif own is not None and not before.sites:
        toml_edits.put(document, ["site", "name"], own)
    if folder and key == "site.name" and value != own:
        raise Invalid(f"is {own}: a further site is called as its tables are")
    toml_edits.put(document, [*folder, *key.split(".")], value)
    return tomlkit.dumps(document)
