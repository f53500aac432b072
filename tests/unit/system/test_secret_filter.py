"""Test that secrets are hidden in every encoding, and that the rest of the text stays readable."""

from __future__ import annotations

import base64
import html
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from piwizard.system.secret_filter import COMMON_WORDS, HIDDEN, Secret, SecretFilter

ODD = "blåbær & 'tulips' \"4711\"/<b>"


def setting(value: str, name: str = "THING") -> Secret:
    return Secret(value, name, setting=True)


@pytest.mark.parametrize(
    "form",
    [
        ODD, repr(ODD)[1:-1], repr(ODD.encode())[2:-1], json.dumps(ODD)[1:-1], json.dumps(json.dumps(ODD))[3:-3],
        shlex.quote(ODD), html.escape(ODD), quote(ODD), quote(ODD, safe=""), quote_plus(ODD), quote(ODD).lower(),
        base64.b64encode(ODD.encode()).decode(), base64.urlsafe_b64encode(ODD.encode()).decode(),
    ],
)  # fmt: skip
def test_secret_is_hidden_in_every_encoding(form: str) -> None:
    for secret in (Secret(ODD), setting(ODD)):
        assert SecretFilter([secret]).text(f"<{form}>") in (f"<{HIDDEN}>", f"<{HIDDEN}==>")


@given(st.text(st.characters(categories=["L", "N"]), min_size=8), st.text(max_size=9), st.text(max_size=9))
def test_secret_is_hidden_within_longer_base64(secret: str, before: str, after: str) -> None:
    assume(secret.lower() not in COMMON_WORDS)
    whole = base64.b64encode(f"{before}{secret}{after}".encode("utf-8", "replace")).decode()
    assert HIDDEN in SecretFilter([setting(secret)]).text(f"Authorization: Basic {whole}")


@pytest.mark.parametrize("value", ["hunter2", "correct horse", "a1b2", "sk_live_51H", "p@ss", "/home/me/private"])
def test_setting_is_hidden_everywhere(value: str) -> None:
    text = f"[{value}] x={value}; /{value}/ pre{value}post"
    assert value not in SecretFilter([setting(value)]).text(text)


def test_url_password_is_hidden_alone() -> None:
    secret_filter = SecretFilter([setting("postgres://blog:s3cr%40t@db.example.org/blog")])
    assert secret_filter.text("password s3cr@t or s3cr%40t is wrong") == f"password {HIDDEN} or {HIDDEN} is wrong"


@pytest.mark.parametrize("value", ["1", "80", "on", "true", "production", "localhost"])
def test_short_or_common_setting_is_hidden_beside_its_name(value: str) -> None:
    text = f"{value} run in {value} mode, id 180{value}"
    secret_filter = SecretFilter([setting(value)])
    assert secret_filter.text(text) == text, "the text stays readable"
    for form in ("THING={}", "THING = {}", 'THING="{}"', "{{'THING': '{}'}}", '{{"THING": "{}"}}', "THING={} OTHER=7",
                 r'"{{\"THING\": \"{}\"}}"', "os.environ['THING'] = '{}'"):  # fmt: skip
        assert secret_filter.text(form.format(value)) == form.format(HIDDEN)
    assert secret_filter.text(f"SOMETHING={value} THINGS={value}") == f"SOMETHING={value} THINGS={value}"


@pytest.mark.parametrize(("value", "stays"), [("blue", "blueprint"), ("4711", "id 47112")])
def test_short_word_is_hidden_as_a_whole_word(value: str, stays: str) -> None:
    secret_filter = SecretFilter([setting(value)])
    assert secret_filter.text(f"{stays} {value}, x_{value}") == f"{stays} {HIDDEN}, x_{HIDDEN}"


def test_public_word_is_hidden_beside_its_name() -> None:
    secret_filter = SecretFilter([Secret("blog.example.org", "HOST", setting=True, public=True)])
    assert secret_filter.text("HOST=blog.example.org; http://blog.example.org/") == (
        f"HOST={HIDDEN}; http://blog.example.org/"
    )


def test_values_of_any_shape_are_filtered() -> None:
    secret_filter = SecretFilter(["secret-word"])
    found = secret_filter.value({"a": ["a secret-word", 1, None], "step": "secret-word"}, {"step"})
    assert found == {"a": [f"a {HIDDEN}", 1, None], "step": "secret-word"}
