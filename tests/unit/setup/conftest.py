"""Plan sites on a recorded machine, with code from a folder of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from piwizard.answers import file_reader
from piwizard.apps import app_source
from piwizard.apps.app_source import AppSource
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.steps.registry import all_questions
from piwizard.system import facts
from piwizard.system.facts import gather
from tests.recorded_machine import RecordedSource

SAMPLE = Path(__file__).parents[1] / "system" / "samples" / "pi4-trixie"
CODE = 'import os\nfrom flask import Flask\n\napp = Flask(__name__)\nKEY = os.environ["WEATHER_API_KEY"]\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return the folder with the code of every site: an app that needs WEATHER_API_KEY."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text(CODE)
    (tree / "requirements.txt").write_text("Flask\nPillow\n")
    return tree


@pytest.fixture
def planner_of(own_places: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Planner]:
    """Return a function that makes a planner from the text of an answers file."""
    monkeypatch.setattr(
        app_source, "find_source", lambda site, repo, ref, *_, **__: AppSource(repo, ref, "c0ffee1234", tree, None)
    )
    recorded = gather(RecordedSource(SAMPLE))
    monkeypatch.setattr(facts, "gather", lambda: recorded)
    return lambda text: Planner(file_reader.parse(text, all_questions()), workspace.secret_store())
