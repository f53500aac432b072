"""Test the line of a key in a TOML text."""

from __future__ import annotations

import pytest

from piwizard.answers.toml_lines import line_of

TEXT = """\
# first
top = 1
[site]   # the first
name = "a"
domains = [
    "a.example",
]

[app]
"repo" = "/x"
env = { A = "b", C = { env = "C" } }
static."/s/" = "static"
[ sites . blog . app ]
repo = "/y"
[sites."b.c".app]
branch = "x = y"
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("top", 2),
        ("site", 3),
        ("site.name", 4),
        ("site.domains", 5),
        ("site.missing", 3),
        ("app.repo", 10),
        ("app.env", 11),
        ("app.env.C", 11),
        ("app.static", 12),
        ("sites", 13),
        ("sites.blog", 13),
        ("sites.blog.app.repo", 14),
        ("sites.blog.app.entry", 13),
        ("nowhere", None),
        ("nowhere.repo", None),
    ],
)
def test_line_of_finds_keys_and_tables(key, line):
    assert line_of(TEXT, key) == line


def test_line_of_an_empty_text_is_none():
    assert line_of("", "site.name") is None
