"""Has an app's code read by a process that may do nothing else, and believes nothing of what it says unseen."""

from __future__ import annotations

import io
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import piwizard
from piwizard.apps.analysis import ANSWERS, Analysis, AnalysisFailure, Wish, checked
from piwizard.apps.analysis_limits import SECONDS, TOO_LARGE, TOO_LONG
from piwizard.apps.shapes import MalformedAnalysis
from piwizard.system import commands
from piwizard.system.commands import Result

START = "import sys; sys.path.insert(0, sys.argv[1]); from piwizard.apps.analysis_worker import main; main()"
PACKAGE = Path(piwizard.__file__).parents[1]
WALL = 3 * SECONDS
"""Seconds after which it is ended, however little processor time it has had."""
MOST_OUTPUT = 4 << 20
"""Characters of its report. It is ended by its own limits, and what comes after these is not kept."""


class _TooMuch(Exception):
    """The report is longer than one can be."""


def analyse(tree: Path, data: Path, wish: Wish) -> Analysis:
    """Read the code of a tree. `data` is where links in it lead to what the app writes, which is not read."""
    report = io.StringIO()

    def collect(text: str) -> None:
        if report.tell() + len(text) > MOST_OUTPUT:
            raise _TooMuch
        report.write(text)

    argv = (sys.executable, "-I", "-S", "-c", START, str(PACKAGE))
    request = json.dumps({"tree": str(tree), "data": str(data), "wish": asdict(wish)})
    try:
        result = commands.run(argv, input=request, cwd="/", on_text=collect, timeout=WALL)
    except _TooMuch:
        return _of([], "what was found is out of bounds: the report is too long")
    return _of(report.getvalue().split("\n"), _ended(result))


def _ended(result: Result) -> str:
    """Why a report may lack something."""
    if result.exit in (124, -signal.SIGXCPU):
        return TOO_LONG
    if result.exit == -signal.SIGKILL:
        return TOO_LARGE
    return f"the process that reads it ended with the code {result.exit}"


def _of(lines: list[str], ended: str) -> Analysis:
    found: dict[str, Any] = {}
    failures: dict[str, AnalysisFailure] = {}
    file = ""
    for line in lines:
        said = _said(line)
        part = said.get("part")
        if isinstance(said.get("file"), str):
            file = _shown(said["file"])
        if part == "" and "failed" in said:
            ended = _shown(str(said["failed"]))
        if part not in ANSWERS:
            continue
        if "failed" in said:
            failures[part] = AnalysisFailure(_shown(str(said["failed"])), file)
            continue
        try:
            found[part] = checked(part, said.get("value"))
        except MalformedAnalysis as error:
            failures[part] = AnalysisFailure(f"what was found is out of bounds: {error}")
    for part in ANSWERS:
        if part not in found:
            failures.setdefault(part, AnalysisFailure(ended, file))
    return Analysis(**found, failures=failures)


def _said(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _shown(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text[:200])
