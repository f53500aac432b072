from __future__ import annotations

from piwizard.apps.import_scan import packages_from_imports
from piwizard.apps.repository_checkout import scan_checkout
from piwizard.apps.system_packages import debian_packages_for
from tests.unit.apps.conftest import Tree


def test_app_without_a_list_gets_the_packages_it_imports(tree: Tree) -> None:
    root = tree(
        {
            "app.py": "import os, yaml, helpers\nfrom flask_wtf import FlaskForm\nfrom shop.cart import Cart\n",
            "helpers.py": "def later():\n    import requests.exceptions\n",
            "shop/cart.py": "import numpy\n",
            "scripts/load.py": "import pandas\n",
        }
    )
    assert packages_from_imports(scan_checkout(root)) == ("flask", "flask-wtf", "numpy", "pyyaml", "requests")


def test_module_of_a_shared_namespace_has_its_own_package(tree: Tree) -> None:
    code = "from flask import Flask\nfrom luma.core.render import canvas\nfrom luma.oled.device import ssd1306\n"
    assert packages_from_imports(scan_checkout(tree({"app.py": code}))) == ("flask", "luma-oled")


def test_unknown_import_is_not_installed(tree: Tree) -> None:
    root = tree({"app.py": "import flask_of_somebody, rquests, mymodule\n"})
    assert packages_from_imports(scan_checkout(root)) == ("flask",)


def test_debian_packages_are_added_for_known_distributions() -> None:
    assert debian_packages_for(["flask", "psycopg2", "uwsgi"]) == ("gcc", "libc6-dev", "python3-dev", "libpq-dev")
    assert debian_packages_for(["psycopg2-binary", "lxml"]) == ()


def test_async_mode_of_socketio_is_installed_though_nothing_imports_it(tree: Tree) -> None:
    root = tree({"app.py": "from flask_socketio import SocketIO\nsocketio = SocketIO(app, async_mode='eventlet')\n"})
    assert packages_from_imports(scan_checkout(root)) == ("eventlet", "flask", "flask-socketio")
