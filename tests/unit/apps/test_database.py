from __future__ import annotations

import pytest

from piwizard.apps.database import (
    database_server_in_answers,
    database_server_in_code,
    find_init_commands,
    flask_app,
)
from piwizard.apps.repository_checkout import scan_checkout

FLASKR = {
    "flaskr/__init__.py": """
        from flask import Flask
        def create_app():
            app = Flask(__name__)
            from . import db
            db.init_app(app)
            return app
    """,
    "flaskr/db.py": """
        import click
        from flask import current_app
        def init_db():
            with current_app.open_resource("schema.sql") as f:
                print(f)
        @click.command("init-db")
        def init_db_command():
            init_db()
        def init_app(app):
            app.cli.add_command(init_db_command)
    """,
    "flaskr/schema.sql": "DROP TABLE IF EXISTS user;\nCREATE TABLE user (id INTEGER);\n",
}
HEAD = (
    "import click\nfrom flask import Flask, Blueprint\nfrom flask.cli import with_appcontext\napp = Flask(__name__)\n"
)


def test_init_command_of_a_factory_app_is_found(tree):
    found = find_init_commands(tree(FLASKR), "flaskr:create_app()")
    assert [command.text for command in found] == ["flask --app flaskr init-db"]
    assert found[0].destructive
    assert (found[0].file, found[0].why) == ("flaskr/db.py", "creates the database")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("@app.cli.command('create-db')\ndef c(): ...\n", ["create-db"]),
        ("@app.cli.command()\ndef init_db(): ...\n", ["init-db"]),
        ("@app.cli.command(name='initdb')\n@click.option('--drop', is_flag=True)\ndef c(drop): ...\n", ["initdb"]),
        ("@app.cli.command('create-db')\n@click.argument('name')\ndef c(name): ...\n", []),
        ("@app.cli.command('create-user')\ndef c(): ...\n", []),
        ("@app.cli.command('init')\ndef c(): ...\n", []),
        ("@app.cli.group()\ndef db(): ...\n@db.command()\ndef create(): ...\n", ["db create"]),
        ("@app.cli.group('lang')\ndef t(): ...\n@t.command()\ndef create(): ...\n", []),
        ("bp = Blueprint('data', __name__)\n@bp.cli.command('init-db')\ndef c(): ...\n", ["data init-db"]),
        ("b = Blueprint('d', __name__, cli_group=None)\n@b.cli.command('init-db')\ndef c(): ...\n", ["init-db"]),
        ("@click.command('init-db')\ndef c(): ...\n", []),
        ("@app.route('/')\ndef init_db(): ...\n", []),
    ],
)
def test_init_commands_are_found(tree, code, expected):
    found = find_init_commands(tree({"app.py": HEAD + code}), "app:app")
    assert [" ".join(command.argv[3:]) for command in found] == expected


def test_migrations_come_first_and_dropping_commands_are_omitted(tree):
    code = "from flask_migrate import Migrate\n@app.cli.command()\ndef init_db():\n    db.drop_all()\n"
    files = {"app.py": HEAD + code, "migrations/env.py": "", "Procfile": "web: flask db upgrade; gunicorn app:app\n"}
    assert [command.text for command in find_init_commands(tree(files), "app:app")] == ["flask --app app db upgrade"]


def test_init_commands_in_start_files_are_found(tree):
    code = "@app.cli.group()\ndef translate(): ...\n@translate.command()\ndef compile(): ...\n"
    files = {"app.py": HEAD + code, "boot.sh": "flask translate compile\nflask nothing known\nexec gunicorn app:app\n"}
    found = find_init_commands(tree(files), "app:app")
    assert [(command.text, command.why) for command in found] == [
        ("flask --app app translate compile", "boot.sh runs it")
    ]


def test_alembic_without_flask_migrate_is_found(tree):
    found = find_init_commands(tree({"app.py": HEAD, "alembic.ini": "", "migrations/env.py": ""}), "app:app")
    assert [command.text for command in found] == ["alembic upgrade head"]


@pytest.mark.parametrize(
    ("entry", "app"),
    [
        ("app:app", "app"),
        ("flaskr:create_app()", "flaskr"),
        ("hello:site", "hello:site"),
        ("app:create_app('x')", "app:create_app('x')"),
    ],
)
def test_flask_app_omits_a_name_that_flask_finds(entry, app):
    assert flask_app(entry) == app


@pytest.mark.parametrize(
    "helper",
    [
        "def init_db():\n    with app.open_resource('schema.sql') as f: run(f)\n",
        "import os\ndef init_db():\n    os.remove('app.db')\n",
    ],
)
def test_init_command_that_deletes_in_another_file_has_a_risk(tree, helper):
    command = "import data\nfrom app import app\n@app.cli.command('init-db')\ndef init():\n    data.init_db()\n"
    app = "from flask import Flask\napp = Flask(__name__)\nimport commands\n"
    files = {"app.py": app, "commands.py": command, "data.py": helper, "schema.sql": "DROP TABLE IF EXISTS a;"}
    (found,) = find_init_commands(tree(files), "app:app")
    assert found.destructive


GROUP = (
    "from flask.cli import FlaskGroup\nfrom app import create_app\ncli = FlaskGroup(create_app=create_app)\n"
    "@cli.command('create_db')\ndef create_db():\n    db.create_all()\n"
    "@cli.command('show')\ndef show():\n    pass\nif __name__ == '__main__':\n    cli()\n"
)


def test_command_of_a_script_with_a_group_of_its_own_is_found(tree):
    (found,) = find_init_commands(tree({"manage.py": GROUP, "app.py": "def create_app(): pass\n"}), "app:create_app()")
    assert (found.text, found.why, found.risk) == ("python manage.py create_db", "creates the database", None)


INIT_SCRIPT = (
    "import sqlite3\ncon = sqlite3.connect('meter.db')\nwith open('schema.sql') as file:\n"
    "    con.executescript(file.read())\n"
)


@pytest.mark.parametrize(("schema", "risky"), [("create table if not exists a(b)", False), ("DROP TABLE a;", True)])
def test_script_that_creates_the_database_is_found(tree, schema, risky):
    (found,) = find_init_commands(tree({"init_db.py": INIT_SCRIPT, "schema.sql": schema, "app.py": ""}), "app:app")
    assert (found.text, bool(found.risk)) == ("python init_db.py", risky)


@pytest.mark.parametrize("app", ["import init_db\n", "from init_db import create\n"])
def test_script_that_the_app_imports_is_no_setup_command(tree, app):
    assert find_init_commands(tree({"init_db.py": INIT_SCRIPT, "app.py": app}), "app:app") == ()


@pytest.mark.parametrize(
    ("code", "settings", "secrets", "words"),
    [
        ("", {"DATABASE_URL": "postgresql+psycopg://me:pw@db.lan:5432/x"}, {}, "the database on db.lan"),
        ("", {"DATABASE_URL": "mysql://db.lan/x"}, {}, "the database on db.lan"),
        ("", {}, {"app.env.DB": "postgres://me:s3cret@db.lan/x"}, "the database in app.env.DB"),
        ("import psycopg2\n", {}, {}, "the database that psycopg2 connects to"),
        ("from pymysql import connect\n", {}, {}, "the database that pymysql connects to"),
        ("URI = 'postgresql://localhost/x'\n", {}, {}, "the database server in the code"),
        ("import sqlite3\n", {"DATABASE_URL": "sqlite:///app.db", "A": {"asked": True}}, {"app.env.A": "x"}, ""),
    ],
)
def test_database_server_is_described_without_secrets(tree, code, settings, secrets, words):
    found = database_server_in_answers(settings, secrets) or database_server_in_code(
        scan_checkout(tree({"app.py": code}))
    )
    assert found == words
    assert "s3cret" not in found
    assert "pw" not in found
