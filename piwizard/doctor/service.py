"""What systemd and gunicorn say of a site's service: starts that fail, crash loops, time-outs, kills."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from piwizard.doctor.finding import Finding, Fix
from piwizard.doctor.journal import Line
from piwizard.doctor.resources import MORE_MEMORY

STATUS = re.compile(r"(?:Main|Control) process exited, code=(?P<code>\w+), status=(?P<status>\d+)/(?P<word>\S+)")
OOM = re.compile(r"killed by the OOM killer|Failed with result 'oom-kill'")
TIMEOUT = re.compile(r"WORKER TIMEOUT \(pid: ?(\d+)\)")
KILLED = re.compile(r"Worker \(pid: ?(\d+)\) was sent SIGKILL")
LOOP = 3
LOOP_WITHIN = timedelta(minutes=15)
STARTS_FAIL = {
    "CHDIR": ("the folder that the app is started in is not there", ("app", "gunicorn")),
    "EXEC": ("the Python environment of the app is not whole: its gunicorn is gone", ()),
    "NAMESPACE": ("a folder that the app may write to is not there", ("app", "gunicorn")),
    "USER": ("the app's user is not there", ("app", "gunicorn")),
    "GROUP": ("the group of the app's user is not there", ("app", "gunicorn")),
}
"""systemd's words for what went wrong before gunicorn ran, and the steps that put it right."""


def look(lines: Sequence[Line], site: str, *, explained: bool) -> list[Finding]:
    """What is wrong with the service itself. `explained`: the app's own words tell why it does not start."""
    found = [*_start(lines, site), *_memory(lines, site), *_timeouts(lines, site)]
    return [*found, *_loop(lines, site, explained=explained or bool(found))]


def _start(lines: Sequence[Line], site: str) -> list[Finding]:
    last = next((match for line in reversed(lines) if (match := STATUS.search(line.text))), None)
    if last is None or last["word"] not in STARTS_FAIL:
        return []
    cause, steps = STARTS_FAIL[last["word"]]
    words = [line.text for line in lines if f"step {last['word']}" in line.text or "namespacing:" in line.text]
    detail = f"exit code {last['status']}/{last['word']}: {words[0] if words else 'it could not be started'}"
    if steps:
        mend, fix = f"`piwizard apply {' '.join(steps)}` makes it again.", Fix(steps)
    else:
        mend = (
            f"`sudo rm /srv/{site}/current/venv.json`, then `piwizard apply app gunicorn` builds the environment again."
        )
        fix = None
    return [
        Finding("service does not start", "gunicorn", site, False, detail, f"{cause[0].upper()}{cause[1:]}.", mend, fix)
    ]


def _memory(lines: Sequence[Line], site: str) -> list[Finding]:
    late = {match[1] for line in lines if (match := TIMEOUT.search(line.text))}
    killed = [line for line in lines if (match := KILLED.search(line.text)) and match[1] not in late]
    by_kernel = [line for line in lines if OOM.search(line.text)]
    if not killed and not by_kernel:
        return []
    last = (by_kernel or killed)[-1]
    cause = "The kernel killed a process of the app, since the memory was used up."
    if not by_kernel:
        cause = "A process of the app was killed from outside, most likely since the memory was used up."
    detail = f"{last.at:%H:%M} UTC: {last.text}{_times(by_kernel or killed)}"
    return [Finding("out of memory", "gunicorn", site, False, detail, cause, MORE_MEMORY)]


def _timeouts(lines: Sequence[Line], site: str) -> list[Finding]:
    late = [line for line in lines if TIMEOUT.search(line.text)]
    if not late:
        return []
    cause = (
        "A page, or loading the app, took so long, without a pause, that its worker did not answer for three minutes "
        "and was ended; the visitor got an error."
    )
    mend = (
        "Nginx's log says which page: see the finding `page ends in the middle`. Let it do less at a time, or do the "
        "work outside of a request; then `piwizard deploy`."
    )
    detail = f"{late[-1].at:%H:%M} UTC: {late[-1].text}{_times(late)}"
    return [Finding("worker time-out", "gunicorn", site, False, detail, cause, mend)]


def _loop(lines: Sequence[Line], site: str, *, explained: bool) -> list[Finding]:
    last = lines[-1].at if lines else None
    again = [line for line in lines if "Scheduled restart job" in line.text and last and line.at > last - LOOP_WITHIN]
    given_up = [line for line in lines if "Start request repeated too quickly" in line.text]
    if len(again) < LOOP and not given_up:
        return []
    status = next((match for line in reversed(lines) if (match := STATUS.search(line.text))), None)
    ended = f", each time with {_ended(status)}" if status else ""
    stopped = "; systemd has given up" if given_up else ""
    detail = f"started anew {len(again)} times within {int(LOOP_WITHIN.total_seconds() // 60)} minutes{ended}{stopped}"
    if explained:
        cause = "The service ends as soon as it is started: the other findings say why."
        mend = "Mend those, then `piwizard apply gunicorn` starts it again."
        return [Finding("crash loop", "gunicorn", site, False, detail, cause, mend, Fix(("gunicorn",)))]
    cause = "The service ends again and again, and does not say why."
    mend = f"`journalctl -u {site}` shows all it said; `piwizard apply gunicorn` starts it again."
    return [Finding("crash loop", "gunicorn", site, False, detail, cause, mend, Fix(("gunicorn",)))]


def _ended(status: re.Match[str]) -> str:
    return f"exit code {status['status']}" if status["code"] == "exited" else f"signal {status['word']}"


def _times(lines: Sequence[Line]) -> str:
    return f" ({len(lines)} times)" if len(lines) > 1 else ""
