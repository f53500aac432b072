"""Test that a missing value is an error, and that jinja2 is imported late."""

from __future__ import annotations

import subprocess
import sys

import jinja2
import pytest

from piwizard.templates.render import render


def test_missing_value_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="listens"):
        render("nginx/default-server.conf.j2", names_hash=True, http=True, tls=None, limits={})


def test_every_template_is_found_and_ends_in_a_new_line():
    values = {"names_hash": True, "listens": "/x", "http": True, "tls": None, "limits": {}}
    assert render("nginx/default-server.conf.j2", **values).endswith("}\n")


@pytest.mark.parametrize("module", ["nginx.server_blocks", "nginx.tuning", "apps.app_units", "templates.render"])
def test_slow_modules_are_imported_late(module):
    code = f"import sys, piwizard.{module}; sys.exit(bool({{'jinja2', 'crossplane'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
