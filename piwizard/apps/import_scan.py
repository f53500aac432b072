"""Find the packages of an app that lists none, by its imports.

A guessed name is never installed: whoever registers it on PyPI could run code here.
"""

from __future__ import annotations

import ast
import sys
from itertools import islice

from piwizard.apps.hardware_catalogue import HARDWARE_PACKAGES, package_of_module
from piwizard.apps.modules import MAX_IMPORTS, absolute_imports, is_own_module
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script
from piwizard.apps.version_specs import normalized_name

PACKAGE_OF_MODULE = {
    "adafruit_dht": "adafruit-circuitpython-dht",
    "board": "adafruit-blinka",
    "bs4": "beautifulsoup4",
    "discord": "discord.py",
    "cv2": "opencv-python-headless",
    "Crypto": "pycryptodome",
    "dateutil": "python-dateutil",
    "decouple": "python-decouple",
    "dotenv": "python-dotenv",
    "git": "GitPython",
    "jwt": "PyJWT",
    "gtts": "gTTS",
    "influxdb_client": "influxdb-client",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "paho": "paho-mqtt",
    "PIL": "Pillow",
    "pkg_resources": "setuptools<81",
    "psycopg2": "psycopg2-binary",
    "RPi": "RPi.GPIO",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "speech_recognition": "SpeechRecognition",
    "socks": "PySocks",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
"""Modules whose package has another name."""
PACKAGE_OF_SUBMODULE = {f"luma.{name}": f"luma.{name}" for name in ("oled", "lcd", "led_matrix", "emulator")}
"""Modules of a namespace that several packages share."""
FLASK_EXTENSIONS = frozenset({
    "admin", "apscheduler", "babel", "bcrypt", "caching", "cors", "debugtoolbar", "httpauth", "jwt_extended",
    "limiter", "login", "mail", "mailman", "marshmallow", "migrate", "moment", "mqtt", "mysqldb", "pymongo", "restful",
    "restx", "security", "session", "smorest", "sock", "socketio", "sqlalchemy", "sse", "talisman", "wtf",
})  # fmt: skip
"""Modules flask_NAME whose package is Flask-NAME."""
SAME_NAME_PACKAGES = frozenset({
    "aiohttp", "apscheduler", "arrow", "astral", "babel", "bcrypt", "bleach", "boto3", "cachetools", "celery", "click",
    "cryptography", "ephem", "eventlet", "feedparser", "flask", "gevent", "gpiozero", "gunicorn", "httpx", "humanize",
    "imageio", "imutils", "influxdb", "itsdangerous", "jinja2", "lxml", "markdown", "markupsafe", "marshmallow",
    "matplotlib", "mistune", "netifaces", "numpy", "openpyxl", "pandas", "passlib", "peewee", "pexpect", "phue",
    "plotly",
    "psutil", "pymodbus", "pymongo", "pymysql", "pytz", "pyudev",
    "qrcode", "redis", "requests", "schedule", "scipy", "seaborn", "segno",
    "simple_websocket", "simplejson", "smbus", "smbus2", "spotipy", "sqlalchemy", "tabulate", "telepot", "tinydb",
    "tinytuya", "twilio", "tzlocal", "waitress", "wakeonlan", "websockets", "werkzeug", "wtforms", "xmltodict",
    "yeelight", "yt_dlp", "zeroconf",
})  # fmt: skip
"""Modules whose package has the same name."""

ASYNC_MODES = frozenset({"eventlet", "gevent"})
COMMON_DEPENDENCIES = frozenset({
    "alembic", "anyio", "attrs", "bidict", "blinker", "certifi", "cffi", "charset-normalizer", "colorama", "colorzero",
    "contourpy", "cycler", "dnspython", "eventlet", "fonttools", "gevent", "greenlet", "h11", "idna",
    "importlib-metadata", "joblib", "kiwisolver", "limits", "mako", "packaging", "pycparser", "pyparsing",
    "python-engineio", "python-socketio", "simple-websocket", "six", "soupsieve", "threadpoolctl", "tqdm",
    "typing-extensions", "tzdata", "urllib3", "wcwidth", "webencodings", "wsproto", "zipp", "zope-event",
    "zope-interface",
})  # fmt: skip
"""Packages that the others bring, so that a list of everything installed names them."""
MODULE_OF_PACKAGE = {
    normalized_name(package.partition("<")[0]): module for module, package in PACKAGE_OF_MODULE.items()
}
KNOWN_PACKAGES = frozenset(
    normalized_name(name)
    for name in (
        *PACKAGE_OF_MODULE.values(),
        *PACKAGE_OF_SUBMODULE.values(),
        *SAME_NAME_PACKAGES,
        *COMMON_DEPENDENCIES,
        *HARDWARE_PACKAGES,
    )
)


def packages_from_imports(checkout: RepositoryCheckout) -> tuple[str, ...]:
    """Return the packages to install for a checkout that lists none; always Flask."""
    found = {"flask"}
    for file in checkout.python:
        tree = None if is_script(file) else checkout.parsed(file)
        for module in islice(absolute_imports(tree), MAX_IMPORTS) if tree else ():
            top = module.partition(".")[0]
            own = is_own_module(checkout, file, top)
            if not own and (shared := PACKAGE_OF_SUBMODULE.get(".".join(module.split(".")[:2]))):
                found.add(normalized_name(shared))
            if not own and top not in sys.stdlib_module_names and (name := package_of(top)):
                found.add(normalized_name(name))
    return tuple(sorted(found | _asked_modes(checkout)))


def _asked_modes(checkout: RepositoryCheckout) -> set[str]:
    """Return the libraries that Flask-SocketIO uses because of their names: no import shows them."""
    files = [file for file in checkout.python if not is_script(file) and checkout.mentions(file, b"async_mode")]
    return {
        word.value.value
        for file in files
        for node in checkout.nodes(file)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "async_mode" and isinstance(word.value, ast.Constant) and word.value.value in ASYNC_MODES
    }


def is_known_package(name: str) -> bool:
    """Return whether the package of this name on PyPI is the one that people mean."""
    extension = name.removeprefix("flask-").replace("-", "_")
    return name in KNOWN_PACKAGES or (name.startswith("flask-") and extension in FLASK_EXTENSIONS)


def package_of(module: str) -> str | None:
    """Return the well-known package that has a module; None if there is none."""
    if module in PACKAGE_OF_MODULE:
        return PACKAGE_OF_MODULE[module]
    if package := package_of_module(module):
        return package
    known = module in SAME_NAME_PACKAGES or (
        module.startswith("flask_") and module.removeprefix("flask_") in FLASK_EXTENSIONS
    )
    return module if known else None
