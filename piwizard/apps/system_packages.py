"""The Debian packages that some Python packages cannot do without: to be built, or to be loaded."""

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
    "python-magic": ("file",),
    "rpi-gpio": COMPILER,
    "smbus": COMPILER,
    "uwsgi": COMPILER,
    "weasyprint": ("libpangoft2-1.0-0", "libharfbuzz-subset0"),
}
"""Python packages without wheels that are whole, by the names that PyPI compares. gevent, lxml, Pillow have such.

Only names that are real packages in every release: libmagic1 is libmagic1t64 in some, and `file` brings either."""


def debian_packages_for(names: Iterable[str]) -> tuple[str, ...]:
    """What to install with apt for the Python packages of an app."""
    return tuple(dict.fromkeys(package for name in names for package in DEBIAN_PACKAGES.get(name, ())))
