"""Make a site's app for a diagnosis, without a machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from piwizard.apps.database import find_init_commands
from piwizard.apps.env_vars import find_env_variables
from piwizard.apps.write_paths import find_write_paths
from piwizard.diagnosis.app_context import AppContext

FILES = {
    "app.py": 'import os\nimport sqlite3\nSECRET = os.environ["SECRET_KEY"]\nDATA = sqlite3.connect("data.db")\n',
    "models.py": (
        'import click\nfrom flask import Blueprint\nbp = Blueprint("x", __name__, cli_group=None)\n\n\n'
        '@bp.cli.command("init-db")\ndef init_db():\n    create_all()\n'
    ),
    "requirements.txt": "flask\nPillow>=9\n",
    "counter.json": "{}",
    "config/settings.json": "{}",
    "static/style.css": "",
    "static/faces/blank.jpg": "",
    "pictures/.gitkeep": "",
}
AppContexts = Callable[..., AppContext]


@pytest.fixture
def context(tmp_path: Path) -> AppContexts:
    """Return the context of an app, with some of its fields replaced."""

    def make(**known: object) -> AppContext:
        tree = tmp_path / "tree"
        for name, text in FILES.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        found = {
            "site": "myflask",
            "folder": Path("/srv/myflask"),
            "tree": tree,
            "entry": "app:app",
            "requirements": "requirements.txt",
            "listed": ("flask", "pillow"),
            "may_write": find_write_paths(tree),
            "variables": find_env_variables(tree),
            "commands": find_init_commands(tree, "app:app"),
        }
        return AppContext(**{**found, **known})  # type: ignore[arg-type]

    return make
