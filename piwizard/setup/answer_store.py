"""Read and write single answers, each validated and put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from piwizard.answers import file_reader, toml_edits
from piwizard.answers.model import SITE_TABLES, AnswersFile, belongs_to_site
from piwizard.answers.questions import Question
from piwizard.answers.repository_address import understand_address
from piwizard.answers.validators import Invalid, secret_text
from piwizard.errors import PiwizardError
from piwizard.git import deploy_key
from piwizard.setup import kept_answers, workspace
from piwizard.steps import registry
from piwizard.steps.registry import SKIPPED, all_questions, step_named, title_of
from piwizard.system import file_lock, files, paths

REPOSITORY, BRANCH = "app.repo", "app.branch"
HEADER = "# Your answers to piwizard. You can edit this file, keep it in git and copy it to another Pi.\n\n"


class AnswerStore:
    """The answers file, read and written one answer at a time by several processes.

    For keys of a site, `site` None is the first site, even while it has no name; for keys of the machine, `site` is
    ignored. The file is read each time. A hand-written file keeps its comments and order.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.answers_file()
        self._questions = {question.key: question for question in all_questions()}

    def file(self) -> AnswersFile:
        """Return all answers. PiwizardError where the file is invalid."""
        return self._parse(self._content())

    def sites(self) -> list[str]:
        """Return the names of the sites, in the order of the file."""
        return list(self.file().sites)

    def get(self, site: str | None, key: str) -> Any:  # noqa: ANN401 — as its validator returns it
        """Return the answer to a question, None where there is none."""
        found = self.file()
        return _values(found, _own(found, site, key), key).get(key)

    def set(self, site: str | None, key: str, value: object) -> None:
        """Write an answer; None removes it.

        The address of a repository that names a branch writes both. Invalid says what it must be, PiwizardError what
        else is wrong.
        """
        if key == REPOSITORY and isinstance(value, str) and (branch := understand_address(value).branch):
            self._question(key).validate(value)  # first: an invalid address changes nothing
            self._question(BRANCH).validate(branch)
            self._set(site, key, value)
            self._set(site, BRANCH, branch)
            return
        self._set(site, key, value)

    def _set(self, site: str | None, key: str, value: object) -> None:
        question = self._question(key)
        checked = None if value is None else question.validate(value)
        files.make_folders(self.path.parent, 0o700)
        with file_lock.exclusive(self.path.parent):
            content = self._content()
            before = self._parse(content)
            own = _own(before, site, key)
            _require_consistent(before, own, key, checked)
            before_name, after_name = own, checked if key == "site.name" else own
            try:
                edited = _edit(content or HEADER, before, own, key, checked)
                kept = _values(self._parse(edited), after_name, key).get(key) == checked
            except Invalid:
                raise
            except (PiwizardError, TOMLKitError, ValueError, TypeError, LookupError):  # tomlkit, on unusual forms
                kept = False
            if not kept:
                raise PiwizardError(f"{key} cannot be written to {self.path}.", key=key, hint="Edit the file by hand.")
            own = after_name
            renamed = key == "site.name" and before_name in before.sites and own != before_name
            copied = renamed and _copy_secrets(str(before_name), str(checked))
            if edited != content:
                self._write(edited)
            if copied:
                deploy_key.remove_key(str(before_name))
            if renamed:
                _forget_secrets(str(before_name))

    def set_secret(self, site: str | None, key: str, text: str) -> None:
        """Keep a secret in the secret store; answers.toml only says that it exists.

        `key` is the key of a question ("ddns.password") or of one name in a table ("app.env.API_KEY").
        """
        secret_text(text)
        own = _own(self.file(), site, key)
        if belongs_to_site(key) and own is None:
            raise PiwizardError("site.name is missing: a site needs its name before its secrets.", key="site.name")
        store = workspace.secret_store()
        store.keep(own, key, text)
        store.save()  # first: an answer { asked = true } without its secret would be an error
        source = {"asked": True}
        if key in self._questions:
            self.set(site, key, source)
        else:
            table, _, name = key.rpartition(".")
            self.set_member(site, table, name, source)

    def set_member(self, site: str | None, key: str, name: str, value: object) -> None:
        """Write one name of a table, such as a variable in app.env; None removes it."""
        others = {one: kept for one, kept in (self.get(site, key) or {}).items() if one != name}
        self.set(site, key, others | ({} if value is None else {name: value}) or None)

    def skip(self, step: str, yes: bool) -> None:
        """Skip an optional step, or stop skipping it.

        PiwizardError where the step is not optional.
        """
        if not step_named(step).optional:
            raise PiwizardError(f"{title_of(step)} cannot be skipped: other steps need it.", key=SKIPPED.key)
        skipped = [name for name in self.get(None, SKIPPED.key) or [] if name != step]
        self.set(None, SKIPPED.key, [*skipped, step] if yes else skipped or None)

    def remove_site(self, site: str, *, keep_secrets: bool = False) -> None:
        """Remove the answers of a site, if it has any, and its secrets."""
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
        """Write the file for its owner only: settings of an app may be as sensitive as a password."""
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
    """Return the site of a key: None for keys of the machine, and for a first site without a name yet."""
    if not belongs_to_site(key):
        return None
    return site or (None if found.unnamed else next(iter(found.sites), None))


def _values(found: AnswersFile, own: str | None, key: str) -> Mapping[str, Any]:
    if not belongs_to_site(key):
        return found.machine
    return found.unnamed if own is None else found.sites.get(own, {})


def _require_consistent(before: AnswersFile, own: str | None, key: str, value: Any) -> None:  # noqa: ANN401
    """Raise Invalid for what a validator cannot check, since it depends on other answers."""
    if key == "site.name" and value != own:
        if own in before.sites and value is None:
            raise Invalid("cannot be removed")
        if own in before.sites and _set_up(str(own)):
            raise Invalid(
                f"is {own} and cannot change: the site is set up, and its folder, user and services have this name"
            )
        if value in before.sites:
            raise Invalid("must be unique: another site has this name")
    if key == "site.domains":
        for other, values in before.sites.items():
            taken = set(value or ()) & set(values.get(key, ())) if other != own else None
            if taken:
                raise Invalid(f"must not name {min(taken)}: the site {other} has this domain")


def _set_up(site: str) -> bool:
    state = workspace.state()
    return any(state.entry(step.name, site) for step in registry.STEPS)


def _copy_secrets(old: str, new: str) -> bool:
    """Copy secrets to a new name before it is written: if interrupted, the site has them under both names."""
    store = workspace.secret_store()
    store.rename(old, new)
    store.save()
    return deploy_key.copy_key(old, new)


def _forget_secrets(site: str) -> None:
    store = workspace.secret_store()
    store.forget(site)
    store.save()


def _edit(content: str, before: AnswersFile, own: str | None, key: str, value: object) -> str:
    document = tomlkit.parse(content)
    further = document.get("sites", {})
    folder: list[str] = []
    if own is not None and (own in further or (before.sites and own not in before.sites)):
        folder = ["sites", own]
    elif own is not None and not before.sites:
        toml_edits.put(document, ["site", "name"], own)
    if folder and key == "site.name" and value != own:
        raise Invalid(f"must be {own}, as in the names of its tables")
    toml_edits.put(document, [*folder, *key.split(".")], value)
    return tomlkit.dumps(document)
