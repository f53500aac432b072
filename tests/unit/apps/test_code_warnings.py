from __future__ import annotations

import time

from piwizard.apps.code_warnings import survey

BLOG = {
    "blog.py": "from site_app import create_app, db\napp = create_app()\n",
    "site_app/__init__.py": """
        import os
        from flask import Flask
        from flask_migrate import Migrate
        from flask_sqlalchemy import SQLAlchemy
        from config import Config
        db = SQLAlchemy()
        def create_app(config_class=Config):
            app = Flask(__name__)
            app.config.from_object(config_class)
            Migrate(app, db)
            return app
    """,
    "site_app/static/favicon.ico": "",
    "config.py": """
        import os
        basedir = os.path.abspath(os.path.dirname(__file__))
        class Config:
            SECRET_KEY = os.environ.get("SECRET_KEY") or "guess"
            SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL") or "sqlite:///" + os.path.join(basedir, "app.db")
            MAIL_SERVER = os.environ["MAIL_SERVER"]
    """,
    "migrations/env.py": "",
    "requirements.txt": "flask\nflask-sqlalchemy\nflask-migrate\n",
    ".flaskenv": "FLASK_APP=blog.py\nFLASK_DEBUG=1\n",
    "tests/test_x.py": "import os\nos.environ['NOT_THIS']\n",
    "broken.py": "from flask import (",
}


def test_a_package_with_migrations(tree):
    found = survey(tree(BLOG))
    assert found.problem is None
    assert found.entry is not None
    assert found.entry.entry == "blog:app"
    assert found.requirements is not None
    assert found.requirements.arguments == ("-r", "requirements.txt")
    assert [(folder.prefix, folder.folder) for folder in found.static] == [("/static/", "site_app/static")]
    assert [(file.url, file.path) for file in found.root_files] == [("/favicon.ico", "site_app/static/favicon.ico")]
    assert [variable.name for variable in found.environment.needed] == ["MAIL_SERVER"]
    assert [command.text for command in found.init] == ["flask --app blog db upgrade"]
    assert [item.path for item in found.writable] == ["app.db"]
    assert [skipped.file for skipped in found.skipped] == ["broken.py"]
    assert any("debugger" in note for note in found.notes)


def test_nothing_there(tree):
    found = survey(tree({"README.md": "hello"}))
    assert found.entry is None
    assert found.problem is not None
    assert found.problem.key == "app.entry"
    assert found.requirements is None
    assert found.notes


def test_hostile_text_takes_no_time(tree):
    root = tree({
        "app.py": "from flask import Flask\napp = Flask(__name__)\n",
        "Procfile": "web: gunicorn " + "a" * 500_000 + "\n" + "gunicorn 'x\n" * 3000,
        ".env": "FLASK_APP" * 100_000 + "\n" + " FLASK_APP =" * 150 + "\n",
        "requirements.txt": "-r requirements.txt\n" * 4000 + "\\\n" * 100_000,
        "requirements/prod.txt": "-r prod.txt\n" * 50,
        "names.py": "import os\n" + "".join(f"a{n} = a{n + 1} + a{n + 1}\n" for n in range(999)) + "os.environ[a0]\n",
        "loop.py": "import os\nfrom flask import Flask\na = b\nb = a\nopen(a + b, 'w')\nos.environ[a]\n",
    })  # fmt: skip
    started = time.monotonic()
    found = survey(root)
    assert found.entry is not None
    assert time.monotonic() - started < 20
