"""Test what is said about apps that are not Flask's."""

from __future__ import annotations

import pytest

from piwizard.apps.entry import find_entries
from piwizard.apps.entry_choice import choose_entry
from piwizard.errors import PiwizardError
from tests.unit.apps.conftest import Tree

SERVER = "from http.server import HTTPServer\nHTTPServer(('', 80), None).serve_forever()\n"
WITH_SERVER = "import socketserver\nwith socketserver.TCPServer(('', 80), None) as s:\n    s.serve_forever()\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"app.py": "from bottle import route, run\nrun()\n"}, ["Bottle", 'app.entry is "app.py:app"']),
        ({"a/wsgi.py": "from django.core.wsgi import get_wsgi_application\n"}, ["Django", '"a/wsgi.py:application"']),
        ({"app.py": "import streamlit as st\n"}, ["Streamlit", "own"]),
        ({"main.py": "from aiohttp import web\nweb.run_app(web.Application())\n"}, ["aiohttp"]),
        ({"main.py": "import tornado.web\n"}, ["Tornado"]),
        ({"main.py": SERVER}, ["http.server"]),
        ({"main.py": WITH_SERVER}, ["socketserver"]),
        ({"test.py": "from flask import Flask\napp = Flask(__name__)\n"}, ["test.py", '"test.py:app"']),
        ({"package.json": "{}", "server.js": ""}, ["Node.js"]),
    ],
)
def test_app_of_another_framework_is_named(tree: Tree, files, words):
    with pytest.raises(PiwizardError) as refused:
        choose_entry(find_entries(tree(files)))
    assert all(word in refused.value.sentence for word in words)


def test_flask_app_beside_another_framework_is_found(tree: Tree):
    root = tree({"app.py": "from flask import Flask\nimport aiohttp\napp = Flask(__name__)\n"})
    assert choose_entry(find_entries(root)).entry == "app:app"


def test_own_module_with_the_name_of_a_framework_is_none(tree: Tree):
    with pytest.raises(PiwizardError, match="No Flask app was found"):
        choose_entry(find_entries(tree({"main.py": "import web\n", "web.py": ""})))
