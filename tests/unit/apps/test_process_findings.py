"""Test what decides how an app is served: state, threads, devices, streams."""

from __future__ import annotations

import pytest

from piwizard.apps.process_findings import find_process_model
from piwizard.apps.process_model import ProcessModel
from piwizard.apps.repository_checkout import scan_checkout
from tests.unit.apps.conftest import Tree

APP = "from flask import Flask, Response\napp = Flask(__name__)\n"
VIEW = "@app.route('/x', methods=['POST'])\ndef view():\n"

ONE_PROCESS = [
    ("state", "lamp = {'on': False}\n" + VIEW + "    lamp['on'] = True\n    return ''"),
    ("state", "count = 0\n" + VIEW + "    global count\n    count += 1\n    return ''"),
    ("state", "names = []\n" + VIEW + "    names.append('x')\n    return ''"),
    ("state", "class State:\n    on = False\n" + VIEW + "    State.on = True\n    return ''"),
    ("state", "class Lamp:\n    def on(self):\n        self.lit = True\nlamp = Lamp()\n" + VIEW + "    lamp.on()"),
    ("state", "def change():\n    pins[3] = 1\npins = [0] * 8\n" + VIEW + "    change()\n    return ''"),
    ("state", VIEW + "    app.config['MODE'] = 'auto'\n    return ''"),
    ("state", VIEW + "    view.count = 1\n    return ''"),
    ("state", "from itertools import count\nids = count()\n" + VIEW + "    return str(next(ids))"),
    ("scheduler", "from apscheduler.schedulers.background import BackgroundScheduler\nBackgroundScheduler().start()"),
    ("scheduler", "from flask_apscheduler import APScheduler\nscheduler = APScheduler()\nscheduler.init_app(app)"),
    ("scheduler", "import schedule\nschedule.every(5).minutes.do(print)"),
    ("thread", "import threading\nthreading.Thread(target=print, daemon=True).start()"),
    ("thread", "from threading import Timer\ndef again():\n    Timer(5, again).start()\nagain()"),
    ("thread", "import threading\nif __name__ == '__main__':\n    threading.Timer(9, print).start()"),
    ("thread", "import paho.mqtt.client as mqtt\nclient = mqtt.Client()\nclient.loop_start()"),
    ("thread", "from threading import Thread\nclass Pump(Thread):\n    pass\npump = Pump()\npump.start()"),
    ("state", "import json\nwanted = json.load(open('a')) if 1 else {}\n" + VIEW + "    wanted['t'] = 2"),
    ("state", "import json\nwanted = json.load(open('a')) or {}\n" + VIEW + "    wanted.update(t=2)\n    return ''"),
    ("state", "def load():\n    known = {}\n    return known\nwanted = load()\n" + VIEW + "    wanted['t'] = 2"),
    ("exclusive", "import pygame\npygame.mixer.init()"),
    ("exclusive", "from luma.core.interface.serial import spi\nscreen = spi(device=0, port=0)"),
    ("exclusive", "import socket\nlistener = socket.create_server(('', 9000))"),
    ("exclusive", "import socket\ns = socket.socket()\ns.bind(('', 9000))"),
    ("exclusive", "import serial\nport = serial.Serial('/dev/ttyUSB0')"),
    ("exclusive", "from gpiozero import LED\nled = LED(17)"),
    ("exclusive", "import RPi.GPIO as GPIO\nGPIO.setup(17, GPIO.OUT)"),
    ("exclusive", "import picamera2 as p\nclass C:\n    def __init__(self):\n        self.it = p.Picamera2()\nc = C()"),
    ("exclusive", "import board, neopixel\npixels = neopixel.NeoPixel(board.D18, 30)"),
    ("exclusive", "import subprocess\nsubprocess.Popen(['rpicam-vid', '-t', '0', '-o', '-'])"),
    ("exclusive", "import serial_asyncio\nasync def read():\n    await serial_asyncio.open_serial_connection(url='x')\n"
     "import asyncio\nasyncio.run(read())"),
    ("state", "from cachetools import TTLCache\nlast = TTLCache(9, 60)\n" + VIEW + "    last['a'] = 1\n    return ''"),
    ("device", "import cv2\n" + VIEW + "    return str(cv2.VideoCapture(0))"),
    ("socketio", "from flask_socketio import SocketIO\nsocketio = SocketIO(app)"),
]  # fmt: skip

SEVERAL_PROCESSES = [
    "CITIES = {'a': 1}\n" + VIEW + "    return str(CITIES['a'])",
    "plugins = {}\ndef register(name):\n    plugins[name] = 1\nregister('a')",
    VIEW + "    names = []\n    names.append(1)\n    return ''",
    "names = []\n" + VIEW + "    names = [1]\n    names.append(1)\n    return ''",
    "from flask import session, g\n" + VIEW + "    session['a'] = 1\n    g.user = 2\n    return ''",
    "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy(app)\nclass User(db.Model):\n    name = db.Column()\n"
    + VIEW + "    user = User()\n    user.name = 'a'\n    db.session.add(user)\n    User.query.update({})",
    "from threading import Thread\ndef send():\n    Thread(target=print).start()\n" + VIEW + "    send()",
    "import socket\n" + VIEW + "    socket.create_connection(('example.org', 80))\n    return ''",
    "from cachetools import TTLCache, cached\n@cached(TTLCache(9, 60))\ndef load():\n    pass\n" + VIEW + "    load()",
    "from smbus2 import SMBus\nbus = SMBus(1)",
    "class Store:\n    def update(self, x):\n        print(x)\nstore = Store()\n" + VIEW + "    store.update('')",
    "app.config['MODE'] = 1\ndef create_app():\n    app.config['A'] = 1\n    return app",
]  # fmt: skip


def model(tree: Tree, files: dict[str, str], *packages: str) -> ProcessModel:
    found = find_process_model(scan_checkout(tree(files)), "app.py")
    return ProcessModel(found, frozenset(packages))


@pytest.mark.parametrize(("kind", "code"), ONE_PROCESS)
def test_app_of_one_process_is_found(tree: Tree, kind: str, code: str) -> None:
    found = model(tree, {"app.py": APP + code})
    assert kind in {one.kind for one in found.findings}
    assert found.single
    assert (found.exclusive is not None) == (kind == "exclusive")


@pytest.mark.parametrize("code", SEVERAL_PROCESSES)
def test_app_of_several_processes_has_no_reason_for_one(tree: Tree, code: str) -> None:
    assert model(tree, {"app.py": APP + code}).reasons == ()


def test_state_of_another_module_is_found(tree: Tree) -> None:
    files = {
        "app.py": APP
        + "import store\nfrom store import readings\n"
        + VIEW
        + "    store.mode = 1\n    readings.clear()\n",
        "store.py": "mode = 0\nreadings = []\n",
    }
    names = [one.why for one in model(tree, files).findings]
    assert names == [
        "keeps store.mode in memory, and view() changes it", "keeps readings in memory, and view() changes it",
    ]  # fmt: skip


def test_state_inside_a_factory_is_found(tree: Tree) -> None:
    code = "def create_app():\n    seen = set()\n    @app.route('/')\n    def home():\n        seen.add(1)"
    assert model(tree, {"app.py": "from flask import Flask\n" + code}).single


def test_programs_beside_the_app_do_not_count(tree: Tree) -> None:
    logger = "import serial\nport = serial.Serial('/dev/ttyS0')\n"
    assert not model(tree, {"app.py": APP, "logger.py": logger}).single
    assert model(tree, {"app.py": APP + "import logger\n", "logger.py": logger}).exclusive


@pytest.mark.parametrize(
    "code",
    [
        VIEW + "    return Response(lines(), mimetype='text/event-stream')",
        "MIME = 'multipart/x-mixed-replace; boundary=frame'",
        "def lines():\n    yield 'a'\n" + VIEW + "    return Response(lines())",
        VIEW + "    return Response(str(n) for n in range(9))",
        "from flask_sock import Sock\nsock = Sock(app)\n@sock.route('/echo')\ndef echo(ws): pass",
    ],
)
def test_streams_are_found(tree: Tree, code: str) -> None:
    found = model(tree, {"app.py": APP + code})
    assert found.streams
    assert not found.single


@pytest.mark.parametrize(
    ("code", "urls"),
    [
        ("from flask_socketio import SocketIO\nSocketIO(app)", ("/socket.io/?EIO=4&transport=websocket",)),
        ("from flask_socketio import SocketIO\nSocketIO(app, path='/live')", ("/live/?EIO=4&transport=websocket",)),
        ("from flask_sock import Sock\nsock = Sock(app)\n@sock.route('/echo')\ndef echo(ws): pass", ("/echo",)),
        ("from flask_sock import Sock\nsock = Sock(app)\n@sock.route('/<room>')\ndef echo(ws): pass", ()),
    ],
)
def test_websocket_urls_are_found(tree: Tree, code: str, urls: tuple[str, ...]) -> None:
    assert model(tree, {"app.py": APP + code}).websockets == urls


def test_start_command_of_the_author_counts(tree: Tree) -> None:
    found = model(tree, {"app.py": APP, "Procfile": "web: gunicorn -k gevent -w 1 app:app\n"}, "gevent")
    assert found.single
    assert found.worker_class == "gevent"
    assert "is started with one worker by its author (Procfile:1)" in found.reason


@pytest.mark.parametrize(
    "files",
    [
        {"uwsgi.ini": "[uwsgi]\nmodule = app:app\nmaster = true\nprocesses = 1\nthreads = 8\n"},
        {"lamp.ini": "[uwsgi]\nbase = /home/pi/lamp\nwsgi-file = app.py\ncallable = app\nchdir = %(base)\n"},
        {"deploy/lamp.service": "[Service]\nExecStart=/home/pi/lamp/venv/bin/gunicorn -w 1 --threads 6 app:app\n"},
        {"lamp.service": "[Service]\nExecStart=/usr/bin/uwsgi --http :80 --module app:app --processes 1 --threads 9\n"},
    ],
)
def test_one_process_of_the_authors_own_server_counts(tree: Tree, files: dict[str, str]) -> None:
    found = model(tree, {"app.py": APP} | files)
    assert [one.kind for one in found.reasons] == ["one-worker"]
    assert found.reasons[0].file in files


@pytest.mark.parametrize(
    "files",
    [
        {"uwsgi.ini": "[uwsgi]\nmodule = app:app\nprocesses = 4\n"},
        {"lamp.ini": "[lamp]\nprocesses = 1\n"},
        {"lamp.service": "[Service]\nExecStart=/usr/bin/gunicorn -w 3 app:app\n"},
    ],
)
def test_several_processes_of_the_authors_own_server_stay_several(tree: Tree, files: dict[str, str]) -> None:
    assert model(tree, {"app.py": APP} | files).reasons == ()


def test_uwsgi_asks_for_gevent(tree: Tree) -> None:
    ini = "[uwsgi]\nmodule = app:app\nprocesses = 2\ngevent = 100\n"
    assert model(tree, {"app.py": APP, "uwsgi.ini": ini}, "gevent").worker_class == "gevent"


def test_module_in_a_folder_that_the_code_adds_to_the_path_belongs_to_the_app(tree: Tree) -> None:
    code = "import os, sys\ntop = os.path.dirname(__file__)\nsys.path.append(os.path.join(top, 'lib'))\nimport panel\n"
    files = {"web/app.py": APP + code, "lib/panel.py": "from gpiozero import LED\nled = LED(17)\n"}
    found = find_process_model(scan_checkout(tree(files)), "web/app.py")
    assert ProcessModel(found).exclusive


def test_many_functions_are_followed_once(tree: Tree) -> None:
    body = "".join(f"def f{n}():\n    f{(n * 7) % 900}()\n    x{n}['a'] = {n}\n" for n in range(900))
    assert len(model(tree, {"app.py": APP + body}).findings) == 0
