"""Test that links of a hijacked app make root change nothing outside its folder."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import zipfile

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.changes.folder import Folder
from piwizard.changes.persistent_path import PersistentPath
from piwizard.changes.pip_install import PipInstall
from piwizard.changes.publish import Publish
from piwizard.changes.virtualenv import Virtualenv
from piwizard.system.files import Owner

from .conftest import APP_USER, needs_root, tree

pytestmark = needs_root
APP = Owner(APP_USER, APP_USER)


@pytest.fixture
def there(open_folder):
    """Return an app's code and data folder, and a folder of root that it wants."""
    (open_folder / "code").mkdir()
    (open_folder / "code" / "result.json").write_text("{}")
    (open_folder / "data").mkdir()
    shutil.chown(open_folder / "data", APP_USER, APP_USER)
    (open_folder / "secret").mkdir(mode=0o700)
    (open_folder / "secret" / "shadow").write_text("root's\n")
    return open_folder


@pytest.fixture
def untouched(there):
    """Assert at the end that root's folder is unchanged."""
    before = tree(there / "secret"), (there / "secret").stat().st_uid, (there / "secret").stat().st_mode
    yield
    assert (tree(there / "secret"), (there / "secret").stat().st_uid, (there / "secret").stat().st_mode) == before


def plant(path, target):
    path.symlink_to(target)
    shutil.chown(path, APP_USER, APP_USER, follow_symlinks=False) if sys.version_info >= (3, 13) else os.lchown(
        path, *APP.ids()
    )


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("target", ["secret/shadow", "secret/new", "secret"])
def test_link_at_the_temporary_copy_is_not_followed(there, working, target):
    plant(there / "data" / ".piwizard-new", there / target)
    assert working().make(PersistentPath(there / "code", there / "data", "result.json", APP_USER))
    assert (there / "data" / "result.json").read_text() == "{}"
    assert os.readlink(there / "code" / "result.json") == str(there / "data" / "result.json")


@pytest.mark.usefixtures("untouched")
def test_link_at_a_persistent_file_is_not_followed(there, working):
    plant(there / "data" / "result.json", there / "secret" / "shadow")
    working().make(PersistentPath(there / "code", there / "data", "result.json", APP_USER))
    assert os.readlink(there / "data" / "result.json") == str(there / "secret" / "shadow")


@pytest.mark.usefixtures("untouched")
def test_link_at_a_persistent_folder_is_refused(there, working):
    plant(there / "data" / "uploads", there / "secret")
    with pytest.raises(ChangeFailed, match=r"app\.writable.*is a link"):
        working().make(PersistentPath(there / "code", there / "data", "uploads/pictures", APP_USER))


@pytest.mark.usefixtures("untouched")
def test_link_in_the_repository_is_refused_as_persistent_path(there, working):
    (there / "code" / "linked").symlink_to(there / "secret")
    with pytest.raises(ChangeFailed, match=r"app\.writable.*linked") as refused:
        working().make(PersistentPath(there / "code", there / "data", "linked/shadow", APP_USER))
    assert refused.value.key == "app.writable"


def test_persistent_file_belongs_only_to_the_app(there, working, app_ids):
    (there / "code" / "result.json").chmod(0o640)
    shutil.chown(there / "code" / "result.json", 0, APP_USER)
    working().make(PersistentPath(there / "code", there / "data", "result.json", APP_USER))
    info = (there / "data" / "result.json").stat()
    assert (info.st_uid, info.st_gid, info.st_mode & 0o777) == (*app_ids, 0o640)


@pytest.mark.parametrize("target", ["A" * 300, "uploads", "/nowhere"])
def test_link_of_the_app_on_the_way_is_no_error_of_the_probe(there, working, target):
    keep = PersistentPath(there / "code", there / "data", "static/uploads", APP_USER)
    working().make(keep)
    assert keep.probe(None, None).in_sync
    (there / "data" / "static").rename(there / "data" / "away")
    plant(there / "data" / "static", target)
    assert not keep.probe(None, None).in_sync


def test_data_of_the_app_survives_a_new_release(there, working):
    (there / "data" / "result.json").write_text("of the app")
    working().make(PersistentPath(there / "code", there / "data", "result.json", APP_USER))
    assert (there / "code" / "result.json").read_text() == "of the app"


def test_removed_persistent_folder_is_created_again(there, working):
    keep = PersistentPath(there / "code", there / "data", "uploads", APP_USER)
    working().make(keep)
    shutil.rmtree(there / "data" / "uploads")
    assert not keep.probe(None, None).in_sync
    working().make(keep)
    assert (there / "code" / "uploads").is_dir()
    assert keep.probe(None, None).in_sync


def test_file_created_by_the_app_becomes_persistent(there, working):
    working().make(PersistentPath(there / "code", there / "data", "later.db", APP_USER))
    assert not os.path.lexists(there / "data" / "later.db")
    assert os.readlink(there / "code" / "later.db") == str(there / "data" / "later.db")


@pytest.mark.parametrize(("path", "is_file"), [("counter", True), ("captures.old", False)])
def test_code_decides_whether_a_persistent_path_is_a_file(there, working, path, is_file):
    keep = PersistentPath(there / "code", there / "data", path, APP_USER, is_file)
    working().make(keep)
    assert (there / "data" / path).is_dir() is not is_file
    assert keep.probe(None, None).in_sync


@pytest.mark.parametrize("path", ["link", "folder/link", "link/secret", "folder"])
def test_publish_follows_no_link(there, working, path):
    (there / "code" / "folder").mkdir()
    (there / "code" / "link").symlink_to(there)
    (there / "code" / "folder" / "link").symlink_to(there / "secret")
    (there / "code" / "folder" / "file").symlink_to(there / "secret" / "shadow")
    working().make(Publish(there / "code", there / "public", (("static", path),), there / "data"))
    found = tree(there / "public")
    assert [
        name for name, (mode, _, _, content) in found.items() if content is not None or not mode.startswith("0o40")
    ] == []


def test_publish_copies_the_target_of_a_link_in_the_same_folder(there, working):
    static = there / "code" / "static"
    (static / "js").mkdir(parents=True)
    (static / "js" / "app-2.js").write_text("2")
    (static / "app.js").symlink_to("js/app-2.js")
    (static / "source").symlink_to("../result.json")
    (static / "uploads").symlink_to(there / "data" / "uploads")
    working().make(Publish(there / "code", there / "public", (("static", "static"),), there / "data"))
    assert (there / "public" / "static" / "app.js").read_text() == "2"
    # nginx answers 404 for a folder that it cannot enter, and does not ask the app, which would follow the link.
    closed = there / "public" / "static" / "source"
    assert closed.is_dir()
    assert closed.stat().st_mode & 0o777 == 0
    assert sorted(os.listdir(there / "public" / "static")) == ["app.js", "js", "source"]


def test_publish_adds_compressed_copies(there, working):
    static = there / "code" / "static"
    static.mkdir()
    (static / "style.css").write_text("a { color: red }\n" * 100)
    (static / "done.css").write_text("a { color: red }\n" * 100)
    (static / "done.css.gz").write_bytes(b"packed by the build")
    (static / "small.css").write_text("a{}")
    (static / "photo.jpg").write_bytes(b"\xff" * 1000)
    (static / ".env").write_text("SECRET=1")
    (static / ".git").mkdir()
    (static / ".git" / "config").write_text("")
    publish = Publish(there / "code", there / "public", (("static", "static"),), there / "data")
    assert working().make(publish)
    assert not working().make(publish)
    found = {name.removeprefix("static/") for name in tree(there / "public") if name != "static"}
    assert found == {"style.css", "style.css.gz", "done.css", "done.css.gz", "small.css", "photo.jpg"}
    assert (there / "public" / "static" / "done.css.gz").read_bytes() == b"packed by the build"


@pytest.mark.usefixtures("untouched")
def test_link_in_place_of_a_folder_is_refused(there, working):
    (there / "link").symlink_to(there / "secret")
    change = Folder(there / "link", 0o777, APP)
    assert not change.probe(None, None).in_sync
    with pytest.raises(ChangeFailed, match="is not a folder"):
        working().make(change)


def test_undo_restores_the_mode_of_an_existing_folder(there, working, undo, app_ids):
    (there / "mine").mkdir(mode=0o700)
    working().make(Folder(there / "mine", 0o755, APP))
    working().make(Folder(there / "new" / "deep", 0o755, whole=True))
    assert (there / "mine").stat().st_uid == app_ids[0]
    (there / "new" / "deep" / "file").write_text("")
    assert undo() == []
    assert ((there / "mine").stat().st_uid, (there / "mine").stat().st_mode & 0o777) == (0, 0o700)
    assert not (there / "new" / "deep").exists()


def test_undo_keeps_a_folder_with_files(there, working, undo):
    working().make(Folder(there / "new"))
    (there / "new" / "theirs").write_text("")
    assert "not empty" in undo()[0]
    assert (there / "new" / "theirs").exists()


def wheel(folder):
    """Make a wheel with a single module."""
    dist = "hello-1.0.dist-info"
    with zipfile.ZipFile(folder / "hello-1.0-py3-none-any.whl", "w") as file:
        file.writestr("hello.py", "word = 'hello'\n")
        file.writestr(f"{dist}/METADATA", "Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n")
        file.writestr(f"{dist}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{dist}/RECORD", "")


@pytest.fixture
def environment(there, own_places, monkeypatch):
    """Make the environment of an app whose build user is an ordinary one here."""
    monkeypatch.setattr("piwizard.changes.virtualenv.BUILD_USER", APP_USER)
    for path in (there / "code", *(there / "code").rglob("*")):
        os.lchown(path, 0, APP.ids()[1])
    install = ("--no-index", "--find-links=.", "-r", "requirements.txt")
    pip = PipInstall(install, inputs=("requirements.txt",))
    return Virtualenv(there / "venv", "/usr/bin/python3", there / "code", pip, APP_USER)


@pytest.mark.usefixtures("untouched")
def test_environment_follows_no_link_in_the_code(there, working, events, environment):
    wheel(there / "code")
    (there / "code" / "requirements.txt").write_text("hello\n")
    (there / "code" / ".piwizard-requirements.txt").symlink_to(there / "secret" / "shadow")
    (there / "code" / "linked").symlink_to(there / "secret")
    change = dataclasses.replace(environment, pip=dataclasses.replace(environment.pip, lines=("hello",)))
    before = tree(there / "code")
    assert working().make(change)
    assert change.probe(None, None).in_sync
    assert tree(there / "code") == before
    assert {path.lstat().st_uid for path in (there / "venv").rglob("*")} == {0}
    assert list((there / "venv").glob("lib/*/site-packages/hello.py"))
    ran = {event["argv"][0]: event["user"] for event in events() if event["event"] == "command-started"}
    assert {user for program, user in ran.items() if "python" in program} == {APP_USER}
    (there / "code" / "requirements.txt").write_text("hello==1.0\n")
    assert not change.probe(None, None).in_sync


def test_environment_in_use_stays_until_the_next_is_complete(there, working, environment):
    wheel(there / "code")
    (there / "code" / "requirements.txt").write_text("hello\n")
    working().make(environment)
    before = tree(there / "venv")
    (there / "code" / "requirements.txt").write_text("not-there-at-all==1\n")
    with pytest.raises(ChangeFailed, match="not-there-at-all") as failed:
        working().make(environment)
    assert failed.value.key == "app.requirements"
    assert tree(there / "venv") == before
    assert not environment.probe(None, None).in_sync


@pytest.fixture
def second(there, environment):
    """Return two environments without packages, of two releases with the same requirements."""
    releases = [there / "releases" / name for name in ("first", "second")]
    for release in releases:
        release.mkdir(parents=True)
    pip = PipInstall()
    return [dataclasses.replace(environment, folder=release / "venv", pip=pip) for release in releases]


def test_release_with_the_same_requirements_uses_the_packages_again(working, events, second):
    first, again = second
    working().make(first)
    module = first.folder / "hello.py"
    module.write_text("word = 'hello'\n")
    os.chown(module, *Owner("root", APP_USER).ids())
    before = tree(first.folder)
    assert "used again" in again.probe(None, None).diff
    count = len([event for event in events() if event["event"] == "command-started"])
    working().make(again)
    ran = [event["argv"][0] for event in events() if event["event"] == "command-started"][count:]
    assert ran == ["sync"]
    assert again.probe(None, None).in_sync
    assert tree(first.folder) == before
    assert (again.folder / "hello.py").stat().st_ino == module.stat().st_ino
    pip = (again.folder / "bin" / "pip").read_text()
    assert pip.startswith(f"#!{again.folder}/bin/python")
    assert {path.lstat().st_gid for path in again.folder.rglob("*")} == {APP.ids()[1]}
    assert str(first.folder) not in pip + (again.folder / "pyvenv.cfg").read_text()
    marker = first.folder.with_name("venv.json")
    assert again.folder.with_name("venv.json").stat().st_mtime == marker.stat().st_mtime
    os.utime(marker, (1, 1))
    os.utime(again.folder.with_name("venv.json"), (1, 1))
    third = dataclasses.replace(again, folder=again.folder.parents[1] / "third" / "venv")
    assert "used again" not in third.probe(None, None).diff


@pytest.mark.nightly
def test_environment_whose_packages_contain_its_path_is_built_again(working, events, second):
    first, again = second
    working().make(first)
    (first.folder / "lib" / "prefix.conf").write_text(f"prefix={first.folder}\n")
    working().make(again)
    assert not (again.folder / "lib" / "prefix.conf").exists()
    assert again.probe(None, None).in_sync
