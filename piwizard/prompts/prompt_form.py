"""Ask questions one at a time, and save each answer at once."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from piwizard.answers.questions import Question
from piwizard.answers.validators import Invalid
from piwizard.errors import PiwizardError
from piwizard.prompts.prompt_console import Console, choose, yes
from piwizard.setup.answer_labels import sentence_of, with_labels
from piwizard.setup.answer_store import AnswerStore

HOW = "Press Enter to accept the value in brackets. Type ? for help, - to clear an answer."
CLEAR, HELP = "-", "?"
NOT_SHOWN = "(saved, not shown)"


class PromptForm:
    """Asks the questions of one site, or of the machine."""

    def __init__(self, console: Console, answering: AnswerStore, site: str | None) -> None:
        self._console, self._answering, self._site = console, answering, site

    def ask(self, question: Question) -> bool:
        """Ask until the answer is valid. Return whether it changes anything."""
        present = self._answering.get(self._site, question.key)
        try:
            match question.kind:
                case "secret":
                    return self._secret_question(question, given=present is not None)
                case "table":
                    return self._table(question, dict(question.default or {} if present is None else present))
                case "list":
                    return self._list(question, present)
                case "yesno":
                    return self._yes_or_no(question, present)
                case "choice":
                    return self._choice(question, present)
            return self._text(question, present)
        except PiwizardError as error:
            self._refuse(sentence_of(error))
            return False

    def _text(self, question: Question, present: object) -> bool:
        while True:
            said = self._console.line(f"{question.prompt}{_brackets(question, present)}:")
            if said == HELP:
                self._explain(question)
            elif said == CLEAR and not question.required:
                return self._save(question, None, present)
            elif said:
                kept = self._try(question, said, present)
                if kept is not None:
                    return kept
            elif present is not None or not question.required or question.default is not None:
                return self._accept_default(question, present)
            else:
                self._refuse(f"This answer is required. {question.help}")

    def _accept_default(self, question: Question, present: object) -> bool:
        """Save a required default, so that the file is complete.

        Other defaults are detected again each time.
        """
        if present is None and question.required:
            return bool(self._try(question, question.default, present))
        return False

    def _yes_or_no(self, question: Question, present: object) -> bool:
        shown = question.default if present is None else present
        said = yes(self._console, question.prompt, bool(shown))
        return self._accept_choice(question, said, present, shown=bool(shown))

    def _choice(self, question: Question, present: Any) -> bool:  # noqa: ANN401
        self._console.say(f"{question.prompt}. {question.help}")
        shown = present or question.default
        said = choose(self._console, "Which", question.choices, shown)
        return self._accept_choice(question, said, present, shown=shown)

    def _accept_choice(self, question: Question, said: object, present: object, *, shown: object) -> bool:
        """Save a choice if it is new, or required and not saved yet."""
        if said == shown:
            return self._accept_default(question, present)
        return bool(self._try(question, said, present))

    def _list(self, question: Question, present: Any) -> bool:  # noqa: ANN401
        members: list[str] = []
        while True:
            shown = ", one more (Enter to finish)" if members else _brackets(question, present)
            said = self._console.line(f"{question.prompt}{shown}:")
            if said == HELP:
                self._explain(question)
            elif said == CLEAR and not question.required:
                return self._save(question, None, present)
            elif said:
                members = self._longer(question, members, said)
            elif members:
                return bool(self._try(question, members, present))
            elif present is not None or not question.required or question.default:
                return self._accept_default(question, present)
            else:
                self._refuse(f"This answer is required. {question.help}")

    def _longer(self, question: Question, members: list[str], said: str) -> list[str]:
        """Return the list with what was typed at its end, if that is valid."""
        longer = question.split_members([*members, said])
        try:
            question.validate(longer)
        except Invalid as refused:
            self._refuse_answer(question, refused)
            return members
        return longer

    def _table(self, question: Question, table: dict[str, Any]) -> bool:
        altered = False
        secrets = _takes_secrets(question)
        self._console.say(f"{question.prompt}. {question.help}")
        for name, setting in table.items():
            # Every value of an app may be a secret, whatever its name.
            hidden = secrets and not isinstance(setting, Mapping)
            self._console.say(f"  {name} = {NOT_SHOWN if hidden else _shown(setting)}")
        how = (
            "NAME=value, NAME alone for a secret, or -NAME to remove it"
            if secrets
            else f"{question.member}, or -{question.member.partition('=')[0]} to remove it"
        )
        self._console.say(f"  Type {how}.")
        while True:
            said = self._console.line(f"{question.prompt} (Enter to finish):")
            name, sign, value = (part.strip() for part in said.partition("="))
            if not said:
                return altered
            if said == HELP:
                self._explain(question)
            elif said.startswith("-") and said[1:].strip() in table:
                del table[said[1:].strip()]
                altered |= bool(self._try(question, dict(table) if table or question.default else None, ...))
            elif sign:
                if self._try(question, {**table, name: _setting(value)}, None):
                    table[name], altered = _setting(value), True
            elif secrets and not said.startswith("-"):
                if self._try_name(question, table, name) and self.ask_secret(f"{question.key}.{name}", name):
                    table[name], altered = {"asked": True}, True
            else:
                self._refuse(f"Type {how}.")

    def _try_name(self, question: Question, table: Mapping[str, Any], name: str) -> bool:
        try:
            question.validate({**table, name: {"asked": True}})
        except Invalid as error:
            self._refuse_answer(question, error)
            return False
        return True

    def _secret_question(self, question: Question, *, given: bool) -> bool:
        self._console.say(f"{question.prompt}. {question.help}")
        without = "" if question.required else "; Enter for none"
        enter = "; Enter keeps the saved one" if given else without
        return self.ask_secret(question.key, question.prompt, enter, back=given and not question.required)

    def ask_secret(self, key: str, prompt: str, enter: str = "", *, back: bool = False) -> bool:
        """Ask for a secret without showing it.

        `enter` says what Enter means; with `back`, a hyphen clears it.
        """
        while True:
            said = self._console.secret(f"{prompt} (not shown{enter}):")
            if not said:
                return False
            if back and said == CLEAR:
                self._answering.set(self._site, key, None)
                return True
            try:
                self._answering.set_secret(self._site, key, said)
            except Invalid as error:
                self._refuse(with_labels(f"{key} {error}."))
            else:
                return True

    def _try(self, question: Question, value: object, present: object) -> bool | None:
        """Save an answer; return whether it changes anything, None if it is refused."""
        try:
            return self._save(question, value, present)
        except Invalid as error:
            self._refuse_answer(question, error)
            return None

    def _save(self, question: Question, value: object, present: object) -> bool:
        self._answering.set(self._site, question.key, value)
        return value != present

    def _explain(self, question: Question) -> None:
        self._console.say(f"  {question.help} (In answers.toml: {question.key})")

    def _refuse_answer(self, question: Question, error: Invalid) -> None:
        self._refuse(with_labels(f"{question.prompt} {error}."))

    def _refuse(self, sentence: str) -> None:
        self._console.show(f"  ! {sentence.strip()}")


def _brackets(question: Question, present: object) -> str:
    if present is not None:
        return f" [{_shown(present)}]"
    if question.default in (None, [], {}, ""):
        return "" if question.required else " [none]"
    return f"{f' ({question.detected})' if question.detected else ''} [{_shown(question.default)}]"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(member) for member in value)
    if isinstance(value, Mapping):
        (kind, where), *_ = value.items() or [("", "")]
        return "a secret, saved" if kind == "asked" else f"{{ {kind} = {json.dumps(where)} }}"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _takes_secrets(question: Question) -> bool:
    try:
        question.validate({"NAME": {"asked": True}})
    except Invalid:
        return False
    return True


def _setting(value: str) -> object:
    """Return a value as it was typed; in braces it is TOML, such as { generate = 32 }."""
    if value.startswith("{"):
        try:
            return tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            return value
    return value
