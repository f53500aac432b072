"""Test the layers of the tests, and the summary of skipped ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import runner
from tests.lab import requirements

CHECKOUT = Path(__file__).parents[2]


def test_requirements_name_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert requirements.missing() == "Booting machines needs root."


def test_requirements_name_packages_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(requirements.shutil, "which", lambda name: None if name in ("nft", "dnsmasq") else f"/{name}")
    assert requirements.missing() == "Booting machines needs packages that are not installed: dnsmasq-base nftables."


def test_summary_names_skipped_tests_and_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    summary = runner.Summary()
    summary.add(
        [runner.Result("unit", passed=3, skipped=1, seconds=65, notes=["1 skipped: nginx is not installed"])], 0
    )
    summary.add([runner.Result("journeys", notes=["not run: Booting machines needs root."])], 0)
    summary.show(70)
    shown = capsys.readouterr().out.splitlines()
    assert "unit               3        1       0    1:05" in shown
    assert "journeys     not run" in shown
    assert "unit: 1 skipped: nginx is not installed" in shown
    assert "journeys: not run: Booting machines needs root." in shown
    assert shown[-1] == "Nothing failed."


def test_progress_counts_the_tests_of_each_layer(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "def test_one(): pass\n"
        "def test_two(): pytest.skip('no moon tonight')\n"
        "def test_three(): assert False\n"
    )
    report = tmp_path / "report.json"
    argv = (sys.executable, "-m", "pytest", "-q", "-p", "tests.progress", "--rootdir", tmp_path, tmp_path)
    environment = os.environ | {"TESTS_REPORT": str(report), "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    (layer,) = json.loads(report.read_text()).values()
    assert (layer["passed"], layer["failed"], layer["skipped"]) == (1, 1, 1)
    assert layer["reasons"] == {"no moon tonight": 1}
    assert "FAILED test_some.py::test_three" in done.stdout


def test_failed_test_that_passes_alone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = {"begun": 0.0, "ended": 9.0, "skipped": 0, "reasons": {}}
    slow, broken = "tests/component/test_slow.py::test_it", "tests/journeys/test_broken.py::test_it"
    runs = iter(
        [
            (
                {
                    "component": ended | {"passed": 4, "failed": 1, "failures": [slow]},
                    "journeys": ended | {"passed": 0, "failed": 1, "failures": [broken]},
                },
                1,
            ),
            ({"journeys": ended | {"passed": 0, "failed": 1, "failures": [broken]}}, 1),
        ]
    )
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(runner, "_pytest", lambda *arguments: asked.append(arguments) or next(runs))
    (component, journeys), code = runner.tests(["tests/component", "tests/journeys", "--nightly"], 3, repeat=True)
    assert asked[1] == ("--nightly", slow, broken)
    assert (code, component.passed, component.failed, journeys.failed) == (1, 5, 0, 1)
    assert component.notes == [f"{slow} failed beside other tests, and passed alone"]
    assert journeys.notes == []
