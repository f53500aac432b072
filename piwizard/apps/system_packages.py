"""Debian packages that some Python packages need to be built or loaded."""

from __future__ import annotations

from collections.abc import Iterable

from piwizard.changes.error_hints import COMPILER

DEBIAN_PACKAGES = {
    "cairosvg": ("libcairo2",),
    "flask-mysqldb": (*COMPILER, "default-libmysqlclient-dev", "pkg-config"),
    "flask-weasyprint": ("libpangoft2-1.0-0", "libharfbuzz-subset0"),
    "mysqlclient": (*COMPILER, "default-libmysqlclient-dev", "pkg-config"),
    "psycopg2": (*COMPILER, "libpq-dev"),
    "pycairo": (*COMPILER, "libcairo2-dev", "pkg-config"),
    "pyodbc": ("unixodbc",),
    "python-ldap": (*COMPILER, "libldap-dev", "libsasl2-dev"),
    "uwsgi": COMPILER,
    "weasyprint": ("libpangoft2-1.0-0", "libharfbuzz-subset0"),
}
"""Python packages, by normalized name, without self-contained wheels (gevent, lxml and Pillow have such).

The Debian packages must exist in every release: libmagic1 is libmagic1t64 in some, but `file` depends on either."""


def debian_packages_for(names: Iterable[str]) -> tuple[str, ...]:
    """Return the Debian packages that these Python packages need."""
    return tuple(dict.fromkeys(package for name in names for package in DEBIAN_PACKAGES.get(name, ())))
