"""The service: sized for the board, for as many sites as there are, under a name that nobody has."""

from __future__ import annotations

import re

import pytest

from piwizard.errors import PiwizardError
from piwizard.steps.gunicorn import Gunicorn, for_board

from .conftest import of_kind
from .test_app import SRC_LAYOUT


@pytest.fixture
def written(ground, answers):
    """The files of the plan, by their names."""

    def made(files=None, more="", parts=None, **secrets):
        changes = Gunicorn().plan(ground(files, **(parts or {})), answers(more, **secrets))
        return {file.path.name: file for file in of_kind(changes, "file")}

    return made


@pytest.mark.parametrize(
    ("total", "cores", "wanted"),
    [
        (430, 1, (1, 4)),  # Zero W
        (430, 4, (2, 4)),  # Zero 2 W
        (920, 4, (2, 4)),  # Pi 3
        (1850, 4, (4, 4)),
        (3790, 4, (4, 4)),  # Pi 4
        (7900, 4, (4, 4)),
        (7900, 1, (2, 4)),
        (15900, 32, (4, 4)),
    ],
)
def test_the_size_of_the_board(memory, total, cores, wanted):
    assert for_board(memory(total, cores)) == wanted


@pytest.mark.parametrize("total", [430, 3790, 100])
def test_the_memory_that_it_may_take(written, memory, total):
    text = written(parts={"machine": memory(total, 1)})["blog.service"].content
    high, most = (int(re.search(rf"^{name}=(\d+)M", text, re.M)[1]) for name in ("MemoryHigh", "MemoryMax"))
    assert 100 <= high < most
    assert high == max(100, total * 60 // 100)


def test_another_site_does_not_alter_the_units(written):
    assert written(parts={"sites": ("blog", "other")}) == written(parts={"sites": ("blog",)})


def test_answers_win(written):
    text = written(None, "\n[gunicorn]\nworkers = 7\nthreads = 9")["blog.service"].content
    assert "--workers=7" in text
    assert "--threads=9" in text


def test_a_factory_below_a_folder(written):
    text = written(SRC_LAYOUT)["blog.service"].content
    assert "/srv/blog/" in re.search(r"PYTHONPATH=(\S+)", text)[1]
    assert re.search(r"PYTHONPATH=\S+/app/src\b", text)
    assert "create_app()" in text


def test_settings_are_roots_secret(written):
    nasty = 'a"b\\c$d`e'
    file = written(None, "\nenv = { KEY = { generate = 16 }, MODE = 'x y' }", KEY=nasty)["app.env"]
    assert file.mode == 0o600
    assert file.secret
    assert file.content == 'KEY="a\\"b\\\\c\\$d\\`e"\nMODE="x y"\n'
    texts = [one.content for name, one in written(None, "\nenv = { KEY = { generate = 16 } }", KEY=nasty).items()
             if name != "app.env"]  # fmt: skip
    assert texts
    assert not [text for text in texts if nasty in text]


@pytest.mark.parametrize("unit", ["blog.service"])
def test_a_name_that_debian_uses(written, unit):
    with pytest.raises(PiwizardError, match=r"site\.name: blog cannot be used") as refused:
        written(parts={"packaged_units": frozenset({unit, "nginx.service"})})
    assert refused.value.key == "site.name"


def test_other_peoples_units_are_no_hindrance(written):
    assert written(parts={"packaged_units": frozenset({"nginx.service", "blogger.service"})})


def test_enabled_after_they_are_written(ground, answers):
    changes = Gunicorn().plan(ground(), answers())
    group, units = changes[0], of_kind(changes, "unit")
    assert group.kind == "group"
    assert group.then[0].argv == ("systemctl", "daemon-reload")
    assert [unit.name for unit in units] == ["blog.socket", "blog.service"]


def test_the_questions_name_the_board(ground, memory):
    workers, threads = Gunicorn().questions(ground(machine=memory(430, 1)), None)
    assert (workers.default, threads.default) == (1, 4)
