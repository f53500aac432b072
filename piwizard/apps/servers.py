"""Find out whether an app keeps data on a database server, which a snapshot of its folder does not hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from piwizard.apps.repository_checkout import RepositoryCheckout

URL = re.compile(r"(?:postgres(?:ql)?|mysql|mariadb|mssql|oracle|cockroachdb|mongodb)(?:\+\w+)?://", re.IGNORECASE)
DRIVERS = ("psycopg2", "psycopg", "asyncpg", "pg8000", "pymysql", "MySQLdb", "mysql", "mariadb", "aiomysql", "pymongo")


def server_in_answers(settings: Mapping[str, object], secrets: Mapping[str, str]) -> str:
    """Name the database server that the answers name; empty where they name none. No part of a secret is in it."""
    for value in settings.values():
        if isinstance(value, str) and URL.match(value):
            return f"the database on {_host(value)}"
    return next((f"the database that {key} names" for key, value in secrets.items() if URL.match(value)), "")


def server_in_code(code: RepositoryCheckout) -> str:
    """Name the database server that the code asks for; empty where it asks for none."""
    for driver in DRIVERS:
        words = (f"import {driver}".encode(), f"from {driver}".encode())
        if any(code.mentions(file, *words) for file in code.python):
            return f"the database that {driver} connects to"
    if any(code.mentions(file, b"postgresql://", b"postgres://", b"mysql+", b"mysql://") for file in code.python):
        return "the database server that the code names"
    return ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "a server"
    except ValueError:
        return "a server"
