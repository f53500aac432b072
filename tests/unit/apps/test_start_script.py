"""Test that larger start scripts run as programs, in their author's folder."""

from __future__ import annotations

import pytest

from piwizard.apps.code_index import CodeIndex
from piwizard.apps.entry import find_entries
from piwizard.apps.entry_choice import choose_entry
from piwizard.apps.repository_checkout import scan_checkout
from piwizard.apps.start_folder import find_start_folder
from piwizard.apps.start_script import find_start_script
from tests.unit.apps.conftest import Tree

APP = "from flask import Flask\napp = Flask(__name__)\n@app.route('/')\ndef home(): return MODE\n"
MAIN = "if __name__ == '__main__':\n"

MORE = {
    "creates tables": "    init_db()\n    app.run()",
    "in the app's context": "    with app.app_context():\n        db.create_all()\n    app.run(debug=True)",
    "starts a thread": "    threading.Thread(target=loop, daemon=True).start()\n    app.run()",
    "starts the server in a thread": "    threading.Thread(target=app.run).start()\n    while True:\n        sleep(1)",
    "the same by a lambda": "    Thread(target=lambda: app.run(port=5000)).start()\n    main_loop()",
    "sets what arguments say": "    args = parser.parse_args()\n    app.config['M'] = args.mode\n    app.run()",
    "passes arguments on": "    MODE = parser.parse_args()\n    app.run()",
    "sets what views read": "    MODE = 'auto'\n    app.run()",
    "sets the key": "    app.secret_key = 'a'\n    app.run()",
    "socketio": "    start()\n    socketio.run(app)",
    "a server beside a loop": "    setup()\n    web = WSGIServer(('', 80), app)\n    web.start()\n    loop()",
    "waitress": "    start()\n    serve(app, port=80)",
    "in a try": "    try:\n        setup()\n        app.run()\n    finally:\n        cleanup()",
}
NOTHING = {
    "only runs": "    app.run(host='0.0.0.0', port=int(os.environ.get('PORT', 5000)), debug=True)",
    "reads arguments for the server": "    args = parser.parse_args()\n    app.run(port=args.port)",
    "prints": "    port = 5000\n    print('http://localhost')\n    app.run(port=port)",
    "cleans up": "    try:\n        app.run()\n    except OSError:\n        pass\n    finally:\n        cleanup()",
    "after the server": "    app.run()\n    cleanup()",
    "debug": "    app.debug = True\n    app.config['TEMPLATES_AUTO_RELOAD'] = True\n    app.run()",
    "no server": "    init_db()",
    "another program": "    subprocess.run(['ls'])",
    "a scheduler": "    tasks = sched.scheduler(time, sleep)\n    Thread(target=tasks.run).start()",
}


def entry(tree: Tree, files: dict[str, str]) -> str:
    return choose_entry(find_entries(tree(files))).entry


@pytest.mark.parametrize("name", MORE)
def test_script_that_does_more_is_the_entry(tree: Tree, name: str) -> None:
    assert entry(tree, {"app.py": f"{APP}{MAIN}{MORE[name]}\n"}) == "app.py"


@pytest.mark.parametrize("name", NOTHING)
def test_script_that_only_serves_is_imported(tree: Tree, name: str) -> None:
    assert entry(tree, {"app.py": f"import subprocess\n{APP}{MAIN}{NOTHING[name]}\n"}) == "app:app"


@pytest.mark.parametrize("name", ["profiler", "run_debug", "benchmark"])
def test_script_that_examines_the_app_is_no_entry(tree: Tree, name: str) -> None:
    tool = "from app import app\napp.config['PROFILE'] = True\napp.run()\n"
    assert entry(tree, {"app.py": APP, f"{name}.py": tool}) == "app:app"


def test_main_function_is_read_too(tree: Tree) -> None:
    main = "def main():\n    open_pins()\n    app.run()\n"
    assert entry(tree, {"app.py": f"{APP}{main}{MAIN}    main()\n"}) == "app.py"
    assert entry(tree, {"app.py": f"{APP}def main():\n    app.run()\n{MAIN}    main()\n"}) == "app:app"


def test_server_without_a_guard_makes_a_script(tree: Tree) -> None:
    assert entry(tree, {"lamp.py": f"{APP}app.run(host='0.0.0.0')\n"}) == "lamp.py"


def test_app_of_a_package_started_by_another_script(tree: Tree) -> None:
    files = {
        "shop/__init__.py": "from flask import Flask\ndef create_app():\n    return Flask('shop')\n",
        "run.py": f"from shop import create_app\n{MAIN}    app = create_app()\n    app.run()\n",
    }
    assert entry(tree, files) == "shop:create_app()"
    more = f"from shop import create_app\n{MAIN}    app = create_app()\n    seed()\n    app.run()\n"
    assert entry(tree, {**files, "run.py": more}) == "run.py"


def test_repository_that_starts_gunicorn_needs_no_script(tree: Tree) -> None:
    files = {"app.py": f"{APP}{MAIN}    init_db()\n    app.run()\n", "Procfile": "web: gunicorn app:app\n"}
    assert entry(tree, files) == "app:app"


def test_server_object_of_any_name_makes_a_script(tree: Tree) -> None:
    code = f"{APP}sio = SocketIO(app)\n{MAIN}    Thread(target=lambda: sio.run(app)).start()\n    loop()\n"
    assert entry(tree, {"app.py": code}) == "app.py"
    assert entry(tree, {"app.py": f"{APP}motor = Motor(4)\n{MAIN}    motor.run()\n"}) == "app:app"


def test_app_in_the_function_main_makes_a_script(tree: Tree) -> None:
    code = "from flask import Flask\ndef main():\n    app = Flask(__name__)\n    app.run()\n"
    assert entry(tree, {"server.py": f"{code}{MAIN}    main()\n"}) == "server.py"


def test_app_of_dash_needs_no_name(tree: Tree) -> None:
    code = "import dash\napp = dash.Dash(__name__)\n"
    assert entry(tree, {"app.py": f"{code}{MAIN}    app.run()\n"}) == "app:app.server"
    assert entry(tree, {"app.py": f"{code}server = app.server\n"}) == "app:server"


def test_scheduler_in_a_thread_is_no_server(tree: Tree) -> None:
    code = "tasks = sched.scheduler(time, sleep)\nThread(target=tasks.run, daemon=True).start()\n"
    assert entry(tree, {"app.py": f"{APP}{code}{MAIN}    app.run()\n"}) == "app:app"


@pytest.mark.parametrize(
    "code",
    [
        "def water():\n    s.enter(60, 1, water)\ns.enter(1, 1, water)\n",
        "def water():\n    threading.Timer(60, water).start()\nwater()\n",
        "def on():\n    Timer(1, off).start()\ndef off():\n    Timer(1, on).start()\non()\n",
    ],
)
def test_function_that_plans_its_next_run_is_no_endless_search(tree: Tree, code: str) -> None:
    checkout = scan_checkout(tree({"app.py": f"{APP}{code}{MAIN}    water()\n    app.run()\n"}))
    assert choose_entry(find_entries(checkout)).file == "app.py"


def test_reason_names_the_line(tree: Tree) -> None:
    root = scan_checkout(tree({"app.py": f"{APP}{MAIN}    init_db()\n    app.run()\n"}))
    script = find_start_script(CodeIndex.of(root), "app.py")
    assert script
    assert (script.more, script.line, script.origin) == ("calls init_db() (line 6)", 7, ("app.py", 2))
    assert choose_entry(find_entries(root)).why == "as a program it calls init_db() (line 6)"


UNIT = "[Service]\nWorkingDirectory={folder}\nExecStart={command}\n"
FOLDERS = [
    ({"house.service": UNIT.format(folder="/home/pi/house", command="/usr/bin/python3 /home/pi/house/web/app.py")}, ""),
    ({"unit/a.service": UNIT.format(folder="/opt/x/web", command="/opt/x/venv/bin/python app.py")}, "web"),
    ({"a.service": UNIT.format(folder="/opt/x", command="python3 web/app.py")}, ""),
    ({"start.sh": '#!/bin/sh\ncd "$(dirname "$0")"\nexec python3 web/app.py\n'}, ""),
    ({"start.sh": "cd web && python3 app.py\n"}, "web"),
    ({"Procfile": "web: python web/app.py\n"}, ""),
    ({"config/a.json": "{}"}, ""),
    ({"web/config/a.json": "{}"}, "web"),
    ({"web/config/a.json": "{}", "config/a.json": "{}"}, None),
    ({"other.service": UNIT.format(folder="/opt", command="python3 /opt/logger.py")}, None),
]


@pytest.mark.parametrize(("files", "folder"), FOLDERS)
def test_working_directory_is_found(tree: Tree, files: dict[str, str], folder: str | None) -> None:
    code = f"{APP}settings = open('config/a.json')\n"
    found = find_start_folder(scan_checkout(tree({"web/app.py": code, **files})), "web/app.py", "web")
    assert (found.folder if found else None) == folder


HOLDER = (
    "from flask import Flask\nclass Web:\n    def __init__(self, config=None):\n        self.app = Flask(__name__)\n"
    "        self.config = config\n    def run(self): self.app.run()\n"
)
PROGRAM = "class Lamp:\n    def __init__(self): self.web = Web(config={})\n" + MAIN + "    Lamp().web.run()\n"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"web.py": HOLDER, "lamp.py": "from web import Web\n" + PROGRAM}, "lamp.py"),
        ({"web.py": HOLDER, "lamp.py": "import web\n" + PROGRAM.replace("Web(", "web.Web(")}, "lamp.py"),
        ({"web.py": HOLDER.replace("=None", ""), "lamp.py": "from web import Web\n" + PROGRAM}, "lamp.py"),
        ({"lamp.py": HOLDER + PROGRAM}, "lamp.py"),
        ({"web.py": HOLDER, "lamp.py": "from web import Web\n" + PROGRAM.replace("config={}", "")}, "web:Web().app"),
        ({"web.py": HOLDER, "lamp.py": "from web import Web\nWeb(config={})\n"}, "web:Web().app"),
        ({"web.py": HOLDER, "lamp.py": "class Web: pass\n" + PROGRAM}, "web:Web().app"),
        ({"web.py": HOLDER, "lamp.py": "from web import Web\n" + PROGRAM,
          "wsgi.py": "from web import Web\napp = Web().app\n", "Procfile": "web: gunicorn wsgi:app\n"}, "wsgi:app"),
    ],
)  # fmt: skip
def test_program_that_gives_values_to_the_holder_of_the_app_is_the_entry(
    tree: Tree, files: dict[str, str], found: str
) -> None:
    assert entry(tree, files) == found
