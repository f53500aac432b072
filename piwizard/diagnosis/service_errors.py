"""Read the messages of systemd and gunicorn about a site's service.

These are failed starts, crash loops, timeouts and kills.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.journald import JournalLine
from piwizard.diagnosis.resource_errors import OUT_OF_MEMORY, REDUCE_MEMORY
from piwizard.system.remedies import Advice, ApplySteps, Fix, RunCommand

STATUS = re.compile(r"(?:Main|Control) process exited, code=(?P<code>\w+), status=(?P<status>\d+)/(?P<word>\S+)")
OOM = re.compile(r"killed by the OOM killer|Failed with result 'oom-kill'")
TIMEOUT = re.compile(r"WORKER TIMEOUT \(pid: ?(\d+)\)")
KILLED = re.compile(r"Worker \(pid: ?(\d+)\) was sent SIGKILL")
RESTARTED, GIVEN_UP = "Scheduled restart job", "Start request repeated too quickly"
MIN_RESTARTS = 3
LOOP_PERIOD = timedelta(minutes=15)
STARTS_FAIL = {
    "CHDIR": ("The folder that the app is started in is missing.", ("app", "gunicorn")),
    "EXEC": ("The Python environment of the app is incomplete: its gunicorn is missing.", ()),
    "NAMESPACE": ("A folder that the app writes to is missing.", ("app", "gunicorn")),
    "USER": ("The app's user is missing.", ("app", "gunicorn")),
    "GROUP": ("The group of the app's user is missing.", ("app", "gunicorn")),
}
"""systemd's names for failures before gunicorn starts: the cause, and the steps that fix it."""


def service_problems(lines: Sequence[JournalLine], site: str, *, explained: bool) -> list[Finding]:
    """Return the problems of the service itself.

    `explained`: other findings say why it does not start.
    """
    found = [*_start(lines, site), *_memory(lines, site), *_timeouts(lines, site)]
    return [*found, *_loop(lines, site, explained=explained or bool(found))]


def _finding(kind: tuple[str, str], site: str, detail: str, cause: str, fix: Fix) -> Finding:
    return Finding(*kind, False, detail, cause, fix, step="gunicorn", site=site)


def _start(lines: Sequence[JournalLine], site: str) -> list[Finding]:
    last = next((match for line in reversed(lines) if (match := STATUS.search(line.text))), None)
    if last is None or last["word"] not in STARTS_FAIL:
        return []
    cause, steps = STARTS_FAIL[last["word"]]
    words = [line.text for line in lines if f"step {last['word']}" in line.text or "namespacing:" in line.text]
    detail = f"exit code {last['status']}/{last['word']}: {words[0] if words else 'it could not start'}"
    fix: Fix = (ApplySteps(steps, "to make it again"),)
    if not steps:
        again = f"sudo rm /srv/{site}/current/venv.json && sudo piwizard apply app gunicorn"
        fix = (RunCommand(again, "to build the environment again"),)
    return [_finding(("service-cannot-start", "App service starts"), site, detail, cause, fix)]


def _memory(lines: Sequence[JournalLine], site: str) -> list[Finding]:
    late = {match[1] for line in lines if (match := TIMEOUT.search(line.text))}
    killed = [line for line in lines if (match := KILLED.search(line.text)) and match[1] not in late]
    by_kernel = [line for line in lines if OOM.search(line.text)]
    if not killed and not by_kernel:
        return []
    last = (by_kernel or killed)[-1]
    cause = "The kernel killed a process of the app because the memory was used up."
    if not by_kernel:
        cause = "A process of the app was killed by another program, probably because the memory was used up."
    detail = f"{last.at:%H:%M} UTC: {last.text}{_times(by_kernel or killed)}"
    return [_finding(OUT_OF_MEMORY, site, detail, cause, REDUCE_MEMORY)]


def _timeouts(lines: Sequence[JournalLine], site: str) -> list[Finding]:
    late = [line for line in lines if TIMEOUT.search(line.text)]
    if not late:
        return []
    cause = (
        "A page, or loading the app, took so long without a pause that its worker did not respond for three minutes "
        "and was stopped. The visitor got an error."
    )
    fix = (
        Advice("nginx's log says which page: see the finding about pages that are cut off."),
        Advice("Let that page do less at a time, or do the work outside of a request."),
        RunCommand("piwizard deploy", "after that"),
    )
    detail = f"{late[-1].at:%H:%M} UTC: {late[-1].text}{_times(late)}"
    return [_finding(("worker-timeout", "Workers respond in time"), site, detail, cause, fix)]


def _loop(lines: Sequence[JournalLine], site: str, *, explained: bool) -> list[Finding]:
    last = lines[-1].at if lines else None
    again = [line for line in lines if RESTARTED in line.text and last and line.at > last - LOOP_PERIOD]
    given_up = [line for line in lines if GIVEN_UP in line.text]
    if len(again) < MIN_RESTARTS and not given_up:
        return []
    status = next((match for line in reversed(lines) if (match := STATUS.search(line.text))), None)
    ended = f", each time with {_ended(status)}" if status else ""
    stopped = "; systemd no longer restarts it" if given_up else ""
    detail = f"restarted {len(again)} times within {int(LOOP_PERIOD.total_seconds() // 60)} minutes{ended}{stopped}"
    start = ApplySteps(("gunicorn",), "to start the service again")
    cause = "The service stops as soon as it starts: the other findings say why."
    fix: Fix = (Advice("Fix those first."), start)
    if not explained:
        cause = "The service stops repeatedly, and its log does not say why."
        fix = (RunCommand(f"journalctl -u {site}", "to see its output"), start)
    return [_finding(("crash-loop", "App service stays up"), site, detail, cause, fix)]


def _ended(status: re.Match[str]) -> str:
    return f"exit code {status['status']}" if status["code"] == "exited" else f"signal {status['word']}"


def _times(lines: Sequence[JournalLine]) -> str:
    return f" ({len(lines)} times)" if len(lines) > 1 else ""
