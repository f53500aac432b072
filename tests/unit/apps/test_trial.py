from __future__ import annotations

import subprocess
import sys

import pytest

from piwizard.apps.trial import echo


def said(code: str) -> list[str]:
    raised: list[str] = []
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as failing:
        echo(failing, raised)
    return raised


def test_a_missing_variable_is_called_one(capfd: pytest.CaptureFixture[str]) -> None:
    assert said("import os; os.environ['API_KEY']") == ["Its code needs the environment variable API_KEY."]
    assert "KeyError: 'API_KEY'" in capfd.readouterr().out


def test_other_keys_stay_what_they_are() -> None:
    assert said("import os\ntry: os.environ['A']\nexcept KeyError: {}['B']")[-1] == "KeyError: 'B'"
    assert said("{}['API_KEY']") == ["KeyError: 'API_KEY'"]
