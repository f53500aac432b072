"""Test that each answer about apps refuses a wrong type, unknown words and injected text."""

from __future__ import annotations

import pytest

from piwizard.answers import file_reader
from piwizard.errors import PiwizardError
from piwizard.steps.registry import all_questions

REFUSED = {
    "app.hardware": (
        "5",
        '"gpio"',
        '["gpio", "laser"]',
        '["gpio", 5]',
        '["gpio; reboot"]',
        '["gpio\\nDeviceAllow=/dev/sda rw"]',
        '["gpio","gpio"]',
        '[["gpio"]]',
        "{ a = 1 }",
    ),
    "app.packages": (
        "5",
        '"ffmpeg"',
        '["ffmpeg", 5]',
        '["--allow-unauthenticated"]',
        '["ffmpeg; reboot"]',
        '["ffmpeg\\nnano"]',
        '["a/b"]',
        '["FFMPEG"]',
        '["$(reboot)"]',
        '["nano","nano"]',
    ),
    "app.may": (
        "true",
        '"reboot"',
        '["suspend"]',
        '["reboot", 1]',
        '["reboot\\"; });"]',
        '["reboot\\n"]',
    ),
    "app.entry": (
        "5",
        '["app.py"]',
        '"../app.py"',
        '"/srv/app.py"',
        '"app.py --port 80"',
        '"app.py; reboot"',
        '"-c.py"',
        '".git/app.py"',
        '"app.py\\nx"',
        '"app.py:app:x"',
    ),
    "app.folder": (
        "5",
        "[]",
        '"../up"',
        '"/etc"',
        '".git"',
        '"a\\nb"',
        '"a;b"',
        '"-x"',
        '"a%nb"',
    ),
    "app.processes": (
        "5",
        '"python a.py"',
        '["a"]',
        "{ logger = 5 }",
        '{ logger = "" }',
        '{ "Log ger" = "a" }',
        '{ "../x" = "a" }',
        '{ logger = "a; b" }',
        '{ logger = "a\\nExecStart=/bin/sh" }',
        '{ logger = "a $(b)" }',
        '{ logger = "python \'a" }',
        '{ "a\\nb" = "x" }',
    ),
    "app.schedule": (
        "5",
        '"daily"',
        '{ "daily" = 5 }',
        '{ "daily" = "" }',
        '{ "every 7 minutes" = "a" }',
        '{ "daily\\nUnit=x" = "a" }',
        '{ "%n" = "a" }',
        '{ daily = "a | b" }',
        '{ "" = "a" }',
    ),
    "app.upload_limit": (
        '"much"',
        "0",
        "-1",
        "10241",
        "1.5",
        "true",
        "[5]",
        '"5m; x"',
    ),
    "site.path": (
        "5",
        '"camera"',
        '"/camera/"',
        '"/a/../b"',
        '"/a;b"',
        '"/a b"',
        '"/a\\nb"',
        '"/{x}"',
        '"/.well-known/x"',
        '"/"',
    ),
    "app.paths": (
        "5",
        '"/home/pi"',
        '["/home/pi"]',
        '{ "home" = "data" }',
        '{ "/home/pi/x" = 5 }',
        '{ "/etc" = "data" }',
        '{ "/home/pi/../../etc" = "x" }',
        '{ "/home/pi/a" = "../b" }',
        '{ "/home/pi/a\\nb" = "x" }',
        '{ "/home/pi/a:b" = "x" }',
    ),
    "app.skip_requirements": (
        "5",
        '"flask"',
        "[5]",
        '["a\\nb"]',
        '["a","a"]',
        '[""]',
    ),
}
"""Values in TOML that a file may not have, by their key."""


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in REFUSED.items() for value in values])
def test_refused_answer_is_named_with_file_line_and_key(key: str, value: str) -> None:
    table, _, name = key.partition(".")
    text = '# mine\n[site]\nname = "blog"\n' + (f"[{table}]\n" if table != "site" else "") + f"{name} = {value}\n"
    with pytest.raises(PiwizardError) as refused:
        file_reader.parse(text, all_questions(), "given.toml")
    line = text.count("\n")
    assert refused.value.message.startswith(f"given.toml line {line}: {key}")
    assert refused.value.message.isprintable()
    assert refused.value.key == key
