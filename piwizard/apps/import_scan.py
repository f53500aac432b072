"""The packages of an app that lists none: those of its imports whose package is beyond doubt.

A name that is merely guessed is never installed: whoever registers it at PyPI would have their code run here.
"""

from __future__ import annotations

import sys
from itertools import islice

from piwizard.apps.modules import MOST_IMPORTS, absolute_imports, find, folders_above
from piwizard.apps.repository_checkout import RepositoryCheckout, is_side
from piwizard.apps.version_specs import normal

INSTALLED_AS = {
    "adafruit_dht": "adafruit-circuitpython-dht",
    "board": "adafruit-blinka",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "Crypto": "pycryptodome",
    "dateutil": "python-dateutil",
    "decouple": "python-decouple",
    "dotenv": "python-dotenv",
    "git": "GitPython",
    "jwt": "PyJWT",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "PIL": "Pillow",
    "pkg_resources": "setuptools<81",
    "psycopg2": "psycopg2-binary",
    "RPi": "RPi.GPIO",
    "serial": "pyserial",
    "sklearn": "scikit-learn",
    "socks": "PySocks",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
"""Modules that pip knows by another name."""
FLASK = frozenset({
    "admin", "apscheduler", "babel", "bcrypt", "caching", "cors", "debugtoolbar", "httpauth", "jwt_extended",
    "limiter", "login", "mail", "mailman", "marshmallow", "migrate", "moment", "mysqldb", "pymongo", "restful", "restx",
    "security", "session", "smorest", "socketio", "sqlalchemy", "talisman", "wtf",
})  # fmt: skip
"""The extensions flask_NAME whose package is Flask-NAME."""
SAME = frozenset({
    "apscheduler", "arrow", "babel", "bcrypt", "bleach", "cachetools", "celery", "click",
    "cryptography", "feedparser", "flask", "gpiozero", "gunicorn", "httpx", "humanize", "itsdangerous", "jinja2",
    "lxml", "markdown", "markupsafe", "marshmallow", "matplotlib", "mistune", "numpy", "openpyxl", "pandas", "passlib",
    "peewee", "plotly", "psutil", "pymongo", "pymysql", "pytz", "qrcode", "redis", "requests", "scipy", "segno",
    "seaborn", "simplejson", "smbus", "smbus2", "sqlalchemy", "tabulate", "tinydb", "tzlocal", "waitress", "werkzeug",
    "wtforms", "xmltodict", "yt_dlp",
})  # fmt: skip
"""Modules whose package is called the same."""


KNOWN = frozenset(normal(name) for name in (*INSTALLED_AS.values(), *SAME))


def packages(checkout: RepositoryCheckout) -> tuple[str, ...]:
    """What to install for a checkout that does not say so itself, Flask always."""
    found = {"flask"}
    for file in checkout.python:
        tree = None if is_side(file) else checkout.parsed(file)
        for module in islice(absolute_imports(tree), MOST_IMPORTS) if tree else ():
            top = module.partition(".")[0]
            own = any(
                find(checkout, folder, top) or checkout.is_dir(f"{folder}/{top}") for folder in folders_above(file)
            )
            if not own and top not in sys.stdlib_module_names and (name := _package(top)):
                found.add(normal(name))
    return tuple(sorted(found))


def known(name: str) -> bool:
    """Whether a package is one of those that `packages` may name."""
    extension = name.removeprefix("flask-").replace("-", "_")
    return name in KNOWN or (name.startswith("flask-") and extension in FLASK)


def _package(module: str) -> str | None:
    if module in INSTALLED_AS:
        return INSTALLED_AS[module]
    known = module in SAME or (module.startswith("flask_") and module.removeprefix("flask_") in FLASK)
    return module if known else None
