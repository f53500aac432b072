"""Test whether two releases expect different data."""

from __future__ import annotations

import json
from pathlib import Path

from piwizard.apps.migration_changes import changed_commands, changed_migrations


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_changed_added_and_removed_migrations_are_named(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "web" / "migrations" / "versions").mkdir(parents=True)
        (folder / "web" / "migrations" / "versions" / "same.py").write_text("same")
        (folder / "web" / "migrations" / "changed.sql").write_text(folder.name)
        (folder / "migrations.py").write_text(folder.name)
    (one / "web" / "migrations" / "removed.py").write_text("")
    assert changed_migrations(one, other) == ("web/migrations/changed.sql", "web/migrations/removed.py")


def test_links_are_not_followed(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "migrations").mkdir(parents=True)
    secret = tmp_path / "secret.py"
    secret.write_text("secret")
    (one / "migrations" / "link.py").symlink_to(secret)
    (other / "alembic").symlink_to(tmp_path)
    assert changed_migrations(one, other) == ("migrations/link.py",)
    secret.write_text("another secret")
    assert changed_migrations(one, one) == ()


def test_commands_of_one_release_only_are_named(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, argv in ((one, ["flask", "--app", "app", "db", "upgrade"]), (other, ["flask", "translate"])):
        (folder / "prepared").mkdir(parents=True)
        (folder / "prepared" / "trial-1").write_text(json.dumps({"argv": ["trial"]}))
        (folder / "prepared" / "1").write_text(json.dumps({"argv": argv}))
    assert changed_commands(one, other) == ("flask db upgrade", "flask translate")
    assert changed_commands(one, tmp_path) == ("flask db upgrade",)
