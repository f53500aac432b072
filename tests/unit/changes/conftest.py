"""Run changes in a folder of the test, and kill the run at any system call."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from piwizard.changes import UNDO
from piwizard.changes.build_workspace import home
from piwizard.engine.undo_journal import Journal
from piwizard.system import commands, transient_unit
from tests.unit import namespaces

ROOT = os.geteuid() == 0
APP_USER = "daemon"
"""A user of every Debian with a group of the same name, who owns nothing."""
needs_root = pytest.mark.skipif(not ROOT, reason="gives files to another user")


@pytest.fixture
def undo(working, backups):
    """Undo a step as the engine does; return what it kept, and why."""

    def go(step="nginx", site=None):
        journal = Journal(backups, step, site)
        work = working(step, site)
        records = [record for record in journal.records() if record["kind"] in UNDO]
        left = [UNDO[record["kind"]](record, work) for record in reversed(records)]
        journal.forget()
        return [words for words in left if words]

    return go


@pytest.fixture(autouse=True)
def units_without_systemd(monkeypatch):
    """Confine an app's commands by mounts, since systemd is not running here.

    The lab tests the rest.
    """

    def run(argv, properties, *, env, cwd, on_line=None):
        settings = [one.partition("=")[::2] for one in properties]
        user = next(value for name, value in settings if name == "User")
        binds = [value.split(":") for name, value in settings if name == "BindPaths"]
        mounts = "".join(f"mount --bind {source} {target}; " for source, target in binds if target != str(home()))
        scripts = dict(value.split(":")[::-1] for name, value in settings if name == "BindReadOnlyPaths")
        argv = [scripts.get(word, word) for word in argv]
        env = {**env, "HOME": "/tmp", "TMPDIR": "/tmp"}
        as_user = ("setpriv", "--reuid", user, "--regid", user, "--init-groups", "--no-new-privs", "--")
        inside = ("sh", "-ec", f'{mounts}cd {cwd}; umask 027; exec "$@"', "sh", *as_user, *argv)
        if not namespaces.allowed():
            pytest.skip(namespaces.REASON)
        result = commands.run(("unshare", "--mount", *inside), env=env, on_line=on_line)
        return dataclasses.replace(result, argv=tuple(argv))

    monkeypatch.setattr(transient_unit, "run", run)
    monkeypatch.setattr(transient_unit, "systemd_version", lambda: 252)


@pytest.fixture
def open_folder():
    """Return a folder that another user can reach, as /srv is."""
    folder = Path(tempfile.mkdtemp(prefix="piwizard-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def app_ids():
    """Return the IDs of the app's user."""
    import pwd

    found = pwd.getpwnam(APP_USER)
    return found.pw_uid, found.pw_gid


def tree(folder):
    """Return everything below a folder: kind, mode, owner, content or target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (oct(info.st_mode), info.st_uid, info.st_gid, content)
    return found


def whole(folder):
    """Return the tree with the times of its files."""
    return tree(folder), {
        path: path.lstat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
    }
