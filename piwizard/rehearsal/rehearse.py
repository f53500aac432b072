"""Run `piwizard rehearse`: the whole setup in a temporary clone of this machine."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from piwizard.answers.model import AnswersFile
from piwizard.engine.events import CheckDone
from piwizard.errors import PiwizardError
from piwizard.rehearsal import sample_repository
from piwizard.rehearsal.clone import MachineClone
from piwizard.rehearsal.local_proxy import LocalProxy, free_port
from piwizard.rehearsal.rehearsal_report import RehearsalReport
from piwizard.sandbox import nsenter
from piwizard.sandbox.sandbox_init import require_programs
from piwizard.setup import workspace
from piwizard.steps.registry import STEPS
from piwizard.system import caller_env, connections, http_client
from piwizard.system.http_client import Limits, MalformedResponse

ANSWERS_INSIDE = Path("/opt/piwizard-answers.toml")
INTERRUPTED_EXIT_CODE = 130
REHEARSED_STEPS = tuple(step.name for step in STEPS if not step.optional)
"""Optional steps contact the router or Let's Encrypt, which would take the clone for this machine."""


def rehearse(answers: Path | None, *, keep: bool, shell: bool, as_json: bool) -> int:
    """Set up an app in a clone of this machine, and return the exit code.

    That is the app of an answers file, or a sample. The clone is always removed at the end: with `keep` after Enter or
    Ctrl-C, with `shell` when the shell in it exits.
    """
    if os.geteuid() != 0:
        raise PiwizardError("A rehearsal needs root.", hint="Run `sudo piwizard rehearse`.")
    require_programs("ip", "mount", "nsenter", "setpriv", "slirp4netns", "systemd-nspawn", "unshare")
    # Report mistakes in the answers before anything starts.
    given = _checked(answers) if answers else AnswersFile({}, {})
    same = f"piwizard apply --answers {answers}" if answers else "piwizard, which asks for your own app"
    report = RehearsalReport(as_json=as_json, same_here=f"To do the same on this machine: {same}")
    copy = MachineClone(report.say)
    with _interruptible():
        try:
            return _rehearse(copy, report, answers, given, keep=keep, shell=shell)
        except KeyboardInterrupt:
            report.say("Interrupted.")
            return INTERRUPTED_EXIT_CODE
        finally:
            with _undisturbed():
                copy.end()
                report.say("The clone was removed.")


def _rehearse(
    copy: MachineClone, report: RehearsalReport, answers: Path | None, given: AnswersFile, *, keep: bool, shell: bool
) -> int:
    report.say("Booting a clone of this machine. Nothing that happens in it changes this machine.")
    copy.start()
    inside = _copy_answers(copy, answers) if answers else sample_repository.install_sample(copy.root, copy.leader)
    argv = (sys.executable, "-m", "piwizard", "apply", *REHEARSED_STEPS, "--yes", "--json", "--answers", str(inside))
    ended = nsenter.run(copy.leader, argv, env=_secrets((given.machine, given.sites)), on_line=report.take)
    host = next((site["site.domains"][0] for site in given.sites.values()), sample_repository.HOST)
    port = free_port()
    copy.uplink.forward(port, 80)
    proxy = LocalProxy(port, host)
    try:
        if ended.ok:
            report.add(_check_page(proxy.address))
        ok = ended.ok and all(check.ok for check in report.checks)
        report.finish(ok=ok, address=proxy.address)
        if keep or shell:
            _keep_clone(copy, report, proxy.address, shell=shell)
    finally:
        proxy.close()
    return 0 if ok else 1


def _checked(answers: Path) -> AnswersFile:
    """Return the answers of a file. Raise PiwizardError, with the key, if one is wrong or missing."""
    planner = workspace.planner(answers)
    planner.require_answers(planner.select(REHEARSED_STEPS))
    return planner.answers


def _copy_answers(copy: MachineClone, answers: Path) -> Path:
    """Return the path of the answers in the clone, copying the file if it is not cloned, as in /run."""
    path = answers.resolve()
    if not (copy.root / path.relative_to("/")).exists():
        shutil.copy2(path, sample_repository.path_in_clone(copy.root, ANSWERS_INSIDE))
        return ANSWERS_INSIDE
    return path


def _secrets(value: object) -> dict[str, str]:
    """Return the environment variables that the answers take secrets from: the only ones that the clone gets."""
    found: dict[str, str] = {}
    if isinstance(value, Mapping):
        name = value.get("env")
        if isinstance(name, str) and (secret := caller_env.read_variable(name)):
            found[name] = secret
        value = tuple(value.values())
    for inner in value if isinstance(value, tuple) else ():
        found |= _secrets(inner)
    return found


def _check_page(address: str) -> CheckDone:
    port = int(address.rpartition(":")[2].strip("/"))
    try:
        host, limits = f"127.0.0.1:{port}", Limits(seconds=20, body_seconds=2)
        status = http_client.request(connections.tcp("127.0.0.1", port), "/", host=host, limits=limits).status
    except (OSError, MalformedResponse) as error:
        status = 0
        address = f"{address}: {error}"
    detail = f"{address} gives {status}" if status else address
    return {"event": "check", "step": "rehearsal", "name": "opens here", "ok": 200 <= status < 500, "detail": detail}


def _keep_clone(copy: MachineClone, report: RehearsalReport, address: str, *, shell: bool) -> None:
    report.say(f"The site in the clone: {address}")
    if shell:
        report.say("This shell runs in the clone; `exit` removes the clone.")
        nsenter.run_shell(copy.leader)
        return
    report.say(f"To enter the clone: nsenter --target {copy.leader} --all bash --login")
    # Ctrl-C is the normal end here and is not reported as an interruption.
    with suppress(KeyboardInterrupt):
        if sys.stdin.isatty():
            report.say("Press Enter or Ctrl-C to remove the clone.")
            sys.stdin.readline()
        else:
            report.say("The clone stays until piwizard receives SIGINT.")
            signal.pause()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let a closed terminal and `kill` end a rehearsal with its cleanup, as Ctrl-C does."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C during the cleanup."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
