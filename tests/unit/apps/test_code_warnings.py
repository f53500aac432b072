"""Test warnings about unsafe settings in the code, and its Python version."""

from __future__ import annotations

import pytest

from piwizard.apps.code_warnings import find_code_warnings
from piwizard.apps.repository_checkout import scan_checkout
from piwizard.apps.required_python import RequiredPython, find_required_python

FLASK = "import os\nfrom flask import Flask\napp = Flask(__name__)\n"
OBJECT = FLASK + "app.config.from_object('config')\n"


def found(root):
    return [(one.setting, one.file, one.line) for one in find_code_warnings(scan_checkout(root))]


@pytest.mark.parametrize(
    "line",
    [
        'app.secret_key = "abc"',
        'app.secret_key = b"abc"',
        'app.config["SECRET_KEY"] = "abc"',
        'app.config.update(SECRET_KEY="abc")',
        'app.config.from_mapping({"SECRET_KEY": "abc"})',
        'SECRET_KEY = "abc"',
        'SECRET_KEY: str = "abc"',
    ],
)
def test_secret_key_in_the_code_is_found_with_its_line(tree, line):
    assert found(tree({"app.py": f"{FLASK}{line}\n"})) == [("SECRET_KEY", "app.py", 4)]


def test_secret_key_by_a_name_is_found(tree):
    assert found(tree({"app.py": f'{FLASK}KEY = "abc"\napp.secret_key = KEY\n'})) == [("SECRET_KEY", "app.py", 5)]


@pytest.mark.parametrize(
    "line",
    [
        'app.secret_key = os.environ["SECRET_KEY"]',
        'app.secret_key = os.environ.get("SECRET_KEY", "dev")',
        'app.secret_key = os.environ.get("SECRET_KEY") or "dev"',
        'app.secret_key = ""',
        "app.secret_key = None",
        'SECRET_KEY_FILE = "abc"',
        'bucket.secret_key = "abc"',
        'app.secret_key = "dev"\napp.secret_key = open("key").read()',
        'KEY = "a"\nKEY = "b"\napp.secret_key = KEY',
    ],
)
def test_secret_key_from_elsewhere_is_no_warning(tree, line):
    assert found(tree({"app.py": f"{FLASK}{line}\n"})) == []


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"app.py": FLASK + "app.debug = True\n"}, ("app.py", 4)),
        ({"app.py": FLASK + 'app.config["DEBUG"] = True\n'}, ("app.py", 4)),
        ({"app.py": FLASK + "app.config.update(DEBUG=1)\n"}, ("app.py", 4)),
        ({"app.py": "from flask import Flask\nsite = Flask(__name__)\nsite.debug = True\n"}, ("app.py", 3)),
        ({"app.py": OBJECT, "config.py": "DEBUG = True\n"}, ("config.py", 1)),
        ({"app.py": OBJECT, "config.py": "class Config:\n    DEBUG = True\n"}, ("config.py", 2)),
        ({"app.py": FLASK + "load_dotenv()\n", ".env": "A=1\nFLASK_DEBUG=1\n"}, (".env", 2)),
    ],
)
def test_debug_mode_of_the_served_app_is_found_with_its_line(tree, files, place):
    assert found(tree(files)) == [("DEBUG", *place)]


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": FLASK + "if __name__ == '__main__':\n    app.debug = True\n    app.run(debug=True)\n"},
        {"app.py": FLASK + "def main():\n    app.debug = True\n    app.run()\n"},
        {"app.py": FLASK + "app.debug = False\n"},
        {"app.py": FLASK + "DEBUG = True\nif __name__ == '__main__':\n    app.run(debug=DEBUG)\n"},
        {"app.py": OBJECT, "config.py": "class DevelopmentConfig:\n    DEBUG = True\n"},
        {"app.py": OBJECT, "config.py": "class TestingConfig:\n    DEBUG = True\n"},
        {"app.py": FLASK, ".flaskenv": "FLASK_DEBUG=1\n"},
        {"app.py": FLASK + "load_dotenv()\n", ".env": "FLASK_DEBUG=0\n"},
        {"app.py": FLASK, "tests/app.py": "app.debug = True\n", "scripts/run.py": "app.debug = True\n"},
    ],
)
def test_debug_mode_of_development_is_no_warning(tree, files):
    assert found(tree(files)) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": "[project]\nname = 'x'\nrequires-python = '>=3.9'\n"}, (">=3.9", "pyproject.toml", True)),
        ({"setup.cfg": "[options]\npython_requires = <3.13\ninstall_requires = flask\n"}, ("<3.13", "setup.cfg", True)),
        ({"Pipfile": "[requires]\npython_version = '3.9'\n"}, ("==3.9.*", "Pipfile", False)),
        ({".python-version": "3.9.18\n"}, ("==3.9.*", ".python-version", False)),
        ({"runtime.txt": "python-3.9.18"}, ("==3.9.*", "runtime.txt", False)),
        (
            {"pyproject.toml": "[project]\nname = 'x'\nrequires-python = '>=3.9'\n", "runtime.txt": "python-3.12.1"},
            (">=3.9", "pyproject.toml", True),
        ),
    ],
)
def test_required_python_is_found(tree, files, expected):
    assert find_required_python(tree(files)) == RequiredPython(*expected)


@pytest.mark.parametrize(
    "files", [{}, {"runtime.txt": "pypy"}, {"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.8 || ^3.14'\n"}]
)
def test_required_python_is_none_without_a_source(tree, files):
    assert find_required_python(tree(files)) is None


def test_required_python_is_shown_as_version_numbers():
    assert RequiredPython("==3.9.*", "runtime.txt", False).versions == "3.9"
    assert RequiredPython(">=3.9,<4", "pyproject.toml", True).versions == ">=3.9,<4"
