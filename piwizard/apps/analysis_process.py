"""Start the confined process that reads an app's code, and check its report."""

from __future__ import annotations

import io
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import piwizard
from piwizard.apps.analysis import KEY_OF_PART, Analysis, AnalysisFailure, AnalysisOptions
from piwizard.apps.analysis_limits import MAX_CPU_SECONDS, TOO_LARGE, TOO_LONG
from piwizard.apps.analysis_validation import check_part
from piwizard.apps.typed_json import MalformedAnalysis
from piwizard.system import commands
from piwizard.system.commands import Result

START_CODE = "import sys; sys.path.insert(0, sys.argv[1]); from piwizard.apps.analysis_worker import main; main()"
PACKAGE_FOLDER = Path(piwizard.__file__).parents[1]
MAX_WALL_SECONDS = 3 * MAX_CPU_SECONDS
"""The process is killed after this time, however little processor time it has used."""
MAX_REPORT_LENGTH = 4 << 20
"""In characters. A longer report is not read to its end."""


class _ReportTooLong(Exception):
    """The report is longer than any real one."""


def analyze_code(tree: Path, data: Path, options: AnalysisOptions) -> Analysis:
    """Return the analysis of the code in `tree`.

    Links to `data`, where the app writes, are not followed.
    """
    report = io.StringIO()

    def collect(text: str) -> None:
        if report.tell() + len(text) > MAX_REPORT_LENGTH:
            raise _ReportTooLong
        report.write(text)

    argv = (sys.executable, "-I", "-S", "-c", START_CODE, str(PACKAGE_FOLDER))
    request = json.dumps({"tree": str(tree), "data": str(data), "options": asdict(options)})
    try:
        result = commands.run(argv, input=request, cwd="/", on_text=collect, timeout=MAX_WALL_SECONDS)
    except _ReportTooLong:
        return _parse_report([], "the report about it is too long")
    return _parse_report(report.getvalue().split("\n"), _reason_of_end(result))


def _reason_of_end(result: Result) -> str:
    """Return why a report may be incomplete."""
    if result.exit in (124, -signal.SIGXCPU):
        return TOO_LONG
    if result.exit == -signal.SIGKILL:
        return TOO_LARGE
    return f"the process that reads it exited with code {result.exit}"


def _parse_report(lines: list[str], ended: str) -> Analysis:
    found: dict[str, Any] = {}
    failures: dict[str, AnalysisFailure] = {}
    file = ""
    for line in lines:
        said = _parse_line(line)
        part = said.get("part")
        if isinstance(said.get("file"), str):
            file = _printable(said["file"])
        if part == "" and "failed" in said:
            ended = _printable(str(said["failed"]))
        if part not in KEY_OF_PART:
            continue
        if "failed" in said:
            failures[part] = AnalysisFailure(_printable(str(said["failed"])), file)
            continue
        try:
            found[part] = check_part(part, said.get("value"))
        except MalformedAnalysis as error:
            failures[part] = AnalysisFailure(f"the report about it is malformed: {error}")
    for part in KEY_OF_PART:
        if part not in found:
            failures.setdefault(part, AnalysisFailure(ended, file))
    return Analysis(**found, failures=failures)


def _parse_line(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text[:200])
