"""Which setup commands run, and which are only offered, in every state of a site."""

from __future__ import annotations

import json
import shlex

import pytest

from piwizard.apps.data_risk import DataRisk
from piwizard.apps.database import InitCommand
from piwizard.apps.setup_commands import choose_setup_commands
from piwizard.apps.setup_markers import command_identity, read_setup_record
from piwizard.changes.setup_record import SetupRecorded, holds_something, marker_name

DOUBT = DataRisk("drop_all()", "app.py", 12)
UNSURE = DataRisk("system() cannot be followed", "app.py", 9, sure=False)


def command(words, risk=None, **more):
    return InitCommand(("flask", "--app", "app", *words.split()), "creates it", "app.py", 11, risk, **more)


MIGRATION = command("db upgrade", migrates=True)
CREATES = command("create-db")
DROPS = command("init-db", DOUBT)
COMPILES = command("translate compile", UNSURE, started=True)
NAMED = command("hello", started=True)
ALL = (MIGRATION, CREATES, DROPS, COMPILES, NAMED)


def store(site, **files):
    for name, text in {"app.db": "mine", **files}.items():
        path = site / "data" / "instance" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def agree(site, setup, working, *ran):
    recorded = SetupRecorded(site, setup.agreed, setup.ran, setup.new)
    recorded.apply(working("app", "blog"))
    for one in ran:
        (site / "data.setup" / marker_name(one)).write_text(json.dumps({"argv": one.split()}))


def texts(setup):
    return [one.identity for one in setup.run], [offer.name for offer in setup.offered]


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "blog"
    (folder / "data" / "instance").mkdir(parents=True)
    return folder


def test_a_new_site_runs_what_creates_and_is_offered_the_rest(site):
    run, offered = texts(choose_setup_commands(None, ALL, site))
    assert run == ["flask db upgrade", "flask create-db", "flask translate compile"]
    assert offered == ["flask init-db", "flask hello"]


def test_data_without_a_record_meets_migrations_alone(site):
    store(site)
    run, offered = texts(choose_setup_commands(None, ALL, site))
    assert run == ["flask db upgrade", "flask translate compile"]
    assert offered == ["flask create-db", "flask init-db", "flask hello"]


def test_a_later_version_brings_no_command(site, working):
    agree(site, choose_setup_commands(None, (MIGRATION, CREATES), site), working, "flask create-db")
    store(site)
    later = (*ALL, command("make-tables"))
    run, offered = texts(choose_setup_commands(None, later, site))
    assert run == ["flask db upgrade", "flask create-db"]
    assert offered == ["flask init-db", "flask translate compile", "flask hello", "flask make-tables"]
    assert choose_setup_commands(None, later, site).agreed == {"flask db upgrade", "flask create-db"}


def test_also_where_the_data_is_on_a_server(site, working):
    """The folder is empty then, and the site is not new all the same."""
    agree(site, choose_setup_commands(None, (MIGRATION,), site), working)
    assert "flask create-db" in texts(choose_setup_commands(None, ALL, site))[1]


def test_a_site_of_a_piwizard_that_kept_no_record_gets_migrations_alone(site):
    (site / "current").symlink_to("releases/one")
    run, offered = texts(choose_setup_commands(None, ALL, site))
    assert run == ["flask db upgrade"]
    assert offered == ["flask create-db", "flask init-db", "flask translate compile", "flask hello"]


def test_a_first_run_that_was_cut_off_goes_on(site, working):
    agree(site, choose_setup_commands(None, (CREATES,), site), working)
    store(site)
    assert texts(choose_setup_commands(None, (CREATES,), site))[0] == ["flask create-db"]


def test_one_that_drops_meanwhile_does_not(site, working):
    agree(site, choose_setup_commands(None, (command("init-db"),), site), working)
    assert texts(choose_setup_commands(None, (DROPS,), site)) == ([], ["flask init-db"])


def test_what_has_run_is_not_offered_again(site, working):
    agree(site, choose_setup_commands(["flask init-db"], ALL, site), working, "flask init-db")
    store(site)
    assert "flask init-db" not in texts(choose_setup_commands(None, ALL, site))[1]


def test_an_answer_decides(site):
    setup = choose_setup_commands(["flask --app app init-db", "flask db upgrade"], ALL, site)
    assert texts(setup) == (["flask init-db", "flask db upgrade"], [])
    assert setup.agreed == {"flask init-db", "flask db upgrade"}


def test_answers_that_came_with_the_data_count_as_run(site):
    store(site)
    setup = choose_setup_commands(["flask --app app init-db", "flask db upgrade"], ALL, site)
    assert setup.ran == {"flask init-db"}
    assert [one.identity for one in setup.taken] == ["flask init-db"]


def test_the_markers_of_before_count(site, working):
    store(site)
    (site / "once").mkdir()
    (site / "once" / "0123").write_text(json.dumps({"argv": ["flask", "--app", "app", "init-db"]}))
    setup = choose_setup_commands(["flask --app wsgi:app init-db"], ALL, site)
    assert (setup.ran, setup.taken) == ({"flask init-db"}, ())
    agree(site, setup, working)
    (site / "once" / "0123").unlink()
    assert read_setup_record(site).ran == {"flask init-db"}


def test_an_offer_says_where_and_what_to_answer(site):
    (offer, _) = choose_setup_commands(None, ALL, site).offered
    assert offer.reason == "It may delete data (app.py line 12)"
    assert offer.instead[-1] == "flask --app app init-db"
    assert offer.instead[0] == "flask --app app db upgrade", "the answer takes the place of all that was found"


@pytest.mark.parametrize(
    "line",
    [
        "flask --app app init-db",
        "flask --app wsgi:app init-db",
        "flask   init-db",
        "flask 'init-db'",
        "flask --app=app init-db",
        "flask -A app --debug init-db",
        "python -m flask --app app init-db",
        "venv/bin/flask --env-file .env init-db",
    ],
)
def test_one_command_however_it_is_written(line):
    assert command_identity(shlex.split(line)) == "flask init-db"


@pytest.mark.parametrize("line", ["flask init-db --with-users", "flask --unknown init-db", "python init-db", "flask"])
def test_other_commands_are_others(line):
    assert command_identity(shlex.split(line)) != "flask init-db"


def test_what_counts_as_data(site, tmp_path):
    data = site / "data"
    assert not holds_something(data)
    assert not holds_something(tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "other")
    assert holds_something(tmp_path / "link"), "what cannot be told is taken for data"
    store(site)
    assert holds_something(data)
