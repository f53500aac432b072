"""Test that a script runs as its author runs it, up to its server.

gunicorn replaces the server.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from piwizard.apps import script_runner
from tests.unit.apps.conftest import Tree

WORKER = """
import sys
import threading
from types import SimpleNamespace
sys.path.insert(0, {folder!r})
sys.path.insert(0, {code!r})
import script_runner
script_runner.MAX_SECONDS = 2
say = lambda text: print(text, flush=True)
worker = SimpleNamespace(app=SimpleNamespace(callable=None), cfg=SimpleNamespace(post_worker_init=lambda w: None))
worker.load_wsgi = lambda: say(f"serves {{worker.app.callable}}")
worker.init_signals = lambda: say("signals")


def serve():
    say("runs")
    if threading.current_thread() is not threading.main_thread():
        worker.app.callable.looping.wait(9)


worker.run = serve
sys.argv = ["gunicorn", *{arguments!r}]
script_runner.ScriptRun(worker, {script!r}).load()
"""
FLASK = {
    "flask/__init__.py": "from flask.app import Flask\n",
    "flask/app.py": """
        import threading
        class Flask:
            looping = threading.Event()
            def run(self, **words): print("own server")
            def __str__(self): return "Flask"
    """,
}


def run(tree: Tree, files: dict[str, str], script: str = "app.py", *arguments: str) -> tuple[list[str], int]:
    """Return the output of a script and its worker, and the exit code."""
    code = tree({**FLASK, **files})
    folder = str(Path(script_runner.__file__).parent)
    worker = WORKER.format(folder=folder, code=str(code), script=script, arguments=arguments)
    said = subprocess.run(
        [sys.executable, "-c", worker], cwd=code, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    return said.stdout.splitlines(), said.returncode


def test_script_runs_up_to_its_server_and_on_after_the_worker_has_stopped(tree: Tree) -> None:
    script = """
        import sys
        from flask import Flask
        app = Flask()
        if __name__ == "__main__":
            print("creates the tables", sys.argv, sys.path[0])
            try:
                app.run(host="0.0.0.0", debug=True)
            finally:
                print("cleans up")
    """
    said, code = run(tree, {"app.py": script}, "app.py", "--port", "80")
    began = f"creates the tables ['app.py', '--port', '80'] {tree({})}"
    assert said == [began, "serves Flask", "signals", "runs", "cleans up"]
    assert code == 0


def test_script_may_start_its_server_in_a_thread(tree: Tree) -> None:
    script = """
        import threading, time
        from flask import Flask
        app = Flask()
        threading.Thread(target=lambda: app.run()).start()
        try:
            while True:
                Flask.looping.set()
                time.sleep(0.05)
        except KeyboardInterrupt:
            print("ends", flush=True)
    """
    assert run(tree, {"app.py": script}) == (["serves Flask", "runs", "ends"], 0)


def test_script_in_a_folder_imports_its_neighbours(tree: Tree) -> None:
    files = {"web/app.py": "import pins\nfrom flask import Flask\nFlask().run()\n", "web/pins.py": "print('pins')\n"}
    assert run(tree, files, "web/app.py")[0] == ["pins", "serves Flask", "signals", "runs"]


@pytest.mark.parametrize(
    "call",
    [
        "from werkzeug.serving import run_simple; run_simple('', 5000, 'wsgi')",
        "from werkzeug.serving import make_server; make_server('', 5000, 'wsgi').serve_forever()",
        "from wsgiref.simple_server import make_server; make_server('', 5000, 'wsgi').serve_forever()",
        "import waitress; waitress.serve('wsgi', port=5000)",
        "from flask_socketio import SocketIO; SocketIO().run('wsgi', port=5000)",
        "from gevent.pywsgi import WSGIServer; WSGIServer(('', 5000), 'wsgi').serve_forever()",
    ],
)
def test_other_servers_are_replaced_too(tree: Tree, call: str) -> None:
    files = {
        "app.py": call,
        "werkzeug/__init__.py": "",
        "werkzeug/serving.py": "run_simple = make_server = None",
        "waitress.py": "serve = None",
        "flask_socketio.py": "class SocketIO:\n    run = None",
        "gevent/__init__.py": "",
        "gevent/pywsgi.py": "class WSGIServer:\n    def __init__(self, at, app): self.application = app",
    }
    assert run(tree, files)[0] == ["serves wsgi", "signals", "runs"]


def test_script_with_a_loop_beside_its_server_keeps_it(tree: Tree) -> None:
    files = {
        "app.py": "import time\nfrom flask import Flask\nfrom gevent.pywsgi import WSGIServer\napp = Flask()\n"
        "WSGIServer(('', 5000), app).start()\nprint('loop', flush=True)\napp.looping.set()\ntime.sleep(60)\n",
        "gevent/__init__.py": "import threading\n"
        "def spawn(function, *values): threading.Thread(target=function, args=values).start()\n",
        "gevent/pywsgi.py": "class WSGIServer:\n    def __init__(self, at, app): self.application = app\n"
        "    def start(self): print('own server')\n",
    }
    said, code = run(tree, files)
    together = "".join(said)  # two threads write to one line
    assert all(text in together for text in ("serves Flask", "runs", "loop"))
    assert "own server" not in together
    assert code == 0


def test_script_without_a_server_is_one_sentence(tree: Tree) -> None:
    assert run(tree, {"app.py": "pass"}) == (["app.py ended without a call of app.run()."], 3)
    never = "import time\ntime.sleep(60)"
    assert run(tree, {"app.py": never}) == (["app.py did not call app.run() within 2 seconds."], 3)


def test_error_of_the_script_is_its_own(tree: Tree) -> None:
    said, code = run(
        tree, {"app.py": "import argparse\np = argparse.ArgumentParser()\np.add_argument('pin')\np.parse_args()"}
    )
    assert said[-1] == "app.py: error: the following arguments are required: pin"
    assert code == 2


def test_script_of_a_package_imports_relative_to_it(tree: Tree) -> None:
    script = "from . import pins\nfrom flask import Flask\nif __name__ == '__main__':\n    Flask().run()\n"
    files = {"shop/__init__.py": "", "shop/web/__init__.py": "", "shop/web/pins.py": "print('pins')\n"}
    said, code = run(tree, {**files, "shop/web/app.py": script}, "shop/web/app.py", "--port", "80")
    assert (said, code) == (["pins", "serves Flask", "signals", "runs"], 0)
