"""Check that user data survives setup commands, failed deploys and removed sites."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import product, quickstart
from tests.lab.dialogue import as_root
from tests.lab.lab import Lab
from tests.lab.load import load, verdict
from tests.lab.pi import Pi

APP = """\
import os
import sqlite3

from flask import Flask, request

app = Flask(__name__)
HERE = os.path.dirname(os.path.abspath(__file__))
STORE = os.path.join(HERE, "store")


def database():
    return sqlite3.connect(os.path.join(STORE, "notes.db"), timeout=20)


@app.get("/")
def index():
    return "First. " + {page}


@app.post("/note")
def note():
    with database() as db:
        db.execute("INSERT INTO note (title) VALUES (?)", (request.form.get("title", "a"),))
    return "kept"


@app.cli.command("init-db")
def init_db():
    with database() as db:
        db.executescript(open(os.path.join(HERE, "schema.sql")).read())
"""
NOTES = '", ".join(row[0] for row in database().execute("SELECT title FROM note ORDER BY title"))'
PLAIN = APP.replace("{page}", '""')
READS = APP.replace("{page}", NOTES)
SCHEMA = "DROP TABLE IF EXISTS note;\nCREATE TABLE note (title TEXT);\n"
FILES: dict[str, str | bytes | None] = {"app.py": PLAIN, "schema.sql": SCHEMA, "requirements.txt": "flask\n"}
RESET = """

@app.cli.command("reset-db")
def reset_db():
    with database() as db:
        db.execute("DELETE FROM note")
"""
ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
with create_engine("sqlite:///" + os.path.join(HERE, "store", "notes.db")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """\
from alembic import op

revision = "{number}"
down_revision = {before}


def upgrade():
    op.execute("{sql}")
"""
MIGRATED: dict[str, str | bytes | None] = {
    "app.py": READS.replace('@app.cli.command("init-db")', "# none"),
    "requirements.txt": "flask\nalembic\n",
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": ENV,
    "migrations/versions/one.py": REVISION.format(number="one", before="None", sql="CREATE TABLE note (title TEXT)"),
}
RENAMES = REVISION.format(number="two", before="'one'", sql="ALTER TABLE note RENAME COLUMN title TO name")
SECOND = (
    str(MIGRATED["app.py"])
    .replace("First.", "Second.")
    .replace("SELECT title FROM note ORDER BY title", "SELECT name FROM note ORDER BY name")
)
ONLY_AS_SERVICE = SECOND.replace(
    'return "Second. "', 'if "myflask.service" in open("/proc/self/cgroup").read(): 1 / 0\n    return "Second. "'
)
DATABASE = "/srv/myflask/data/store/notes.db"


@pytest.fixture
def pi(lab: Lab) -> Iterator[Pi]:
    ready = product.ready_pi(lab, "trixie")
    yield ready
    ready.discard()


def set_up(lab: Lab, pi: Pi, more: str = "") -> None:
    """Set up the site from an answers file."""
    answers = f'[site]\nname = "myflask"\ndomains = ["{quickstart.HOST}"]\n[app]\nrepo = "{lab.git.url("notes")}"\n'
    pi.write(quickstart.ANSWERS, f'{answers}writable = ["store"]\n{more}')
    quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS)


def keep(pi: Pi, title: str) -> None:
    assert pi.http("/note", host=quickstart.HOST, method="POST", body=f"title={title}".encode(),
                   headers={"Content-Type": "application/x-www-form-urlencoded"}).text == "kept"  # fmt: skip


def kept(pi: Pi) -> list[str]:
    """Return the notes in the database."""
    script = "import sqlite3, sys; print([r[0] for r in sqlite3.connect(sys.argv[1]).execute('select * from note')])"
    return [str(one) for one in eval(pi.run(("python3", "-c", script, DATABASE)).output)]


def page(pi: Pi) -> tuple[int, str]:
    answer = pi.http("/", host=quickstart.HOST)
    return answer.status, answer.text


@pytest.mark.nightly
def test_setup_commands_skip_kept_data(lab: Lab, pi: Pi) -> None:
    init = 'init = ["flask --app app init-db"]\n'
    lab.git.commit("notes", FILES)
    set_up(lab, pi, init)
    keep(pi, "mine")
    # Remove the site, and set it up again without the answer.
    pi.run(("piwizard", "remove", "myflask", "--keep-data", "--yes"))
    assert kept(pi) == ["mine"]
    set_up(lab, pi)
    assert kept(pi) == ["mine"]
    plan = pi.run(("piwizard", "plan", "app"), check=False).output
    assert "init-db" not in plan, "the command has not run exactly once"
    # Undo everything, and set it up again with the answer.
    pi.run(("piwizard", "undo", "--all", "--yes"))
    set_up(lab, pi, init.replace("app init-db", "app:app  'init-db'"))
    assert kept(pi) == ["mine"]
    # The data comes from another Pi, without a record of the commands that have run.
    pi.run(("piwizard", "remove", "myflask", "--keep-data", "--yes"))
    pi.run(("rm", "-r", "/srv/myflask/data.setup"))
    set_up(lab, pi)
    assert kept(pi) == ["mine"]
    offered = pi.run(("piwizard", "plan", "app"), check=False).output
    assert (
        "`flask init-db` was found in the code and does not run. It may delete data (schema.sql line 1): DROP TABLE"
        in offered
    )
    assert 'init = ["flask --app app init-db"]' in offered
    pi.run(("piwizard", "remove", "myflask", "--keep-data", "--yes"))
    pi.run(("rm", "-r", "/srv/myflask/data.setup"))
    set_up(lab, pi, init)
    assert kept(pi) == ["mine"]


def test_deleting_command_requires_an_answer(lab: Lab, pi: Pi) -> None:
    """Check that such a command needs an answer, even on a new site and with --yes."""
    lab.git.commit("notes", {**FILES, "app.py": READS})
    with pytest.raises(Exception, match=r"`flask init-db` was found in the code and does not run"):
        set_up(lab, pi)
    refused = as_root(pi, "piwizard", "apply")
    refused.answer("Run `flask init-db` once? It may delete data (schema.sql line 1) [y/N]")
    refused.answer("Apply these changes?")
    assert refused.end() == 1
    assert "init" not in pi.read("/etc/xdg/piwizard/answers.toml")
    asked = as_root(pi, "piwizard", "apply")
    asked.answer("Run `flask init-db` once? It may delete data (schema.sql line 1) [y/N]", "y")
    asked.answer("Apply these changes?", "y")
    assert asked.end(180) == 0
    assert page(pi) == (200, "First. ")
    assert 'init = ["flask --app app init-db"]' in pi.read("/etc/xdg/piwizard/answers.toml")


def test_deploy_runs_no_new_command(lab: Lab, pi: Pi) -> None:
    lab.git.commit("notes", FILES)
    set_up(lab, pi, 'init = ["flask --app app init-db"]\n')
    pi.write(quickstart.ANSWERS, pi.read(quickstart.ANSWERS).replace("init = ", "# init = "))
    quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS)
    keep(pi, "mine")
    more = "web: flask create-all; gunicorn app:app\n"
    harmless = "\n\n@app.cli.command('create-all')\ndef create_all():\n    open(STORE + '/ran', 'w').close()\n"
    quiet = (
        "\n\n@app.cli.command('create-tables')\ndef create_tables():\n    database().execute('create table b (c)')\n"
    )
    lab.git.commit("notes", {"app.py": PLAIN + RESET + harmless + quiet, "Procfile": more})
    said = pi.run(("piwizard", "deploy", "--yes")).output
    assert kept(pi) == ["mine"]
    assert pi.run(("ls", "/srv/myflask/data/store")).output.split() == ["notes.db"]
    assert "`flask reset-db` was found in the code and does not run. It may delete data (app.py line " in said
    assert "`flask create-tables` was found in the code and does not run. A later version of the app added it" in said
    assert pi.run(("piwizard", "plan"), check=False).exit == 0


@pytest.mark.nightly
def test_failed_deploy_keeps_the_data(lab: Lab, pi: Pi) -> None:
    lab.git.commit("notes", MIGRATED)
    set_up(lab, pi)
    keep(pi, "mine")
    assert page(pi) == (200, "First. mine")
    before = pi.run(("sha256sum", DATABASE)).output

    # The migration succeeds, but the smoke test fails.
    lab.git.commit(
        "notes", {"app.py": SECOND.replace('"Second. "', "str(1 / 0)"), "migrations/versions/two.py": RENAMES}
    )
    visitors = load(lab, pi)
    assert pi.run(("piwizard", "deploy", "--yes"), check=False).exit == 1
    answered, failed = verdict(visitors)
    assert (answered > 50, failed) == (True, "")
    assert page(pi) == (200, "First. mine")
    assert pi.run(("sha256sum", DATABASE)).output == before

    # The smoke test succeeds, but the app fails as a service.
    lab.git.commit("notes", {"app.py": ONLY_AS_SERVICE})
    refused = pi.run(("piwizard", "deploy", "--yes"), check=False)
    assert "as the service its first page gives 500" in refused.output
    assert page(pi) == (200, "First. mine")
    assert pi.run(("sha256sum", DATABASE)).output == before

    # Everything succeeds: no request fails, and nothing written meanwhile is lost.
    lab.git.commit("notes", {"app.py": SECOND})
    visitors = load(lab, pi)
    deploy = pi.start(("piwizard", "deploy", "--yes"))
    written = 0
    while deploy.alive:
        keep_one = pi.http("/note", host=quickstart.HOST, method="POST", body=f"title=n{written:04}".encode(),
                           headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
        if keep_one.status != 200:  # the second version has no title for its notes, so they are not from this test
            break
        written += 1
    assert deploy.wait().exit == 0
    answered, failed = verdict(visitors)
    assert (answered > 50, failed) == (True, "")
    assert page(pi)[1].startswith("Second. mine")
    assert kept(pi) == ["mine", *(f"n{number:04}" for number in range(written))]
    assert pi.run(("ls", "-A", "/srv/myflask")).output.split() == [
        "app.env",
        "current",
        "data",
        "data.setup",
        "releases",
    ]
    assert pi.run(("piwizard", "plan"), check=False).exit == 0
    assert pi.run(("ls", "-A", "/run/systemd/system")).output.find("myflask") == -1
