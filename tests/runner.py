"""Runs the tests layer by layer, says how far they are, and sums up at the end. Started by tests/run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import requirements
from tests.progress import REPORT

SCRIPTS = ("install.sh", "tests/run", ".ci/run")
STATIC = {
    "mypy": ("mypy",),
    "import contracts": ("lint-imports",),
    "ruff check": ("ruff", "check"),
    "ruff format": ("ruff", "format", "--check"),
    "shellcheck": ("shellcheck", *SCRIPTS),
}
PREPARED = ("trixie", "bookworm")
"""The releases whose layers are made beside the linters and, if that takes longer, the unit tests."""
SOON_SECONDS = 10.0
"""Images and layers that are there are looked through in this time."""
MAX_REPEATED = 3
"""If no more tests failed, they are repeated without others beside them."""
TESTS_FAILED = 1
"""pytest's exit code when it ran all tests, and some failed."""


@dataclass
class Result:
    """One line of the summary. `notes` say what was not run, and why."""

    layer: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)


@dataclass
class Summary:
    """All that was run; `code` is the exit code of the first part that failed."""

    results: list[Result] = field(default_factory=list)
    code: int = 0

    def add(self, results: Sequence[Result], code: int) -> None:
        self.results += results
        self.code = self.code or code

    def show(self, seconds: float) -> None:
        print(f"\n{'layer':12}{'passed':>8}{'skipped':>9}{'failed':>8}{'time':>8}")
        for one in self.results:
            counts = f"{one.passed:8}{one.skipped:9}{one.failed:8}{_minutes(one.seconds):>8}"
            print(f"{one.layer:12}{counts}" if one.passed + one.skipped + one.failed else f"{one.layer:12} not run")
        print(f"{'together':12}{_minutes(seconds):>33}")
        for one in self.results:
            for note in one.notes:
                print(f"{one.layer}: {note}")
        print("Failed." if self.code else "Nothing failed.")


def main(arguments: Sequence[str]) -> int:
    """The command: the layers that were asked for, in turn."""
    arguments = list(arguments)
    fast, everything = "--fast" in arguments, "--all" in arguments
    arguments = [one for one in arguments if one not in ("--fast", "--all")]
    paths = arguments and not arguments[0].startswith("-")
    summary, began = Summary(), time.monotonic()
    why_not = "" if fast or paths else requirements.missing()
    machines = not (fast or paths or why_not)
    preparing = _prepare() if machines else None
    summary.add(*static())
    layers = ("tests/journeys", "tests/component", *(["tests/nightly"] if everything else []))
    night = ["--nightly"] if everything else []
    if paths:
        summary.add(*tests(arguments, _workers(), repeat=False))
    elif preparing is not None:
        # All at once: unit tests keep the processors busy while machines wait for their start, packages and timers.
        # The machines come last while their images and layers are made, else first: unit tests are short.
        first = [] if _over(preparing, SOON_SECONDS) else ["--unit-first"]
        summary.add(*tests([*layers, "tests/unit", *first, *night, *arguments], _machine_workers(), repeat=True))
        preparing.wait()
    else:
        summary.add(*tests(["tests/unit", *night, *arguments], _workers(), repeat=True))
    if why_not:
        summary.add([Result(layer.partition("/")[2], notes=[f"not run: {why_not}"]) for layer in layers], 0)
    summary.show(time.monotonic() - began)
    return summary.code


def static() -> tuple[list[Result], int]:
    """Linters, types, import contracts."""
    result, code, began = Result("static"), 0, time.monotonic()
    print("── static", flush=True)
    with ThreadPoolExecutor(_processes()) as pool:
        ended = {name: pool.submit(_check, argv) for name, argv in STATIC.items()}
    for name, future in ended.items():
        done = future.result()
        if done is None:
            result.skipped += 1
            result.notes.append(f"{name} is not installed, so it was skipped")
            continue
        print(f"{name}: {'FAILED' if done.returncode else 'ok'}", flush=True)
        result.failed += done.returncode != 0
        result.passed += done.returncode == 0
        if done.returncode:
            code = code or done.returncode
            print(done.stdout, flush=True)
    result.seconds = time.monotonic() - began
    return [result], code


def tests(arguments: Sequence[str], processes: int, *, repeat: bool) -> tuple[list[Result], int]:
    """Run pytest. A file stays with one process, so that its machines are made once.

    With `repeat`, a few tests that failed are run again, alone.
    """
    print(f"── {' '.join(arguments)}", flush=True)
    layers, code = _pytest(f"--numprocesses={processes}", "--dist=loadfile", "--no-loadscope-reorder", *arguments)
    found = []
    for name, one in layers.items():
        notes = [f"{number} skipped: {why}" for why, number in one["reasons"].items()]
        seconds = one["ended"] - one["begun"]
        found.append(Result(name, one["passed"], one["failed"], one["skipped"], seconds, notes))
    failures = [test for one in layers.values() for test in one["failures"]]
    if repeat and code == TESTS_FAILED and 0 < len(failures) <= MAX_REPEATED:
        code = _repeat(failures, [one for one in arguments if one == "--nightly"], found)
    return found, code


def _repeat(failures: Sequence[str], options: Sequence[str], found: Sequence[Result]) -> int:
    """Run failed tests once more, alone, and correct the results. Those that pass now are named in the summary."""
    print("── alone: " + " ".join(failures), flush=True)
    layers, code = _pytest(*options, *failures)
    still = {test for one in layers.values() for test in one["failures"]} if layers else set(failures)
    for result in found:
        passed = [test for test in failures if test.startswith(f"tests/{result.layer}/") and test not in still]
        result.failed -= len(passed)
        result.passed += len(passed)
        result.notes += [f"{test} failed beside other tests, and passed alone" for test in passed]
    return code


def _pytest(*arguments: str) -> tuple[dict[str, Any], int]:
    """Return what tests.progress reports of each layer, and the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        argv = (sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "tests.progress", *arguments)
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, env=os.environ | {REPORT: str(report)}, check=False)
        return (json.loads(report.read_text()) if report.exists() else {}), done.returncode


def _check(argv: Sequence[str]) -> subprocess.CompletedProcess[str] | None:
    if shutil.which(argv[0]) is None:
        return None
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    return subprocess.run(argv, text=True, check=False, **both)  # type: ignore[call-overload, no-any-return]


def _prepare() -> subprocess.Popen[bytes]:
    """Make images and layers, which takes minutes the first time, beside the unit tests."""
    print("Making the images and layers of the machines in the background.", flush=True)
    return subprocess.Popen((sys.executable, "-m", "tests.lab.layers", *PREPARED), stdin=subprocess.DEVNULL)


def _over(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether a process ends within a time."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _processes() -> int:
    return min(4, os.cpu_count() or 1)


def _workers() -> int:
    """Return one more than the processors: tests wait for screens, machines and disks a third of their time."""
    return _processes() + 1


def _machine_workers() -> int:
    """Return three more than the processors: machines also wait for their start, for packages and for timers."""
    return _processes() + 3


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
