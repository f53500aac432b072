"""Test the form that asks one question at a time, with prepared input."""

from __future__ import annotations

import pytest

from piwizard.answers import validators as v
from piwizard.answers.questions import Question
from piwizard.prompts.prompt_form import PromptForm, _brackets


class FakeConsole:
    """A console that reads prepared lines and records its output."""

    def __init__(self, *lines):
        self.lines, self.said = list(lines), []

    def say(self, *lines):
        self.said += lines

    def show(self, text, indent="    "):
        self.said.append(text)

    def line(self, message):
        self.said.append(message)
        return self.lines.pop(0)


class FakeStore(dict):
    def get(self, site, key):
        return super().get(key)

    def set(self, site, key, value):
        self[key] = value


HTTPS = Question("tls.https", "HTTPS", "Encrypt.", v.yes_or_no, kind="yesno", default=True, required=True)
PROVIDER = Question("ddns.provider", "Provider", "Where.", v.one_of("no-ip", "duckdns"), kind="choice",
                    choices={"no-ip": "No-IP", "duckdns": "DuckDNS"}, default="duckdns", required=True)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "typed", "saved"),
    [(HTTPS, "", True), (HTTPS, "y", True), (HTTPS, "n", False), (PROVIDER, "", "duckdns"), (PROVIDER, "2", "duckdns"),
     (PROVIDER, "no", "no-ip")],
)  # fmt: skip
def test_required_choice_is_saved_even_if_it_is_the_suggested_one(question, typed, saved):
    store = FakeStore()
    assert PromptForm(FakeConsole(typed), store, None).ask(question)
    assert store == {question.key: saved}


def test_saved_choice_that_stays_changes_nothing():
    store = FakeStore({"tls.https": True})
    assert not PromptForm(FakeConsole(""), store, None).ask(HTTPS)


def test_reason_of_a_suggestion_is_not_in_its_brackets():
    paths = Question("app.writable", "Persistent paths", "", v.list_of(v.text, 9), kind="list")
    suggested = paths.suggest(["photos.db", "uploads"], "found in the code")
    assert _brackets(suggested, None) == " (found in the code) [photos.db, uploads]"
