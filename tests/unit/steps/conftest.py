"""Make contexts for plans: a recorded machine, the files of an app, and answers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from piwizard.answers import file_reader as answers_module
from piwizard.answers.model import Answers
from piwizard.apps.app_source import AppSource
from piwizard.changes.transaction import Transaction
from piwizard.nginx.nginx_files import NginxFiles
from piwizard.steps.registry import all_questions
from piwizard.steps.step import PlanContext
from piwizard.system.facts import gather
from tests.recorded_machine import RecordedSource

SAMPLES = Path(__file__).parents[1] / "system" / "samples"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
TOML = """
[site]
name = "blog"
domains = ["blog.example.org", "www.blog.example.org"]
[app]
repo = "/srv/git/blog.git"
"""


@pytest.fixture
def machine():
    """Return the recorded machine of that name, with some of its facts replaced."""
    return lambda name="pi4-trixie", **facts: dataclasses.replace(gather(RecordedSource(SAMPLES / name)), **facts)


@pytest.fixture
def memory(machine):
    """Return a machine with that many MiB and cores."""

    def made(total, cores):
        known = machine()
        return dataclasses.replace(known, cores=cores, memory=dataclasses.replace(known.memory, total=total))

    return made


@pytest.fixture
def app(tmp_path):
    """Return a checkout of these files."""

    def made(files=None):
        tree = tmp_path / "tree"
        for path, text in (files or {"app.py": FLASK}).items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
        return AppSource("/srv/git/blog.git", None, COMMIT, tree, None)

    return made


@pytest.fixture
def context(machine, app):
    """Return the context of a plan, with some of its parts replaced."""

    def made(files=None, **parts):
        given = {"machine": machine(), "nginx": NginxFiles(), "source": app(files), "sites": ("blog",)} | parts
        return PlanContext(**given)

    return made


@pytest.fixture
def answers():
    """Return the answers of the site "blog", with more lines of its file, and secrets."""

    def made(more="", site="blog", **secrets):
        plain = answers_module.parse(TOML + more, all_questions()).of(site)
        return Answers(plain.site, plain.values, {f"app.env.{name}": value for name, value in secrets.items()})

    return made


def flat(changes):
    """Return these changes, each transaction after its own changes."""
    return [
        inner
        for change in changes
        for inner in ([*change.changes, change] if isinstance(change, Transaction) else [change])
    ]


def of_kind(changes, kind):
    """Return the changes of one kind, those in transactions too."""
    return [change for change in flat(changes) if change.kind == kind]
