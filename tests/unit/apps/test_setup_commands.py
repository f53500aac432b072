"""Test which setup commands run, and which are only offered."""

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


def test_new_site_runs_creating_commands_and_is_offered_the_rest(site):
    run, offered = texts(choose_setup_commands(None, ALL, site))
    assert run == ["flask db upgrade", "flask create-db", "flask translate compile"]
    assert offered == ["flask init-db", "flask hello"]


def test_data_without_a_record_gets_only_migrations(site):
    store(site)
    run, offered = texts(choose_setup_commands(None, ALL, site))
    assert run == ["flask db upgrade", "flask translate compile"]
    assert offered == ["flask create-db", "flask init-db", "flask hello"]


def test_command_of_a_later_version_is_only_offered(site, working):
    agree(site, choose_setup_commands(None, (MIGRATION, CREATES), site), working, "flask create-db")
    store(site)
    later = (*ALL, command("make-tables"))
    run, offered = texts(choose_setup_commands(None, later, site))
    assert run == ["flask db upgrade", "flask create-db"]
    assert offered == ["flask init-db", "flask translate compile", "flask hello", "flask make-tables"]
    assert choose_setup_commands(None, later, site).agreed == {"flask db upgrade", "flask create-db"}


def test_command_of_a_later_version_is_only_offered_for_a_database_server(site, working):
    """Offer it even if the data folder is empty, since the site is not new."""
    agree(site, choose_setup_commands(None, (MIGRATION,), site), working)
    assert "flask create-db" in texts(choose_setup_commands(None, ALL, site))[1]


def test_site_from_before_records_gets_only_migrations(site):
    (site / "current").symlink_to("releases/one")
    run, offered = texts(choose_setup_commands(None, ALL, site))
    assert run == ["flask db upgrade"]
    assert offered == ["flask create-db", "flask init-db", "flask translate compile", "flask hello"]


def test_interrupted_first_run_continues_its_commands(site, working):
    agree(site, choose_setup_commands(None, (CREATES,), site), working)
    store(site)
    assert texts(choose_setup_commands(None, (CREATES,), site))[0] == ["flask create-db"]


def test_interrupted_first_run_skips_a_command_that_now_drops(site, working):
    agree(site, choose_setup_commands(None, (command("init-db"),), site), working)
    assert texts(choose_setup_commands(None, (DROPS,), site)) == ([], ["flask init-db"])


def test_command_that_has_run_is_not_offered_again(site, working):
    agree(site, choose_setup_commands(["flask init-db"], ALL, site), working, "flask init-db")
    store(site)
    assert "flask init-db" not in texts(choose_setup_commands(None, ALL, site))[1]


def test_answer_decides_which_commands_run(site):
    setup = choose_setup_commands(["flask --app app init-db", "flask db upgrade"], ALL, site)
    assert texts(setup) == (["flask init-db", "flask db upgrade"], [])
    assert setup.agreed == {"flask init-db", "flask db upgrade"}


def test_answered_commands_count_as_run_with_data_from_elsewhere(site):
    store(site)
    setup = choose_setup_commands(["flask --app app init-db", "flask db upgrade"], ALL, site)
    assert setup.ran == {"flask init-db"}
    assert [one.identity for one in setup.taken] == ["flask init-db"]


def test_older_markers_count(site, working):
    store(site)
    (site / "once").mkdir()
    (site / "once" / "0123").write_text(json.dumps({"argv": ["flask", "--app", "app", "init-db"]}))
    setup = choose_setup_commands(["flask --app wsgi:app init-db"], ALL, site)
    assert (setup.ran, setup.taken) == ({"flask init-db"}, ())
    agree(site, setup, working)
    (site / "once" / "0123").unlink()
    assert read_setup_record(site).ran == {"flask init-db"}


def test_offer_names_the_place_and_the_answer(site):
    (offer, _) = choose_setup_commands(None, ALL, site).offered
    assert offer.reason == "It may delete data (app.py line 12)"
    assert offer.instead[-1] == "flask --app app init-db"
    assert offer.instead[0] == "flask --app app db upgrade", "the answer replaces all found commands"


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
def test_command_identity_ignores_how_it_is_written(line):
    assert command_identity(shlex.split(line)) == "flask init-db"


@pytest.mark.parametrize("line", ["flask init-db --with-users", "flask --unknown init-db", "python init-db", "flask"])
def test_command_identity_differs_for_other_commands(line):
    assert command_identity(shlex.split(line)) != "flask init-db"


def test_site_with_files_counts_as_having_data(site, tmp_path):
    data = site / "data"
    assert not holds_something(data)
    assert not holds_something(tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "other")
    assert holds_something(tmp_path / "link"), "what cannot be read counts as data"
    store(site)
    assert holds_something(data)
