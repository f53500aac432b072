"""Render the templates of files that piwizard writes."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.templates import quoting

if TYPE_CHECKING:
    from jinja2 import Environment


def render(name: str, /, **values: object) -> str:
    """Return a rendered template ("nginx/site.conf.j2"); each value must be given."""
    return _environment().get_template(name).render(**values)


@cache
def templates_version() -> str:
    """Return what identifies the templates of this version of piwizard."""
    found = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        found.update(f"{path.relative_to(folder)}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # slow on a Pi, and not every command renders

    environment = Environment(
        loader=PackageLoader("piwizard.templates", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # configuration files, not HTML; the filters quote what goes in
    )
    environment.filters["shell"] = quoting.shell_word
    environment.filters["nginx"] = quoting.nginx_quote
    environment.filters["unit_word"] = quoting.unit_word
    environment.filters["unit_argument"] = quoting.unit_argument
    environment.filters["environment"] = quoting.environment_value
    environment.filters["unit_line"] = quoting.unit_line
    return environment
