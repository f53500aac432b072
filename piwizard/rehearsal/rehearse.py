"""`piwizard rehearse`: the whole set-up on a throwaway copy of this machine, with the same engine."""

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
from piwizard.rehearsal.clone import Copy
from piwizard.rehearsal.local_proxy import Window, free_port
from piwizard.rehearsal.rehearsal_report import Report
from piwizard.sandbox import nsenter
from piwizard.sandbox.required_programs import need
from piwizard.setup import workspace
from piwizard.steps.registry import STEPS
from piwizard.system import caller_env, http_client
from piwizard.system.http_client import Limits, MalformedResponse

PUT_INSIDE = Path("/opt/piwizard-answers.toml")
INTERRUPTED = 130
REHEARSED = tuple(step.name for step in STEPS if not step.optional)
"""The optional ones speak to the world outside, which would take the copy for this machine: router, Let's Encrypt."""


def rehearse(answers: Path | None, *, keep: bool, shell: bool, as_json: bool) -> int:
    """Sets up the app of an answers file, or a sample, in a copy of this machine; returns the exit code.

    Nothing of the copy stays, however this ends. With `keep` it stays until Enter or Ctrl-C, with `shell` for as long
    as the shell in it.
    """
    if os.geteuid() != 0:
        raise PiwizardError("A rehearsal needs root.", hint="sudo piwizard rehearse")
    need("ip", "mount", "nsenter", "setpriv", "slirp4netns", "systemd-nspawn", "unshare")
    # A mistake in the answers is said before anything starts.
    given = _checked(answers) if answers else AnswersFile({}, {})
    same = f"piwizard apply --answers {answers}" if answers else "piwizard, which asks for your own app"
    report = Report(as_json=as_json, same_here=f"The same on this machine: {same}")
    copy = Copy(report.say)
    with _interruptible():
        try:
            return _rehearse(copy, report, answers, given, keep=keep, shell=shell)
        except KeyboardInterrupt:
            report.say("Interrupted.")
            return INTERRUPTED
        finally:
            with _undisturbed():
                copy.end()
                report.say("The copy is gone.")


def _rehearse(copy: Copy, report: Report, answers: Path | None, given: AnswersFile, *, keep: bool, shell: bool) -> int:
    report.say("Booting a copy of this machine. What happens in it does not happen here.")
    copy.start()
    inside = _put_answers(copy, answers) if answers else sample_repository.put(copy.root, copy.leader)
    argv = (sys.executable, "-m", "piwizard", "apply", *REHEARSED, "--yes", "--json", "--answers", str(inside))
    ended = nsenter.run(copy.leader, argv, env=_secrets((given.machine, given.sites)), on_line=report.take)
    host = next((site["site.domains"][0] for site in given.sites.values()), sample_repository.HOST)
    port = free_port()
    copy.way_out.forward(port, 80)
    window = Window(port, host)
    try:
        if ended.ok:
            report.add(_look(window.address))
        ok = ended.ok and all(check.ok for check in report.checks)
        report.finish(ok=ok, address=window.address)
        if keep or shell:
            _stay(copy, report, window.address, shell=shell)
    finally:
        window.close()
    return 0 if ok else 1


def _checked(answers: Path) -> AnswersFile:
    """The answers of a file. PiwizardError names one that is wrong, or that is missing."""
    planner = workspace.planner(answers)
    planner.require_answers(planner.select(REHEARSED))
    return planner.answers


def _put_answers(copy: Copy, answers: Path) -> Path:
    """The copy holds the file at its own place, unless that is none that is copied, such as /run."""
    path = answers.resolve()
    if not (copy.root / path.relative_to("/")).exists():
        shutil.copy2(path, sample_repository.place(copy.root, PUT_INSIDE))
        return PUT_INSIDE
    return path


def _secrets(value: object) -> dict[str, str]:
    """The environment variables that the answers take secrets from: the only ones of ours that are passed inside."""
    found: dict[str, str] = {}
    if isinstance(value, Mapping):
        name = value.get("env")
        if isinstance(name, str) and (secret := caller_env.variable(name)):
            found[name] = secret
        value = tuple(value.values())
    for inner in value if isinstance(value, tuple) else ():
        found |= _secrets(inner)
    return found


def _look(address: str) -> CheckDone:
    port = int(address.rpartition(":")[2].strip("/"))
    try:
        host, limits = f"127.0.0.1:{port}", Limits(seconds=20, body_seconds=2)
        status = http_client.request(http_client.tcp("127.0.0.1", port), "/", host=host, limits=limits).status
    except (OSError, MalformedResponse) as error:
        status = 0
        address = f"{address}: {error}"
    detail = f"{address} gives {status}" if status else address
    return {"event": "check", "step": "rehearsal", "name": "opens here", "ok": 200 <= status < 500, "detail": detail}


def _stay(copy: Copy, report: Report, address: str, *, shell: bool) -> None:
    report.say(f"The site of the copy: {address}")
    if shell:
        report.say("A shell in the copy follows; `exit` throws the copy away.")
        nsenter.shell(copy.leader)
        return
    report.say(f"A way in: nsenter --target {copy.leader} --all bash --login")
    # Ctrl-C is the way to end this, and no interruption of anything.
    with suppress(KeyboardInterrupt):
        if sys.stdin.isatty():
            report.say("Enter or Ctrl-C throws the copy away.")
            sys.stdin.readline()
        else:
            report.say("It stays until piwizard gets a SIGINT.")
            signal.pause()


@contextmanager
def _interruptible() -> Iterator[None]:
    """A closed terminal and a `kill` end a rehearsal as Ctrl-C does: in order."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not interrupt the clearing away."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
