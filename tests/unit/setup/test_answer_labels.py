"""Test that forms name answers by their labels."""

from __future__ import annotations

import pytest

from piwizard.errors import AnswerRefused, PiwizardError
from piwizard.setup.answer_labels import hint_of, reason_of, sentence_of, with_labels
from piwizard.setup.stage_progress import StageTracker
from piwizard.steps.registry import all_questions


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Enter it as ddns.password.", "Enter it as “Password or token”."),
        ("Set ddns.provider to duckdns, or wait.", "Set “Provider” to “DuckDNS”, or wait."),
        ("Add a domain, or set tls.https to false.", "Add a domain, or set “HTTPS” to “No”."),
        (
            'Set router.forward = "by-hand".',
            "Set “Port forwarding” = “By hand, in the settings of the router”.",
        ),
        ('With tls.challenge = "dns", all', "With “Validation method” = “Record at the DDNS provider”, all"),
        ("Set gunicorn.threads to 4.", "Set “Threads” to 4."),
        ("app.env.API_KEY: the code needs it.", "API_KEY: the code needs it."),
        ("Set them in [app.env] of the answers.", "Set them in “Environment variables” of the answers."),
        ("app.processes.worker is taken.", "“Further processes” worker is taken."),
    ],
)
def test_key_is_shown_as_the_label_of_its_field(message, shown):
    assert with_labels(message) == shown


@pytest.mark.parametrize(
    "message",
    ["Run `piwizard set app.entry` first.", "app.entry.py has no app.", "/srv/app.entry", "my-app.entry", "wrap.entry"],
)
def test_other_words_stay(message):
    assert with_labels(message) == message


def test_every_key_has_a_label_that_is_no_key():
    for question in all_questions():
        assert with_labels(f"{question.key} is wrong.") == f"“{question.prompt}” is wrong."


def test_error_in_a_form_has_no_key():
    refused = AnswerRefused("app.entry", "the repository has no file app.py.", hint="Set app.folder.")
    assert sentence_of(refused) == "The repository has no file app.py. Set “Working directory”."
    assert sentence_of(PiwizardError("app.repo and app.token differ.")) == "“Git repository” and “Access token” differ."
    assert sentence_of(OSError("gone")) == "Something unforeseen happened: gone"


def test_error_of_a_run_is_shown_without_file_and_key():
    event = {
        "event": "error",
        "message": "answers.toml line 3: app.entry: no such file.",
        "reason": "No such file.",
        "key": "app.entry",
        "hint": "Correct app.entry.",
    }
    assert (reason_of(event), hint_of(event)) == ("No such file.", "Correct “Entry point”.")
    old = {"event": "error", "message": "app.entry: no such file."}
    assert (reason_of(old), hint_of(old)) == ("“Entry point”: no such file.", "")
    tracker = StageTracker()
    tracker.add(event)
    ended = {"step": "app", "site": "a", "result": "failed", "seconds": 1.0, "summary": ""}
    tracker.add({"event": "run-finished", **ended})
    assert [one.detail for one in tracker._stages(None)] == ["No such file."]
