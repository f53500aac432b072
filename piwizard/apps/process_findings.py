"""Find how an app must be served: its threads, devices, WebSockets and streams."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice

from piwizard.apps.author_servers import find_author_servers
from piwizard.apps.bindings import Import, decorator_name
from piwizard.apps.call_graph import CallGraph, files_of_app, own_nodes
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import ConstantEvaluator
from piwizard.apps.hardware import STARTERS, command_words
from piwizard.apps.name_lookup import external_origin, find_definition
from piwizard.apps.process_model import (
    ASGI,
    DEVICE,
    EVENTLET,
    EXCLUSIVE,
    GEVENT,
    SCHEDULER,
    SOCKETIO,
    STREAM,
    THREAD,
    WEBSOCKET,
    ProcessFinding,
)
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.shared_state import find_shared_state

SCHEDULERS = {
    "apscheduler": ("BackgroundScheduler", "BlockingScheduler", "GeventScheduler", "AsyncIOScheduler"),
    "flask_apscheduler": ("APScheduler",),
    "schedule": ("every", "run_pending"),
    "rocketry": ("Rocketry",),
    "sched": ("scheduler",),
}  # fmt: skip
"""What starts a scheduler in the app's process, by the first part of the module's name."""
THREADS = {
    "threading": ("Thread", "Timer"),
    "_thread": ("start_new_thread",),
    "multiprocessing": ("Process",),
    "watchdog": ("Observer",),
    "flask_mqtt": ("Mqtt",),
}
THREAD_CALLS = frozenset({"loop_start", "start_background_task"})
DEVICES = {
    "serial": (("Serial", "serial_for_url"), "opens a serial port"),
    "serial_asyncio": (("open_serial_connection", "create_serial_connection"), "opens a serial port"),
    "minimalmodbus": (("Instrument",), "opens a serial port"),
    "picamera2": (("Picamera2",), "uses the camera"),
    "picamera": (("PiCamera",), "uses the camera"),
    "cv2": (("VideoCapture",), "uses a camera"),
    "gpiozero": ((), "uses GPIO pins"),
    "RPi": (("setup",), "uses GPIO pins"),
    "lgpio": (("gpiochip_open",), "uses GPIO pins"),
    "gpiod": (("request_lines", "Chip", "chip"), "uses GPIO pins"),
    "digitalio": (("DigitalInOut",), "uses GPIO pins"),
    "adafruit_dht": ((), "uses a GPIO pin"),
    "rpi_ws281x": (("PixelStrip", "Adafruit_NeoPixel"), "drives an LED strip"),
    "neopixel": (("NeoPixel",), "drives an LED strip"),
    "neopixel_spi": (("NeoPixel_SPI",), "drives an LED strip"),
    "pwmio": (("PWMOut",), "uses a GPIO pin"),
    "mfrc522": ((), "uses GPIO pins"),
    "pyaudio": (("PyAudio",), "uses a sound device"),
    "evdev": (("InputDevice",), "reads an input device"),
    "pygame": (("init", "Sound"), "uses a sound device"),
    "vlc": (("Instance", "MediaPlayer", "MediaListPlayer"), "uses a sound device"),
    "luma": (("spi", "bitbang"), "drives a display"),
    "waveshare_epd": ((), "drives a display"),
    "inky": ((), "drives a display"),
    "ST7789": ((), "drives a display"),
    "st7789": ((), "drives a display"),
    "bluetooth": (("BluetoothSocket",), "opens a Bluetooth connection"),
    "pirc522": ((), "uses GPIO pins"),
    "pyfirmata": ((), "opens a serial port"),
    "pyfirmata2": ((), "opens a serial port"),
}
"""Devices that one process may have: the calls that take them (empty: all), and the words for it."""
DEVICE_PROGRAMS = {
    **dict.fromkeys(("rpicam-vid", "libcamera-vid", "raspivid", "mjpg_streamer"), "uses the camera"),
    "arecord": "uses a sound device",
    "rtl_433": "uses a radio receiver",
}
"""Programs that run for long and hold a device, and the words for it."""
SOCKET_CALLS = ("create_server", "bind")
STREAM_TYPES = re.compile(r"\s*(?:text/event-stream|multipart/x-mixed-replace)\b", re.I)
MONKEY_PATCHES = {(GEVENT, "patch_all"), (EVENTLET, "monkey_patch")}
SERVER_CLASSES = {"quart": ("Quart",), "fastapi": ("FastAPI",), "starlette": ("Starlette",)}
PLAIN_PATH = re.compile(r"/[\w./-]{0,200}", re.ASCII)
MAX_PER_KIND = 5


def find_process_model(checkout: RepositoryCheckout, entry_file: str, factory: str = "") -> tuple[ProcessFinding, ...]:
    """Return the findings about the app in `entry_file`, at most a few of each kind."""
    code = CodeIndex.of(checkout)
    graph = CallGraph.of(code, files_of_app(checkout, entry_file), factory)
    found: list[ProcessFinding] = []
    for file in graph.files:
        reader = _FileReader(code, graph, file)
        found += islice(reader.found(), 50)
    found += find_shared_state(code, graph)
    found += find_author_servers(checkout)
    if any(code.checkout.mentions(file, b"Flask(") for file in graph.files):
        found = [one for one in found if one.kind != ASGI]
    kept: dict[str, list[ProcessFinding]] = {}
    for one in dict.fromkeys(found):
        kept.setdefault(one.kind, []).append(one)
    return tuple(one for same in kept.values() for one in same[:MAX_PER_KIND])


class _FileReader:
    """Looks for the calls in one file that decide how the app is served."""

    def __init__(self, code: CodeIndex, graph: CallGraph, file: str) -> None:
        self.code, self.file = code, file
        self.at_start = {id(node) for where, node in graph.start_nodes if where == file}
        self.names = code.everything(file).names
        self.thread_classes = graph.thread_classes

    def found(self) -> Iterator[ProcessFinding]:
        for node in self.code.checkout.nodes(self.file):
            match node:
                case ast.Call():
                    yield from self._call(node)
                case ast.Constant(value=str(text)) if STREAM_TYPES.match(text[:100]):
                    why = "sends a video stream" if "multipart" in text.lower() else "sends server-sent events"
                    yield self._finding(STREAM, why, node)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield from self._decorators(node)

    def _finding(self, kind: str, why: str, node: ast.AST, path: str = "") -> ProcessFinding:
        return ProcessFinding(kind, why, self.file, getattr(node, "lineno", 1), path)

    def _origin(self, node: ast.expr) -> tuple[str, str]:
        """Return the first part of the module that an expression comes from, and its name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return "", ""
        for source in self.names.get(node.id, []):
            if isinstance(source, Import) and not source.level:
                return source.module.partition(".")[0], parts[-1] if parts else source.name or ""
        return "", ""

    def _call(self, call: ast.Call) -> Iterator[ProcessFinding]:
        module, name = self._origin(call.func)
        called = decorator_name(call.func)
        starts = id(call) in self.at_start
        if name in SCHEDULERS.get(module, ()):
            yield self._finding(SCHEDULER, "runs a scheduler", call)
        elif starts and (own := self._thread(module, name, called)) is not None:
            yield self._finding(THREAD, f"starts a thread of its own{own}", call)
        elif module in DEVICES and (not DEVICES[module][0] or name in DEVICES[module][0]):
            yield self._finding(EXCLUSIVE if starts else DEVICE, DEVICES[module][1], call)
        elif called in STARTERS and (held := self._held_by_program(call)):
            yield self._finding(EXCLUSIVE if starts else DEVICE, held, call)
        elif called in SOCKET_CALLS and starts and self.code.checkout.mentions(self.file, b"socket"):
            if (module, called) == ("socket", "create_server") or (called == "bind" and self._binds_address(call)):
                yield self._finding(EXCLUSIVE, "listens on a port of its own", call)
        elif (module, name) == ("flask_socketio", "SocketIO") or (module == "socketio" and name.endswith("Server")):
            yield from self._socketio(call)
        elif called == "init_app" and self._origin_of_value(call.func) == ("flask_socketio", "SocketIO"):
            yield from self._asked_mode(call)
        elif module == "simple_websocket" and (name or called) in {"Server", "accept"}:
            yield self._finding(WEBSOCKET, "has WebSockets", call)
        elif name in SERVER_CLASSES.get(module, ()):
            yield self._finding(ASGI, f"is an app for ASGI servers ({name})", call)
        elif (module, name) in MONKEY_PATCHES:
            yield self._finding(module, f"asks for {module}", call)
        elif called in {"Response", "stream_with_context"} and self._yields(call):
            yield self._finding(STREAM, "sends responses piece by piece", call)

    def _thread(self, module: str, name: str, called: str) -> str | None:
        """Return which class of the app the thread that a call starts is of; None if it starts none."""
        if called in self.thread_classes:
            return f" ({called})"
        return "" if name in THREADS.get(module, ()) or called in THREAD_CALLS else None

    @staticmethod
    def _held_by_program(call: ast.Call) -> str:
        """Return which device a started program holds; "" if none."""
        names = (word.rpartition("/")[2] for word in command_words(call.args[0])[:3]) if call.args else ()
        return next((DEVICE_PROGRAMS[name] for name in names if name in DEVICE_PROGRAMS), "")

    @staticmethod
    def _binds_address(call: ast.Call) -> bool:
        return len(call.args) == 1 and isinstance(call.args[0], ast.Tuple)

    def _origin_of_value(self, func: ast.expr) -> tuple[str, str]:
        """Return what created the object whose method is called."""
        holder = func.value if isinstance(func, ast.Attribute) else None
        if not isinstance(holder, ast.Name):
            return "", ""
        where = find_definition(self.code, self.file, holder)
        for source in self.code.bindings(where[0]).names.get(where[1], []) if where else ():
            value = getattr(source, "value", None)
            if isinstance(value, ast.Call):
                return external_origin(self.code, where[0] if where else self.file, value.func) or ("", "")
        return "", ""

    def _socketio(self, call: ast.Call) -> Iterator[ProcessFinding]:
        path = ""
        for word in call.keywords:
            if word.arg in ("path", "resource", "socketio_path"):
                path = ConstantEvaluator(self.code, self.file).text(word.value) or ""
        plain = path if PLAIN_PATH.fullmatch(f"/{path.strip('/')}") else ""
        yield self._finding(SOCKETIO, "uses Socket.IO, whose clients must reach the same process again", call, plain)
        yield from self._asked_mode(call)

    def _asked_mode(self, call: ast.Call) -> Iterator[ProcessFinding]:
        for word in call.keywords:
            if word.arg == "async_mode":
                mode = ConstantEvaluator(self.code, self.file).text(word.value)
                if mode in (GEVENT, EVENTLET):
                    yield self._finding(mode, f"asks for {mode}", call)

    def _decorators(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ProcessFinding]:
        for node in function.decorator_list:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            of_sock = node.func.attr == "route" and self._origin_of_value(node.func) in {
                ("flask_sock", "Sock"), ("flask_sockets", "Sockets"),
            }  # fmt: skip
            if not (of_sock or node.func.attr == "websocket"):
                continue
            text = ConstantEvaluator(self.code, self.file).text(node.args[0]) if node.args else None
            plain = text or ""
            testable = PLAIN_PATH.fullmatch(plain) and not node.keywords
            yield self._finding(WEBSOCKET, "has WebSockets", node, plain if testable else "")

    def _yields(self, call: ast.Call) -> bool:
        """Return whether the first argument of a response is a generator of this file."""
        first = call.args[0] if call.args else None
        first = next((word.value for word in call.keywords if word.arg == "response"), first)
        if isinstance(first, ast.GeneratorExp):
            return True
        if not isinstance(first, ast.Call):
            return False
        if decorator_name(first.func) == "stream_with_context":
            return False  # found by itself
        name = decorator_name(first.func)
        functions = (one for one in self.code.checkout.nodes(self.file) if isinstance(one, ast.FunctionDef))
        return any(
            one.name == name and any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(one.body))
            for one in functions
        )
