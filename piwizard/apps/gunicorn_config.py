"""Give every app its visitors' addresses, and room beside open streams.

This is a configuration file of gunicorn, which loads it as the app's user, in the app's Python: it needs only the
standard library and the files beside it. It reads the app's own gunicorn.conf.py first. Only nginx and root can connect
to the app's socket, and nginx replaces what visitors send in these headers.
"""

from __future__ import annotations

import ast
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.machinery import SourceFileLoader
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

OWN_FILE = Path("gunicorn.conf.py")
LOADED_VARIABLE = "PIWIZARD_LOADED_FD"
"""As in smoke_test.py."""
TURN_PAUSE_SECONDS = 0.05
END_OF_OPTIONS = "--"
"""What follows it on gunicorn's command line is the entry, and the command line of the app."""


def find_parts() -> None:
    """Let imports find the files beside this one in the app's Python."""
    for name in ("piwizard", "piwizard.apps"):
        if name not in sys.modules:
            sys.modules[name] = ModuleType(name)
            sys.modules[name].__path__ = [str(Path(__file__).parent)]


def load_own(file: Path) -> dict[str, Any]:
    """Return the settings of an app's own configuration file."""
    module = ModuleType("gunicorn_conf")
    module.__file__ = str(file)
    SourceFileLoader("gunicorn_conf", str(file)).exec_module(module)
    return {name: value for name, value in vars(module).items() if not name.startswith("__")}


def app_arguments() -> list[str]:
    """Return the command line of the app, from gunicorn's."""
    return sys.argv[sys.argv.index(END_OF_OPTIONS) + 2 :] if END_OF_OPTIONS in sys.argv else []


def load_attribute(entry: str) -> Any:  # noqa: ANN401 — WSGI or ASGI
    """Return the app in an attribute of an object: "module:Server().app"."""
    module, _, expression = entry.partition(":")
    return evaluate(ast.parse(expression, mode="eval").body, vars(import_module(module)))


def evaluate(node: ast.expr, names: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return the value of a name, an attribute or a call with literal arguments."""
    match node:
        case ast.Attribute(value=owner, attr=attribute):
            return getattr(evaluate(owner, names), attribute)
        case ast.Call(func=function, args=given, keywords=keywords):
            named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in keywords if keyword.arg}
            return evaluate(function, names)(*map(ast.literal_eval, given), **named)
        case ast.Name(id=name):
            return names[name]
    raise ValueError(f"{ast.unparse(node)} is neither a name nor a call.")


def watch_pulse(worker: Any, function: Callable[[], None]) -> None:  # noqa: ANN401 — a worker of gunicorn
    """Call a function every second, even when the worker stops."""
    notify = worker.notify

    def notify_and_call() -> None:
        notify()
        function()

    worker.notify = notify_and_call


def report_loaded() -> None:
    """Tell the smoke test that this worker has loaded the app."""
    pipe = os.environ.pop(LOADED_VARIABLE, "")
    if pipe.isdigit():
        os.write(int(pipe), b".")
        os.close(int(pipe))


def wait_for_turn(worker: Any) -> None:  # noqa: ANN401 — a worker of gunicorn
    """Let the workers load the app in turn.

    Apps create tables and folders when they start. Their authors run one process, so that nothing else does the same.
    """
    while True:
        try:
            fcntl.lockf(_turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            worker.notify()  # gunicorn would end a worker that is silent for long
            time.sleep(TURN_PAUSE_SECONDS)
        else:
            return


def watch_exit(worker: Any, at_exit: Iterable[Callable[[], None]]) -> None:  # noqa: ANN401 — a worker of gunicorn
    """Call functions as soon as the worker begins to stop."""
    name = "handle_exit_signal" if hasattr(worker, "handle_exit_signal") else "handle_exit"  # of the ASGI worker
    handle = getattr(worker, name)

    def handle_exit(*signal: object) -> None:
        handle(*signal)
        for function in at_exit:
            function()

    setattr(worker, name, handle_exit)  # the worker registers it as its signal handler


_own = load_own(OWN_FILE) if OWN_FILE.is_file() else {}
_own_hooks = {name: _own.pop(name, None) for name in ("post_fork", "post_worker_init", "post_request")}
_turn = os.memfd_create("turn")
"""Locked by the worker that loads the app; the lock ends with it."""
_at_exit: list[Callable[[], None]] = []
"""Ends the streams: otherwise all visitors would wait for gunicorn's time limit, since WebSockets stay open."""
_at_response: list[Callable[[object], None]] = []
"""Called with the connection of each response that is complete."""
globals().update({name: value for name, value in _own.items() if name not in globals()})


def post_fork(server: Any, worker: Any) -> None:  # noqa: ANN401 — gunicorn's arbiter, and a worker
    """Give the app its own command line; run it as a script if the entry is one."""
    find_parts()
    watch_exit(worker, _at_exit)
    wait_for_turn(worker)
    entry = worker.app.app_uri
    sys.argv[1:] = app_arguments()
    if entry.endswith(".py"):
        worker.app.load = import_module("piwizard.apps.script_runner").ScriptRun(worker, entry).load
    elif "." in entry.partition(":")[2].partition("(")[0] or ")." in entry:
        worker.app.load = lambda: load_attribute(entry)
    if own := _own_hooks["post_fork"]:
        own(server, worker)


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 — a worker of gunicorn
    """Wrap the app that gunicorn has just loaded."""
    find_parts()
    if hasattr(worker, "asgi"):
        asgi = import_module("piwizard.apps.visited_asgi")  # gevent patches what it imports: not with other workers
        connections = asgi.AsgiConnections()
        worker.asgi = asgi.VisitedAsgiApp(worker.asgi, connections)
        _at_exit.append(connections.end)
    else:
        names = ("open_streams", "kept_connections", "visited_wsgi")
        streams, connections, wsgi = (import_module(f"piwizard.apps.{name}") for name in names)
        threaded = worker.cfg.worker_class_str == "gthread"
        slots = streams.StreamSlots(streams.slots_for(worker.cfg.threads) if threaded else None)
        kept = connections.KeptConnections()
        worker.wsgi = wsgi.VisitedWsgiApp(worker.wsgi, slots, kept)
        _at_exit.append(slots.end)
        if not threaded:  # with threads, gunicorn ends them itself
            _at_exit.append(kept.end)
            _at_response.append(kept.end_request)
            watch_pulse(worker, kept.end_idle)
    fcntl.lockf(_turn, fcntl.LOCK_UN)
    report_loaded()
    if own := _own_hooks["post_worker_init"]:
        own(worker)


def post_request(worker: Any, request: Any, environ: dict[str, Any], response: Any) -> None:  # noqa: ANN401
    """Note that a response is complete."""
    for function in _at_response:
        function(environ.get("gunicorn.socket"))
    if own := _own_hooks["post_request"]:  # takes 2, 3 or 4 values, as in gunicorn
        own(*(worker, request, environ, response)[: len(signature(own).parameters)])
