"""A pytest plugin: says every 20 seconds how far the tests are, and writes down what became of each layer.

Used as `-p tests.progress` by tests/runner.py, which reads the file that TESTS_REPORT names.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

SECONDS_BETWEEN_LINES = 20.0
LONG_SECONDS = 120.0
"""A test that runs for longer is named in the lines."""
REPORT = "TESTS_REPORT"
"""The environment variable with the path of the file to write."""


@dataclass
class Layer:
    """What became of the tests of one layer. `begun` and `ended` are seconds since 1970."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    begun: float = 0.0
    ended: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why tests were skipped, with how many they were."""
    failures: list[str] = field(default_factory=list)
    """The tests that failed."""


class Progress:
    """Counts results as they come in, of all processes of pytest-xdist."""

    def __init__(self) -> None:
        self.layers: dict[str, Layer] = {}
        self._totals: Counter[str] = Counter()
        self._failed: set[str] = set()
        self._running: dict[str, float] = {}
        self._begun = time.monotonic()
        self._over = threading.Event()
        self._lines = threading.Thread(target=self._tell, daemon=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self._totals = Counter(_layer(name) for name in ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.items:
            self._totals = Counter(_layer(item.nodeid) for item in session.items)

    def pytest_sessionstart(self) -> None:
        self._lines.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._running[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._running.pop(nodeid, None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Print nothing for a test that passed or was skipped: dots say less than the lines of `_tell`."""
        if report.failed:
            return None
        if report.skipped:
            return "skipped", "", ""
        return ("passed" if report.when == "call" else ""), "", ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        layer = self.layers.setdefault(_layer(report.nodeid), Layer(begun=report.start))
        layer.begun, layer.ended = min(layer.begun, report.start), max(layer.ended, report.stop)
        if report.failed:
            if report.nodeid not in self._failed:
                print(f"\nFAILED {report.nodeid}", flush=True)
                layer.failed += 1
                layer.failures.append(report.nodeid)
            self._failed.add(report.nodeid)
        elif report.skipped:
            layer.skipped += 1
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            reason = reason.removeprefix("Skipped: ")
            layer.reasons[reason] = layer.reasons.get(reason, 0) + 1
        elif report.when == "call":
            layer.passed += 1

    def pytest_sessionfinish(self) -> None:
        self._over.set()
        if file := os.environ.get(REPORT):
            Path(file).write_text(json.dumps({name: asdict(layer) for name, layer in self.layers.items()}))

    def _tell(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_LINES):
            lines = [self._line(name) for name in self._totals or ["tests"]]
            print("\n" + "; ".join([*lines, *self._long()]), end="", flush=True)

    def _long(self) -> list[str]:
        """Return the tests that run for long, so that the output of a run that was ended names them."""
        now = time.monotonic()
        return [
            f"{name} for {_minutes(now - begun)}"
            for name, begun in [*self._running.items()]
            if now - begun > LONG_SECONDS
        ]

    def _line(self, name: str) -> str:
        layer = self.layers.get(name, Layer())
        done = layer.passed + layer.failed + layer.skipped
        more = f", {layer.failed} failed" if layer.failed else ""
        return f"{name}: {done} of {self._totals[name] or '?'} tests{more}, {_minutes(time.monotonic() - self._begun)}"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _layer(nodeid: str) -> str:
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if len(parts) > 1 else parts[0]


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Progress(), "layers-progress")
