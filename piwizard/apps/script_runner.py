"""Run an app's script as its author does, with gunicorn as the server.

Loaded by gunicorn_config.py in a worker, as the app's user, in the app's Python: it needs only the standard library.
The script runs as `__main__` with the command line of the app. Its call of `app.run()` or of another server's function
does not return before the worker stops, so what follows runs at the end, as with the author's own server.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import importlib.util
import os
import runpy
import sys
import threading
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

MAX_SECONDS = 120
"""After this time, a script that has started no server is given up."""
SECONDS_TO_END = 3
BOOT_ERROR = 3
"""With this exit code of a worker, gunicorn itself ends instead of starting others."""
Serve = Callable[[Any], None]


class ScriptRun:
    """One run of a script inside a worker of gunicorn."""

    def __init__(self, worker: Any, script: str) -> None:  # noqa: ANN401 — a worker of gunicorn
        self._worker, self._script = worker, script
        self._lock = threading.Lock()
        self._started, self._ended = threading.Event(), threading.Event()

    def load(self) -> NoReturn:
        """Run the script. gunicorn calls this to load the app, and serves it meanwhile."""
        sys.argv[:1] = [self._script]
        folder = os.path.dirname(os.path.abspath(self._script))
        sys.path.insert(0, folder)
        sys.meta_path.insert(0, ServerPatches(self.serve))
        for name, patch in PATCHES.items():
            if name in sys.modules:
                patch(sys.modules[name], self.serve)
        watch = threading.Timer(MAX_SECONDS, self._give_up)
        watch.daemon = True
        watch.start()
        module = module_name(self._script)
        if module:
            sys.path.insert(0, folder.removesuffix(os.sep + module.rpartition(".")[0].replace(".", os.sep)))
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(self._script, run_name="__main__")
        others = [one for one in threading.enumerate() if not one.daemon and one is not threading.main_thread()]
        if others:  # the server may run, or start soon, in a thread of the script
            self._started.wait(MAX_SECONDS)
        if not self._started.is_set():
            self._fail(f"{self._script} ended without a call of app.run().")
        self._ended.wait()
        raise SystemExit(0)

    def serve(self, app: Any) -> None:  # noqa: ANN401 — WSGI or ASGI
        """Serve an app with this worker until it stops."""
        with self._lock:
            again = self._started.is_set()
            self._started.set()
        if again:
            say(f"{self._script} starts a second server: only the first app is served.")
            threading.Event().wait()
        worker, main = self._worker, threading.current_thread() is threading.main_thread()
        worker.app.callable = app
        worker.load_wsgi()
        if main:
            worker.init_signals()  # the script may have set its own
        worker.cfg.post_worker_init(worker)
        worker.booted = True
        worker.run()
        self._ended.set()
        if not main:
            end_main_thread()

    def _give_up(self) -> None:
        if not self._started.is_set():
            self._fail(f"{self._script} did not call app.run() within {MAX_SECONDS} seconds.")

    @staticmethod
    def _fail(sentence: str) -> NoReturn:
        say(sentence)
        os._exit(BOOT_ERROR)


def module_name(script: str) -> str:
    """Return the name under which `python -m` runs a script of a package.

    It is "" for a script that has no relative imports, or is in no package.
    """
    folder, name = os.path.split(os.path.abspath(script))
    parts = [name.removesuffix(".py")]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    with open(script, "rb") as file:
        tree = ast.parse(file.read())
    relative = any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))
    return ".".join(parts) if len(parts) > 1 and relative else ""


def say(sentence: str) -> None:
    """Write a line to the log of the service."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def end_main_thread() -> NoReturn:
    """End a script whose main thread does something else, as Ctrl+C would."""
    main = threading.main_thread()
    with contextlib.suppress(AttributeError, ValueError):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main.ident or 0), ctypes.py_object(KeyboardInterrupt))
    main.join(SECONDS_TO_END)
    os._exit(0)


class ServerPatches(MetaPathFinder):
    """Replaces functions that start a server, as soon as they are imported."""

    def __init__(self, serve: Serve) -> None:
        self._serve, self._finding = serve, threading.local()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ANN401
        """Return the spec of a module with a server; None for all others."""
        if fullname not in PATCHES or getattr(self._finding, "name", "") == fullname:
            return None
        self._finding.name = fullname
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._finding.name = ""
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            PATCHES[fullname](module, self._serve)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


class ServedLater:
    """A server object whose `serve_forever` lets gunicorn serve the app."""

    def __init__(self, app: Any, serve: Serve, host: str = "", port: int = 0) -> None:  # noqa: ANN401
        self.app, self.host, self.port, self._serve = app, host, port, serve

    def serve_forever(self, *args: object, **words: object) -> None:
        """Serve the app."""
        self._serve(self.app)

    def shutdown(self) -> None:
        """Do nothing: gunicorn decides when the server ends."""

    server_close = shutdown


def _patch_flask(module: Any, serve: Serve) -> None:  # noqa: ANN401
    module.Flask.run = lambda app, *args, **words: serve(app)


def _patch_quart(module: Any, serve: Serve) -> None:  # noqa: ANN401
    module.Quart.run = lambda app, *args, **words: serve(app)


def _patch_socketio(module: Any, serve: Serve) -> None:  # noqa: ANN401
    module.SocketIO.run = lambda socketio, app, *args, **words: serve(app)


def _patch_werkzeug(module: Any, serve: Serve) -> None:  # noqa: ANN401
    module.run_simple = lambda hostname, port, application, *args, **words: serve(application)
    module.make_server = lambda host, port, app, *args, **words: ServedLater(app, serve, host, port)


def _patch_wsgiref(module: Any, serve: Serve) -> None:  # noqa: ANN401
    module.make_server = lambda host, port, app, *args, **words: ServedLater(app, serve, host, port)


def _patch_waitress(module: Any, serve: Serve) -> None:  # noqa: ANN401
    module.serve = lambda app, *args, **words: serve(app)


def _patch_gevent(module: Any, serve: Serve) -> None:  # noqa: ANN401
    own_start = getattr(module.WSGIServer, "start", None)

    def start(server: Any) -> None:  # noqa: ANN401
        """Serve the app beside the script, which continues with a loop of its own."""
        if own_start and hasattr(server, "socket"):  # already open, so it is gunicorn's own
            own_start(server)
            return
        from gevent import spawn

        spawn(serve, server.application)

    module.WSGIServer.serve_forever = lambda server, *args, **words: serve(server.application)
    module.WSGIServer.start = start


def _patch_eventlet(module: Any, serve: Serve) -> None:  # noqa: ANN401
    module.server = lambda sock, site, *args, **words: serve(site)


def _patch_cheroot(module: Any, serve: Serve) -> None:  # noqa: ANN401
    module.Server.start = module.Server.safe_start = lambda server: serve(server.wsgi_app)


PATCHES: dict[str, Callable[[Any, Serve], None]] = {
    "flask.app": _patch_flask,
    "quart.app": _patch_quart,
    "flask_socketio": _patch_socketio,
    "werkzeug.serving": _patch_werkzeug,
    "wsgiref.simple_server": _patch_wsgiref,
    "waitress": _patch_waitress,
    "gevent.pywsgi": _patch_gevent,
    "eventlet.wsgi": _patch_eventlet,
    "cheroot.wsgi": _patch_cheroot,
}
"""What replaces the servers of each module."""
