"""Raise nginx's limits of connections and files, and end its old workers.

Debian's nginx has 768 connections a worker, and systemd lets each worker open 1024 files. A request that is passed to
an app takes two connections. After a reload, the workers from before serve their connections until they are closed:
with a WebSocket or a stream, for days. Values that a person set higher, or any time that a person set, stay.
"""

from __future__ import annotations

from piwizard.errors import PiwizardError
from piwizard.nginx import config_edits
from piwizard.nginx.config_dump import read_dump
from piwizard.nginx.config_syntax import Directive, parse
from piwizard.nginx.tuning import NGINX_CONF

CONNECTIONS = 2048
"""Worker connections: about 1 MB of memory for each worker."""
FILES_EACH = 4
"""Files for each connection: its socket, the file it is answered from, and a file for a body on its way in and out."""
OLD_WORKERS = "worker_shutdown_timeout"
OLD_WORKER_TIME = "15m"
"""More than the longest answer (MAX_ANSWER_SECONDS). Browsers open a WebSocket that is closed then again."""


def raise_capacity(text: str, path: str = NGINX_CONF) -> str:
    """Return nginx.conf with these limits, and files for the connections."""
    root = parse(text, path)
    events = root.named("events")
    if not events:
        raise PiwizardError(
            f"{path} has no events{{}} block.",
            hint="Put `events { worker_connections 768; }` in it, then run `piwizard apply nginx`.",
        )
    if _number(events[0], "worker_connections") < CONNECTIONS:
        text = _set(text, events[0], "worker_connections", CONNECTIONS)
        root = parse(text, path)
    if not root.named(OLD_WORKERS):
        text = _set_main(text, root, OLD_WORKERS, OLD_WORKER_TIME)
        root = parse(text, path)
    events = root.named("events")
    wanted = FILES_EACH * _number(events[0], "worker_connections")
    if _number(root, "worker_rlimit_nofile") >= wanted:
        return text
    if root.named("worker_rlimit_nofile"):
        return _set(text, root, "worker_rlimit_nofile", wanted)
    return _set_main(text, root, "worker_rlimit_nofile", str(wanted))


def lacking(nginx_dump: str) -> list[str]:
    """Return the names of the directives that are too low or missing."""
    root = read_dump(nginx_dump)
    connections = max((_number(block, "worker_connections") for block in root.named("events")), default=0)
    files = _number(root, "worker_rlimit_nofile")
    found = {
        "worker_connections": connections >= CONNECTIONS,
        "worker_rlimit_nofile": files >= FILES_EACH * max(connections, CONNECTIONS),
        OLD_WORKERS: bool(root.named(OLD_WORKERS)),
    }
    return [name for name, enough in found.items() if not enough]


def _set(text: str, block: Directive, name: str, value: int) -> str:
    found = block.named(name)
    if found:
        return config_edits.replace_values(text, found[-1], [str(value)])
    return config_edits.insert_first(text, block, name, [str(value)])


def _set_main(text: str, root: Directive, name: str, value: str) -> str:
    """Add a directive outside of all blocks, which must be before events{}."""
    if beside := root.named("worker_processes"):
        return config_edits.insert_after(text, beside[-1], name, [value])
    return config_edits.insert_before(text, root.named("events")[0], name, [value])


def _number(block: Directive, name: str) -> int:
    """Return the value of a directive, 0 where there is none or it is no number."""
    found = block.named(name)
    return int(found[-1].args[0]) if found and found[-1].args and found[-1].args[0].isdigit() else 0
