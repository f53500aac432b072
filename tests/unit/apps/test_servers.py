"""A database server is named for a person, without any part of a secret."""

from __future__ import annotations

import pytest

from piwizard.apps.repository_checkout import read
from piwizard.apps.servers import server_in_answers, server_in_code


@pytest.mark.parametrize(
    ("code", "settings", "secrets", "words"),
    [
        ("", {"DATABASE_URL": "postgresql+psycopg://me:pw@db.lan:5432/x"}, {}, "the database on db.lan"),
        ("", {"DATABASE_URL": "mysql://db.lan/x"}, {}, "the database on db.lan"),
        ("", {}, {"app.env.DB": "postgres://me:s3cret@db.lan/x"}, "the database that app.env.DB names"),
        ("import psycopg2\n", {}, {}, "the database that psycopg2 connects to"),
        ("from pymysql import connect\n", {}, {}, "the database that pymysql connects to"),
        ("URI = 'postgresql://localhost/x'\n", {}, {}, "the database server that the code names"),
        ("import sqlite3\n", {"DATABASE_URL": "sqlite:///app.db", "A": {"asked": True}}, {"app.env.A": "x"}, ""),
    ],
)
def test_a_server(tree, code, settings, secrets, words):
    found = server_in_answers(settings, secrets) or server_in_code(read(tree({"app.py": code})))
    assert found == words
    assert "s3cret" not in found
    assert "pw" not in found
