"""Test that commands that may delete data differ from those that only create."""

from __future__ import annotations

import pytest

from piwizard.apps.database import find_init_commands

HEAD = (
    "import os, shutil, sqlite3, subprocess\nimport click\nfrom flask import Flask\n"
    "from flask_sqlalchemy import SQLAlchemy\napp = Flask(__name__)\ndb = SQLAlchemy(app)\n"
)


def found(tree, body, name="init-db", more=""):
    lines = "".join(f"    {line}\n" for line in body.split("; "))
    code = f"{HEAD}{more}@app.cli.command('{name}')\ndef command():\n{lines}"
    (one,) = find_init_commands(tree({"app.py": code, "schema.sql": "create table a (b);\n"}), "app:app")
    return one.risk


@pytest.mark.parametrize(
    "body",
    [
        "db.create_all()",
        "db.create_all(); click.echo('done')",
        "os.makedirs('instance', exist_ok=True); db.create_all()",
        "sqlite3.connect('a.db').execute('CREATE TABLE IF NOT EXISTS a (b)')",
        "sqlite3.connect('a.db').executescript(open('schema.sql').read())",
        "print('nothing')",
    ],
)
def test_command_that_only_creates_has_no_risk(tree, body):
    assert found(tree, body) is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("db.drop_all(); db.create_all()", "drop_all()"),
        ("sqlite3.connect('a.db').execute('DELETE FROM a')", "DELETE FROM"),
        ("sqlite3.connect('a.db').execute('delete\\n from a')", "DELETE FROM"),
        ("db.engine.execute('TRUNCATE TABLE a')", "TRUNCATE TABLE"),
        ("db.engine.execute('drop index a')", "DROP INDEX"),
        ("db.session.query(1).delete()", "delete()"),
        ("os.unlink('a.db')", "unlink()"),
        ("os.remove('a.db')", "remove()"),
        ("shutil.rmtree('uploads')", "rmtree()"),
        ("subprocess.run('rm -rf uploads', shell=True)", "RM -"),
        ("open('data.json', 'w').close()", "open() for writing"),
        ("open('data.json', mode='wb').close()", "open() for writing"),
        ("open('data.json', given).close()", "open() for writing"),
        ("sqlite3.connect('a.db').execute('UPDATE a SET b = 1')", "UPDATE A SET"),
    ],
)
def test_deleting_call_is_named_with_its_place(tree, body, why):
    risk = found(tree, body)
    assert risk.sure
    assert risk.why == why
    assert (risk.file, risk.line > 8) == ("app.py", True)


@pytest.mark.parametrize(
    "body",
    [
        "subprocess.run(['make', 'database'])",
        "from somewhere import prepare; prepare(db)",
        "getattr(db, 'create' + '_all')()",
        "db.session.add(1); db.session.commit()",
        "sqlite3.connect('a.db').executescript(open('gone.sql').read())",
        "sqlite3.connect('a.db').execute(STATEMENT)",
    ],
)
def test_call_that_cannot_be_followed_is_a_risk(tree, body):
    assert found(tree, body) is not None


@pytest.mark.parametrize("name", ["reset-db", "recreate-db", "init-data"])
def test_command_name_that_means_deleting_is_a_risk(tree, name):
    risk = found(tree, "db.create_all()", name)
    assert (risk is not None) == (name != "init-data")


def test_methods_of_the_app_are_followed(tree):
    more = "class Store:\n    def create_all(self):\n        os.remove('a.db')\nstore = Store()\n"
    risk = found(tree, "store.create_all()", more=more)
    assert risk.why == "remove()"


def test_unknown_decorator_is_a_risk(tree):
    code = f"{HEAD}@app.cli.command('init-db')\n@fresh\ndef command():\n    db.create_all()\n"
    (one,) = find_init_commands(tree({"app.py": code}), "app:app")
    assert one.risk.why == "fresh cannot be followed"


def test_upgrade_command_of_the_app_is_no_migration(tree):
    code = (
        "from flask_migrate import Migrate\n@app.cli.group()\ndef db(): ...\n"
        "@db.command()\ndef upgrade():\n    os.remove('a.db')\n"
    )
    files = {"app.py": f"{HEAD}{code}", "migrations/env.py": "", "Procfile": "release: flask db upgrade\n"}
    (one,) = find_init_commands(tree(files), "app:app")
    assert (one.migrates, one.destructive) == (False, True)
