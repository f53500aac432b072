"""Fake a Pi with files: real engine, state, events, answers and lock, harmless steps.

Imported by the tests for the viewer's side; started as `python fake_pi.py FOLDER RUN` for the process of a run.

Files in its folder steer it: `fail-STEP` makes that step fail, `wait-STEP` makes it wait until the file is gone,
`chatty-STEP` contains the number of lines that it prints. With `all-steps`, the Pi has the steps of a real one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from json import dumps
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps import app_source
from piwizard.apps.app_source import AppSource
from piwizard.changes.base import IN_SYNC, ApplyContext, Change, ChangeFailed, OwnershipIndex, Preview
from piwizard.dns.providers import PROVIDERS
from piwizard.engine import run_launch
from piwizard.setup import worker, workspace
from piwizard.steps import ddns, registry
from piwizard.steps.registry import STEPS
from piwizard.steps.step import PlanContext, Step
from piwizard.system import facts, files, paths
from piwizard.system.checks import Check
from piwizard.system.remedies import Advice
from piwizard.system.system_cache import SystemCache
from tests.recorded_machine import RecordedSource

CHECKOUT = Path(__file__).parents[3]
SAMPLE = CHECKOUT / "tests" / "unit" / "system" / "samples" / "pi4-trixie"
APP = CHECKOUT / "templates" / "sample"
FOLDERS = {"state": "lib", "log": "log", "cache": "cache", "config": "etc", "runtime": "run"}
MINE = {"app", "gunicorn", "site", "nginx", "system"}


@dataclass(frozen=True)
class Write:
    """Writes a file as the user who runs the tests."""

    kind: ClassVar[str] = "file"
    path: Path
    content: str

    def describe(self) -> str:
        return f"Write {self.path.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        before = files.read(self.path)
        if before == self.content.encode():
            return IN_SYNC
        edited = before is not None and not memory.wrote(self.path, files.digest(before))
        return Preview(
            in_sync=False,
            diff=files.diff(before, self.content.encode(), Path("/etc/nginx") / self.path.name),
            edited=edited,
        )

    def apply(self, work: ApplyContext) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        work.write(self.path, self.content.encode(), 0o644, (os.geteuid(), os.getegid()))


@dataclass(frozen=True)
class Do:
    """Prints some lines, waits, and fails, as the folder of the Pi says."""

    kind: ClassVar[str] = "command"
    folder: Path
    step: str

    @property
    def argv(self) -> tuple[str, ...]:
        script = (
            f"n=$(cat chatty-{self.step} 2>/dev/null || echo 3); "
            f'seq -f "[{self.step}] line %.0f of $n" $n; '
            f"while [ -e wait-{self.step} ]; do sleep 0.05; done; "
            f'if [ -e fail-{self.step} ]; then echo "E: it does not work" >&2; exit 3; fi; touch did-{self.step}'
        )
        return ("sh", "-c", script)

    def describe(self) -> str:
        return f"Make {self.step} work"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        done = (self.folder / f"did-{self.step}").exists()
        return IN_SYNC if done else Preview(in_sync=False, argv=((f"make-{self.step}", "--all"),))

    def apply(self, work: ApplyContext) -> None:
        result = work.command(self.argv, cwd=self.folder, allow=range(-64, 256))
        if not result.ok:
            raise ChangeFailed(f"{self.step}: it does not work.", hint="Take the obstacle away, then try again.")


class Harmless:
    """A step with real questions and texts, but harmless changes."""

    def __init__(self, step: Step, folder: Path) -> None:
        self._step, self._folder = step, folder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step, name)

    def questions(self, ground: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        return self._step.questions(ground, answers)

    def plan(self, ground: PlanContext, answers: Answers) -> Sequence[Change]:
        name = self._step.name
        words = "".join(f"{key} = {value}\n" for key, value in sorted(answers.values.items()) if "skip" not in key)
        content = f"# {name}\n{words}server {{\n    listen 80;\n}}\n"
        return (Write(self._folder / "machine" / f"{name}.conf", content), Do(self._folder, name))

    def checks(self, ground: PlanContext, answers: Answers) -> Iterable[Check]:
        name = self._step.name
        failing = (self._folder / f"failing-{name}").exists()
        yield Check(f"{name}-there", f"{name} there", True, "it is there")
        tea = (Advice("Give it some tea."),)
        yield Check(f"{name}-answers", f"{name} answers", not failing, "503" if failing else "200", "It fails.", tea)


class Ddns(ddns.Ddns):
    """An optional step with questions of the rarer kinds."""

    name = "ddns"
    title = "Dynamic DNS"
    heading = "Network"
    why = "Your router's public address changes from time to time: this keeps the name pointing at it."

    def questions(self, ground: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        providers = ("no-ip", "duckdns", "cloudflare")
        return (
            Question("ddns.provider", "Provider", "Where you have the name from.", v.one_of(*providers), kind="choice",
                     choices={one: PROVIDERS[one].title for one in providers}, default="no-ip"),
            Question("ddns.hostname", "Host name", "As in myapp.ddns.net.", v.host_name, required=True),
            Question("ddns.ipv6", "IPv6 too", "Whether the IPv6 address is kept up as well.", v.yes_or_no, kind="yesno",
                     default=False),
            Question("ddns.password", "Password", "It is kept where only root can read it.", v.secret_source,
                     kind="secret"),
        )  # fmt: skip


class Extra(Harmless):
    """The ddns step with harmless changes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Ddns(), folder)


def install(folder: Path) -> None:
    """Replace this machine with the fake in this process."""
    paths._dirs = lambda: SimpleNamespace(
        **{f"{whose}_{name}_path": folder / to for name, to in FOLDERS.items() for whose in ("user", "site")}
    )
    if (folder / "all-steps").exists():
        registry.STEPS = tuple(Harmless(step, folder) for step in STEPS)
    else:
        registry.STEPS = (*(Harmless(step, folder) for step in STEPS if step.name in MINE), Extra(folder))
    gather = facts.__dict__.get("_real_gather", facts.gather)
    facts._real_gather = gather
    facts.gather = lambda source=None: gather(source or RecordedSource(SAMPLE))
    app_source.find_source = lambda site, repo, ref, pinned=None, **_: AppSource(repo, ref, "c0ffee", APP, None)
    app_source.fetch_newest = lambda site, repo, ref, access=None: AppSource(repo, ref, "c0ffee", APP, None)
    run_launch.require_systemd = lambda: None
    run_launch.start = lambda wanted, validate=None: start(folder, wanted)
    run_launch.stop = stop


def start(folder: Path, wanted: run_launch.RunRequest) -> str:
    """Start a run in its own process; return its id."""
    run = f"20260101T{len(list(folder.glob('log/*'))):06}-beef"
    run_launch.folder(run).mkdir(parents=True)
    (run_launch.folder(run) / "request.json").write_text(dumps(asdict(wanted)))
    process = subprocess.Popen(
        ["nice", "-n", "10", sys.executable, __file__, str(folder), run],  # like launch.GENTLE
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    (run_launch.folder(run) / "pid").write_text(str(process.pid))
    return run


def stop(run: str) -> None:
    """Stop a run."""
    os.kill(int((run_launch.folder(run) / "pid").read_text()), signal.SIGTERM)


def kill(run: str) -> None:
    """Kill a run, as a power cut does."""
    os.killpg(int((run_launch.folder(run) / "pid").read_text()), signal.SIGKILL)


def remember(folder: Path, step: str, site: str | None = None, result: str = "done") -> None:
    """Record that a step was run before, with this result."""
    workspace.state().mark(step, site, result, "20250101T000000-0000", "Updated", 12.0)


if __name__ == "__main__":
    install(Path(sys.argv[1]))
    sys.exit(0 if worker.work(sys.argv[2]) else 1)
