from __future__ import annotations

import pytest

from piwizard.apps.env_vars import find_env_variables
from tests.unit.apps.conftest import Tree

# The line of code, then: needed, default.
READS = {
    'x = os.environ["API"]': (True, None),
    'x = environ["API"]': (True, None),
    'x = osm.environ["API"]': (True, None),
    'x = os.environ.get("API")': (False, None),
    'x = os.environ.get("API", "none")': (False, "none"),
    'x = int(os.environ.get("API", 25))': (False, "25"),
    'x = os.getenv("API", default="none")': (False, "none"),
    'x = getenv("API")': (False, None),
    'x = os.getenv("API") or "none"': (False, "none"),
    'x = os.environ.setdefault("API", "none")': (False, "none"),
    'NAME = "API"\nx = os.environ[NAME]': (True, None),
    'if "API" in os.environ:\n    x = os.environ["API"]': (False, None),
    'try:\n    x = os.environ["API"]\nexcept KeyError:\n    x = 1': (False, None),
    'def f():\n    return os.environ["API"]': (True, None),
    'x = config("API")': (True, None),
    'x = config("API", default="1")': (False, "1"),
    'env = Env()\nx = env.str("API")': (True, None),
    'env = Env()\nx = env.int("API", default=3)': (False, "3"),
    'x = os.environ.get("API", os.path.join(os.path.dirname(__file__), "a.db"))': (False, "a.db"),
    'app.config.from_envvar("API")': (True, None),
    'app.config.from_envvar("API", silent=True)': (False, None),
}
HEAD = "import os\nimport os as osm\nfrom os import environ, getenv\n"
HEAD += "from decouple import config\nfrom environs import Env\n"


@pytest.mark.parametrize(("code", "expected"), READS.items(), ids=list(READS))
def test_env_variable_is_found_with_need_and_default(tree, code, expected):
    found = find_env_variables(tree({"app.py": HEAD + code + "\n"}))
    assert [(v.name, v.needed, v.default) for v in found] == [("API", *expected)]


@pytest.mark.parametrize(
    "code",
    [
        'os.environ["API"] = "1"',
        'del os.environ["API"]',
        'x = {}["API"]',
        'x = os.environ["PATH"]',
        "x = os.environ[f()]",
    ],
)
def test_other_uses_of_environ_are_ignored(tree, code):
    assert find_env_variables(tree({"app.py": HEAD + code + "\n"})) == ()


def test_env_variables_that_are_secret_are_marked(tree):
    code = 'a = os.getenv("SECRET_KEY")\nb = os.getenv("MAIL_PASSWORD")\nc = os.getenv("SECRET_KEY_FILE", "x")\n'
    found = {v.name: v for v in find_env_variables(tree({"app.py": HEAD + code}))}
    assert (found["SECRET_KEY"].needed, found["SECRET_KEY"].secret, found["SECRET_KEY"].generate) == (True, True, True)
    assert (found["MAIL_PASSWORD"].needed, found["MAIL_PASSWORD"].secret) == (False, True)
    assert found["MAIL_PASSWORD"].generate is False
    assert found["SECRET_KEY_FILE"].generate is False


def test_env_variable_example_comes_from_a_sample_file(tree):
    code = 'x = os.environ["API"]\n'
    (found,) = find_env_variables(tree({"app.py": HEAD + code, ".env.example": "# no\nexport API='abc'\n"}))
    assert (found.name, found.needed, found.example) == ("API", True, "abc")


def test_script_beside_the_app_needs_no_variable(tree):
    found = find_env_variables(tree({"bin/release.py": HEAD + 'x = os.environ["API"]\n'}))
    assert [(v.name, v.needed) for v in found] == [("API", False)]


def test_env_variables_of_tests_are_ignored(tree):
    assert find_env_variables(tree({"tests/app.py": HEAD + 'x = os.environ["API"]\n'})) == ()


LOOP = """
import os
from flask import Flask

app = Flask(__name__)
app.config.update(REPOSITORY=None, SECRET_KEY="CHANGE ME", SITE_NAME="A wiki")
for key in app.config:
    if key in os.environ:
        app.config[key] = os.environ[key]
"""


def test_settings_that_a_loop_overrides_are_variables(tree):
    found = {one.name: one for one in find_env_variables(tree({"app.py": LOOP}))}
    assert set(found) == {"REPOSITORY", "SECRET_KEY", "SITE_NAME"}
    assert (found["REPOSITORY"].default, found["SITE_NAME"].default) == (None, "A wiki")
    assert found["SECRET_KEY"].generate
    assert not find_env_variables(tree({"app.py": LOOP.replace("os.environ", "given")}))


@pytest.mark.parametrize(
    ("name", "made_up"),
    [("STRIPE_SECRET_KEY", False), ("RECAPTCHA_SECRET_KEY", False), ("FFS_SECRET_KEY", True), ("JWT_SECRET_KEY", True)],
)
def test_keys_that_a_service_issues_are_not_generated(tree, name, made_up):
    (found,) = find_env_variables(tree({"app.py": f'{HEAD}a = os.environ["{name}"]\n'}))
    assert (found.needed, found.secret, found.generate) == (True, True, made_up)


OWN = {
    'os.environ["MODE"] = "off"\nx = os.environ.get("MODE")': [],
    'def f():\n    os.environ["HOUR"], os.environ["MODE"] = "1:2".split(":")\nx = os.environ["MODE"]': [],
    'os.environ["MODE"] = os.environ.get("MODE", "on")': ["MODE"],
    'if "MODE" not in os.environ:\n    os.environ["MODE"] = load()\nx = os.environ["MODE"]': ["MODE"],
    'x = os.environ.get("WERKZEUG_RUN_MAIN"), os.environ["XDG_RUNTIME_DIR"]': [],
}


@pytest.mark.parametrize("code", OWN)
def test_variables_that_code_or_system_sets_are_not_asked_for(tree: Tree, code: str) -> None:
    found = find_env_variables(tree({"app.py": f"import os\n{code}\n"}))
    assert [one.name for one in found] == OWN[code]
