from __future__ import annotations

import re

import pytest

from piwizard.answers import validators
from piwizard.apps.entry import find_entries
from piwizard.apps.entry_choice import choose_entry, named_entry
from piwizard.errors import PiwizardError

APP = "from flask import Flask\napp = Flask(__name__)\n"
FACTORY = "from flask import Flask\ndef create_app(test_config=None):\n    app = Flask(__name__)\n    return app\n"
NEEDY = "from flask import Flask\ndef create_app(name):\n    app = Flask(__name__)\n    return app\n"
HOLDER = """
from flask import Flask
class Server:
    def __init__(self):
        self.app = Flask(__name__)
        self.app.add_url_rule("/", "home", self.home)
    def home(self):
        return "on"
"""

SHAPES = {
    "one file": ({"app.py": APP}, "app:app"),
    "another name": ({"hello.py": "import flask\nsite = flask.Flask(__name__)\n"}, "hello:site"),
    "alias of the module": ({"app.py": "import flask as f\napp = f.Flask('x')\n"}, "app:app"),
    "alias of the class": ({"app.py": "from flask import Flask as F\napp = F(__name__)\n"}, "app:app"),
    "annotated": ({"app.py": "from flask import Flask\napp: Flask = Flask(__name__)\n"}, "app:app"),
    "two names": ({"app.py": "from flask import Flask\napp = application = Flask(__name__)\n"}, "app:app"),
    "in try and if": (
        {"app.py": "from flask import Flask\ntry:\n  if 1:\n    app = Flask('x')\nexcept OSError: raise\n"},
        "app:app",
    ),
    "run under __main__": ({"app.py": APP + "if __name__ == '__main__':\n    app.run(debug=True)\n"}, "app:app"),
    "run under __main__, turned round": ({"app.py": APP + "if '__main__' == __name__:\n    app.run()\n"}, "app:app"),
    "subclass": ({"app.py": "from flask import Flask\nclass Site(Flask): pass\napp = Site(__name__)\n"}, "app:app"),
    "subclass from elsewhere": (
        {"core.py": "import flask\nclass S(flask.Flask): pass\n", "app.py": "from core import S\napp = S('x')\n"},
        "app:app",
    ),
    "package": ({"js/__init__.py": APP + "from js import views\n", "js/views.py": "from js import app\n"}, "js:app"),
    "package that passes everything on": (
        {
            "bin/__init__.py": "from .core import *\n",
            "bin/core.py": APP + "from . import filters\n@app.route('/')\ndef index(): pass\n",
            "bin/filters.py": APP,
        },
        "bin:app",
    ),
    "everything of flask": ({"app.py": "from flask import *\napp = Flask(__name__)\n"}, "app:app"),
    "an app without pages beside it": (
        {"site.py": APP + "@app.get('/')\ndef index(): pass\n", "spare.py": APP},
        "site:app",
    ),
    "named by a file of uWSGI": (
        {"lamp.py": APP, "spare.py": APP, "lamp.ini": "[uwsgi]\nwsgi-file = lamp.py\ncallable = app\n"},
        "lamp:app",
    ),
    "factory": ({"flaskr/__init__.py": FACTORY, "flaskr/db.py": "import sqlite3\n"}, "flaskr:create_app()"),
    "make_app": ({"site/__init__.py": FACTORY.replace("create_app", "make_app")}, "site:make_app()"),
    "factory of another name": ({"site.py": FACTORY.replace("create_app", "build")}, "site:build()"),
    "factory by annotation": (
        {"app.py": "from flask import Flask\nfrom x import y\ndef create_app() -> Flask:\n    return y()\n"},
        "app:create_app()",
    ),
    "factory in a module, passed on": (
        {"shop/__init__.py": "from .factory import create_app\n", "shop/factory.py": FACTORY},
        "shop:create_app()",
    ),
    "factory with needs, called elsewhere": (
        {"app/__init__.py": NEEDY, "blog.py": "from app import create_app\napp = create_app('production')\n"},
        "blog:app",
    ),
    "called in a file of another job": (
        {"src/jobs/__init__.py": FACTORY, "make_celery.py": "from jobs import create_app\nflask_app = create_app()\n"},
        "jobs:create_app()",
    ),
    "wsgi.py imports": (
        {"shop/__init__.py": APP, "wsgi.py": "from shop import app as application\n"},
        "wsgi:application",
    ),
    "wsgi.py wraps": (
        {"shop.py": APP, "wsgi.py": "from werkzeug.x import ProxyFix\nfrom shop import app\napp = ProxyFix(app)\n"},
        "wsgi:app",
    ),
    "wsgi.py makes": (
        {"wsgi.py": "from shop.app import create_app\n\napp = create_app()\n", "shop/app.py": FACTORY},
        "wsgi:app",
    ),
    "extensions on the side": (
        {"app.py": APP + "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy(app)\n"},
        "app:app",
    ),
    "dash": ({"app.py": "from dash import Dash\napp = Dash(__name__)\nserver = app.server\n"}, "app:server"),
    "two in one file": ({"app.py": APP + "admin = Flask('admin')\n"}, "app:app"),
    "a toy beside it": ({"app.py": APP, "playground.py": APP}, "app:app"),
    "tests and examples": ({"app.py": APP, "tests/app.py": APP, "examples/app.py": APP, "test_it.py": APP}, "app:app"),
    "an environment": ({"app.py": APP, "env/pyvenv.cfg": "", "env/lib/wsgi.py": APP, "venv/wsgi.py": APP}, "app:app"),
    "a systemd unit decides": (
        {"a.py": APP, "b.py": APP, "setup/lamp.service": "[Service]\nExecStart=/opt/venv/bin/gunicorn b:app\n"},
        "b:app",
    ),
    "supervisord decides": (
        {"a.py": APP, "b.py": APP, "setup/web.conf": "[program:web]\ncommand=/opt/venv/bin/gunicorn -k gevent b:app\n"},
        "b:app",
    ),
    "Procfile decides": ({"a.py": APP, "b.py": APP, "Procfile": "web: gunicorn -w 2 b:app --log-file -\n"}, "b:app"),
    "Procfile with arguments": (
        {"app/__init__.py": NEEDY, "Procfile": "web: gunicorn \"app:create_app('production')\"\n"},
        "app:create_app('production')",
    ),
    "a stale Procfile": ({"app.py": APP, "Procfile": "web: gunicorn gone:app\n"}, "app:app"),
    ".flaskenv decides": ({"a.py": APP, "b.py": APP, ".flaskenv": "FLASK_APP=b.py\n"}, "b:app"),
    "FLASK_APP in quotes": ({"a.py": APP, "b.py": APP, ".env": "export FLASK_APP='b'\n"}, "b:app"),
    "[tool.*] decides": (
        {"a.py": APP, "b.py": APP, "pyproject.toml": "[tool.poe.tasks]\nserve = 'flask --app b run --debug'\n"},
        "b:app",
    ),
    "Dockerfile decides": (
        {"a.py": APP, "b.py": APP, "Dockerfile": 'CMD ["gunicorn", "-b", ":80", "b:app"]\n'},
        "b:app",
    ),
    "factory with an argument, called under __main__": (
        {"app.py": NEEDY + "if __name__ == '__main__':\n    create_app('default').run()\n"},
        "app:create_app('default')",
    ),
    "factory with a keyword, called by another script": (
        {"lamp/__init__.py": NEEDY, "tools.py": "import lamp\nlamp.create_app(name='pi')\n"},
        "lamp:create_app(name='pi')",
    ),
    "factory that looks its argument up": (
        {"app.py": "BY = {'testing': 1, 'production': 2}\n" + NEEDY.replace("return", "x = BY[name]; return")},
        "app:create_app('production')",
    ),
    "file with a hyphen": ({"api-server.py": APP}, "api-server:app"),
    "file with a space": ({"web app/my server.py": APP}, "my server:app"),
    "file with an umlaut": ({"k\u00fcche.py": APP}, "k\u00fcche:app"),
    "class that makes the app": ({"app.py": HOLDER}, "app:Server().app"),
    "object of a class that makes the app": ({"app.py": HOLDER + "server = Server()\n"}, "app:server.app"),
    "byte order mark": ({"app.py": "\ufeff" + APP}, "app:app"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "entry"), SHAPES.values(), ids=SHAPES)
def test_entry_is_found(tree, files, entry):
    assert choose_entry(find_entries(tree(files))).entry == entry


@pytest.mark.parametrize(
    ("files", "entry", "chdir", "pythonpath"),
    [
        ({"src/shop/__init__.py": FACTORY}, "shop:create_app()", "", "src"),
        ({"backend/app.py": APP + "import models\n", "backend/models.py": ""}, "app:app", "backend", "backend"),
        ({"backend/app.py": APP + "from backend import models\n", "backend/models.py": ""}, "backend.app:app", "", ""),
        ({"web/__init__.py": "", "web/app.py": APP + "import db\n", "web/db.py": ""}, "app:app", "web", "web"),
        ({"a/__init__.py": "", "a/b/__init__.py": APP}, "a.b:app", "", ""),
        ({"web/site.py": APP, "Procfile": "web: gunicorn --chdir web site:app"}, "site:app", "web", "web"),
    ],
)
def test_entry_names_the_folder_to_start_in(tree, files, entry, chdir, pythonpath):
    found = choose_entry(find_entries(tree(files)))
    assert (found.entry, found.chdir, found.pythonpath) == (entry, chdir, pythonpath)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"readme.py": "print('hello')\n"}, ["No Flask app was found"]),
        ({"a.py": APP, "b.py": APP}, ["Several", "a:app", "b:app"]),
        ({"app.py": APP, "main.py": APP}, ["Several", "app:app", "main:app"]),
        ({"app/__init__.py": NEEDY}, ["app:create_app()", "needs arguments (name)"]),
        ({"app.py": "import flask\nif __name__ == '__main__':\n    app = flask.Flask('x')\n"}, ["only created under"]),
        ({"app.py": FACTORY.replace("return app", "return app, 1")}, ["more than the app"]),
        ({"app.py": "import flask\nasync " + FACTORY.partition("\n")[2]}, ["async"]),
    ],
)  # fmt: skip
def test_missing_entry_is_explained(tree, files, words):
    with pytest.raises(PiwizardError) as caught:
        choose_entry(find_entries(tree(files)))
    assert caught.value.key == "app.entry"
    assert caught.value.hint
    for word in words:
        assert word in caught.value.message


def test_circular_imports_end(tree):
    root = tree(
        {"a.py": "from flask import x\nfrom b import app\n", "b.py": "from flask import x\nfrom a import app\n"}
    )
    assert find_entries(root) == []


def test_finding_entries_runs_no_code(tree, tmp_path):
    mark = tmp_path / "ran"
    root = tree({"app.py": f"open({str(mark)!r}, 'w')\n{APP}", "setup.py": f"open({str(mark)!r}, 'w')\n"})
    assert choose_entry(find_entries(root)).entry == "app:app"
    assert not mark.exists()


def test_missing_entry_names_a_likely_file_that_is_no_python(tree):
    found = find_entries(tree({"app.py": "from flask import Flask\napp = Flask(\n"}))
    with pytest.raises(PiwizardError, match=r"app\.py.*not valid Python \(line 2") as refused:
        choose_entry(found)
    assert refused.value.key == "app.entry"


SEVERAL = {"lessons/gpio/app.py": APP, "lessons/hello/app.py": APP}


def test_several_apps_of_one_name_are_distinguished_by_path(tree):
    found = find_entries(tree(SEVERAL))
    with pytest.raises(PiwizardError) as refused:
        choose_entry(found)
    for path in SEVERAL:
        assert f'entry = "{path}:app"' in refused.value.hint
        chosen = named_entry(found, f"{path}:app")
        assert (chosen.entry, chosen.file, chosen.chdir) == ("app:app", path, path.rpartition("/")[0])
    with pytest.raises(PiwizardError, match=r"app\.entry: app:app is in several files"):
        named_entry(found, "app:app")


@pytest.mark.parametrize(
    ("wanted", "entry", "chdir"),
    [
        ("app:create_app('production')", "app:create_app('production')", "web"),
        ("app:create_app(name='x')", "app:create_app(name='x')", "web"),
        ("web/app.py:create_app('x')", "app:create_app('x')", "web"),
        ("other:app", "other:app", ""),
    ],
)
def test_named_entry_starts_where_the_found_one_does(tree, wanted, entry, chdir):
    chosen = named_entry(find_entries(tree({"web/app.py": NEEDY})), wanted)
    assert (chosen.entry, chosen.chdir, chosen.problem) == (entry, chdir, "")


def test_entry_that_the_error_proposes_is_accepted(tree):
    found = find_entries(tree({"app.py": NEEDY}))
    with pytest.raises(PiwizardError) as refused:
        choose_entry(found)
    proposed = re.search(r'entry = "(.+)"', refused.value.hint)[1]
    assert validators.entry(proposed) == proposed
    assert named_entry(found, proposed).entry == proposed


def test_file_that_is_not_there_is_refused(tree):
    with pytest.raises(PiwizardError, match=r"has no file gone\.py"):
        named_entry(find_entries(tree({"app.py": APP})), "gone.py:app")


@pytest.mark.parametrize(
    "entry",
    [
        "app:app", "a.b-c:app", "api-server:app", "p:create_app()", "p:create_app('x', debug=False)", "p:f(a=[1, 'b'])",
        "app:Server().app", "app:server.app", "lessons/gpio/app.py:app", "p:create_app(\"x\")",
    ],
)  # fmt: skip
def test_entry_of_any_such_form_is_accepted(entry):
    assert validators.entry(entry) == entry


@pytest.mark.parametrize(
    "entry",
    [
        "app", "app:", "app:f(x)", "app:f(__import__('os'))", "app:f('$HOME')", "../app.py:app", "/srv/app.py:app",
        "app:a;b", "app:f(**{})", "-x:app", "app:f('x\\n')", "a :app", ".git/x.py:app", 3,
    ],
)  # fmt: skip
def test_entry_of_another_form_is_refused(entry):
    with pytest.raises(validators.Invalid):
        validators.entry(entry)
