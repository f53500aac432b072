"""Find how an author's own server runs the app: its workers and their class."""

from __future__ import annotations

import re
from collections.abc import Iterator

from piwizard.apps.process_model import ASGI, EVENTLET, GEVENT, ONE_WORKER, ProcessFinding
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.start_commands import START_FILES, numbered_lines, supervisor_files, unit_files
from piwizard.apps.uwsgi_files import find_uwsgi_files

WORKER_OPTION = re.compile(r"(?:^|\s)(?:-w[= ]?|--workers[= ])\s*[\"']?(\d+)\b|^\s*workers\s*=\s*(\d+)\s*(?:#.*)?$")
PROCESS_OPTION = re.compile(r"\buwsgi\b.*\s(?:-p[= ]?|--processes[= ]|--workers[= ])\s*(\d+)\b")
CLASS_OPTION = re.compile(r"(?:-k[= ]?|--worker-class[= ]|^\s*worker_class\s*=)\s*[\"']?([\w.]+)")
ONE_WORKER_TEXT, ONE_PROCESS_TEXT = "is started with one worker by its author", "is run in one process by its author"


def find_author_servers(checkout: RepositoryCheckout) -> Iterator[ProcessFinding]:
    """Yield what the author's command line or file of gunicorn or uWSGI asks for."""
    for file in dict.fromkeys((*START_FILES, *unit_files(checkout), *supervisor_files(checkout))):
        for number, line in numbered_lines(checkout, file):
            if "gunicorn" in line or file == "gunicorn.conf.py":
                yield from _in_gunicorn_line(line, file, number)
            elif (processes := PROCESS_OPTION.search(line)) and processes[1] == "1":
                yield ProcessFinding(ONE_WORKER, ONE_PROCESS_TEXT, file, number)
    for one in find_uwsgi_files(checkout):
        if (only := one.one_process) is not None and one.entry[0]:
            yield ProcessFinding(ONE_WORKER, ONE_PROCESS_TEXT, one.file, only)
        text, number = one.value("gevent", "gevent-monkey-patch")
        if text:
            yield ProcessFinding(GEVENT, "asks for gevent", one.file, number)


def _in_gunicorn_line(line: str, file: str, number: int) -> Iterator[ProcessFinding]:
    workers = WORKER_OPTION.search(line)
    if workers and (workers[1] or workers[2]) == "1":
        yield ProcessFinding(ONE_WORKER, ONE_WORKER_TEXT, file, number)
    asked = CLASS_OPTION.search(line)
    for kind, word in ((GEVENT, "gevent"), (EVENTLET, "eventlet")):
        if asked and word in asked[1].lower():
            yield ProcessFinding(kind, f"asks for {word}", file, number)
    if asked and re.search(r"uvicorn|asgi", asked[1], re.I):
        yield ProcessFinding(ASGI, "is an app for ASGI servers", file, number)
