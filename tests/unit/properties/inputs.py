"""Make valid and wild values for a question, with the help of its validator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from piwizard.answers.questions import Question
from piwizard.answers.validators import Invalid, Validator

HOSTILE = (
    *("\0", "\n", "\r\n", "\t", "\x1b[31m", "\x1b]0;x\x07", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800"),
    *('"', "'", "\\", "`", "$", "$x", "${x}", "$$", "$(id)", ";", "{", "}", "{}", "%", "%n", "%%", "#", " #", "!", "~"),
    *(
        " ",
        "  ",
        "\u00a0",
        "é",
        "ß",
        "K",
        "²",
        "٣",
        "１",
        "ſ",
        "🥧",
        "а",
        ",",
        "=",
        "password=",
        ":",
        "|",
        "&",
        "<",
        ">",
    ),
    *("..", "/", "//", "/../", "./", "-", "--", "-rf", "--upload-pack=x", "ext::sh -c id", "file:///", "@", "*", "?"),
    *("[", "]", "[red]", "{{ 1 }}", "{% raw %}", "\\n", "\\x41", "\\\n", "0", "-1", "a" * 300, "x" * 5000),
)
WIDE = st.text(min_size=0, max_size=60)
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)
LABEL = r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?"
NAME = st.from_regex(rf"\A{LABEL}\Z")
HOST = st.from_regex(rf"\A({LABEL}\.){{1,4}}[a-z]{{2,8}}\Z")
PATH = st.from_regex(r"\A[A-Za-z0-9_@+][A-Za-z0-9._@+-]{0,10}(/[A-Za-z0-9_@+][A-Za-z0-9._@+-]{0,10}){0,3}\Z")
PREFIX = st.one_of(
    st.from_regex(r"\A/([A-Za-z0-9._~-]{1,8}/){1,3}\Z"), st.sampled_from(("/static/", "/.well-known/acme-challenge/"))
)
FULL = st.from_regex(r"\A(/[ -.0-~é]{1,12}){1,4}\Z")
VARIABLE = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,12}\Z")
IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]{0,8}"
ADDRESS = st.one_of(
    st.from_regex(r"\A(10|172|192|8)(\.[0-9]{1,3}){3}\Z"), st.integers(0, 260).map("192.168.178.{}".format)
)
SOURCE = st.one_of(
    st.fixed_dictionaries({"env": VARIABLE}),
    st.fixed_dictionaries({"file": FULL}),
    st.fixed_dictionaries({"generate": st.integers(0, 200)}),
    st.just({"asked": True}),
)


@dataclass(frozen=True)
class Shape:
    """Similar values, with one that shows whether a validator accepts them."""

    sample: Any
    values: st.SearchStrategy[Any]


TEXTS = (
    Shape("blog", NAME),
    Shape("blog.example.org", HOST),
    Shape("static", PATH),
    Shape("/etc/x.pem", FULL),
    Shape("Hello, world", LATIN),
    Shape("me@example.org", st.builds("{}@{}".format, st.from_regex(r"\A[A-Za-z0-9._%+-]{1,20}\Z"), HOST)),
    Shape("app:app", st.from_regex(rf"\A{IDENTIFIER}(\.{IDENTIFIER})?:{IDENTIFIER}(\(\))?\Z")),
    Shape("https://example.org/a.git", st.builds("https://{}/{}".format, HOST, PATH)),
    Shape("ssh://git@example.org/a", st.builds("{}://{}:{}/{}".format, st.sampled_from(("ssh", "git")), HOST,
                                             st.integers(1, 99999), LATIN)),
    Shape("git@example.org:me/app.git", st.builds("git@{}:{}".format, HOST, PATH)),
    Shape("/srv/git/a.git", FULL),
    Shape("ddns.example.org:8443", st.builds("{}:{}".format, HOST, st.integers(0, 70000))),
    Shape("flask --app x init-db", st.builds("flask {} {}".format, LATIN, LATIN)),
    Shape("python3.12", st.from_regex(r"\Apython3(\.[0-9]{1,2})?\Z")),
    Shape("/usr/bin/python3", st.from_regex(r"\A(/[A-Za-z0-9._+-]{1,8}){1,4}\Z")),
    Shape(f"SHA256:{'a' * 43}", st.from_regex(r"\ASHA256:[A-Za-z0-9+/]{43}\Z")),
    Shape("192.168.1.5", ADDRESS),
    Shape("192.168.1.5/24", st.builds("{}/{}".format, ADDRESS, st.sampled_from((0, 8, 16, 24, 25, 30, 31, 32, 33)))),
    Shape("eth0", st.one_of(st.from_regex(r"\A[a-z]{2,5}[0-9.]{1,6}\Z"), st.sampled_from(("eth0", "wlan0")))),
)  # fmt: skip
OTHERS = (
    Shape(5, st.integers(-2, 70)),
    Shape("5", st.integers(-2, 70).map(str)),
    Shape(200, st.integers(25, 4000)),
    Shape(2048, st.integers(1000, 5000)),
    Shape(True, st.booleans()),
    *(Shape([text.sample], st.lists(text.values, max_size=6)) for text in TEXTS),
    Shape({"/static/": "static"}, st.dictionaries(PREFIX, PATH, max_size=4)),
    Shape({"A": "b"}, st.dictionaries(VARIABLE, st.one_of(LATIN, WIDE, SOURCE), max_size=5)),
    Shape({"asked": True}, SOURCE),
)
ANYTHING = st.one_of(
    WIDE,
    LATIN,
    st.sampled_from(HOSTILE),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(max_size=8),
    st.lists(WIDE, max_size=4),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(WIDE, WIDE, max_size=4),
    st.dictionaries(WIDE, st.dictionaries(WIDE, WIDE, max_size=2), max_size=2),
)


def takes(validate: Validator, value: object) -> bool:
    """Return whether a validator accepts a value."""
    try:
        validate(value)
    except Invalid:
        return False
    return True


def values(question: Question) -> st.SearchStrategy[Any]:
    """Return all values to try for a question, whatever it is about."""
    near = [shape.values for shape in (*TEXTS, *OTHERS) if takes(question.validate, shape.sample)]
    near += [st.just(choice) for choice in question.choices]
    near += [st.just(question.default)] if question.default is not None else []
    return _mixed(st.one_of(near) if near else ANYTHING, ANYTHING)


def secrets() -> st.SearchStrategy[Any]:
    """Return texts that a user may type as a secret."""
    likely = st.one_of(LATIN, st.from_regex(r"\A[A-Za-z0-9._~-]{1,40}\Z"))
    return _mixed(likely, st.one_of(WIDE, st.sampled_from(HOSTILE), st.integers()))


def _mixed(good: st.SearchStrategy[Any], wild: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return half valid values, a third with one error, the rest wild."""
    bad = spoilt(good)
    return st.integers(0, 11).flatmap(lambda die: good if die < 6 else bad if die < 10 else wild)


def spoilt(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return values with hostile text in one place."""
    return st.builds(_spoil, good, st.sampled_from(HOSTILE), st.floats(0, 1))


def _spoil(value: Any, bad: str, where: float) -> Any:
    if isinstance(value, str):
        at = round(where * len(value))
        return value[:at] + bad + value[at:]
    if isinstance(value, list) and value:
        at = min(int(where * len(value)), len(value) - 1)
        return [*value[:at], _spoil(value[at], bad, where), *value[at + 1 :]]
    if isinstance(value, dict) and value:
        name = list(value)[min(int(where * len(value)), len(value) - 1)]
        if where < 0.3:
            return {_spoil(one, bad, where) if one == name else one: inner for one, inner in value.items()}
        return value | {name: _spoil(value[name], bad, where)}
    return f"{value}{bad}"
