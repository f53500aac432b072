"""Test the files that an unfinished transaction is rolled back to."""

from __future__ import annotations

import os

import pytest

from piwizard.engine.transactions import TransactionBackup
from piwizard.system import files


@pytest.fixture
def wrote():
    """Recognise piwizard's own content: every text that begins with "ours"."""
    ours = {files.digest(text) for text in (b"ours", b"ours 1", b"ours 2")}
    return lambda path, sha256: sha256 in ours


@pytest.fixture
def group(backups):
    """Return the transaction as each run of piwizard finds it."""
    return lambda: TransactionBackup(backups, "nginx")


@pytest.fixture
def there(tmp_path):
    """Return a folder with a file, a link, and the paths of a missing file and link."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "file").write_bytes(b"theirs")
    (folder / "file").chmod(0o640)
    os.utime(folder / "file", ns=(10**18, 10**18 + 7))
    (folder / "link").symlink_to("theirs")
    return folder


def paths(folder):
    return [folder / name for name in ("file", "link", "new-file", "new-link")]


def alter(folder):
    files.replace(folder / "file", b"ours")
    files.make_link(folder / "link", "ours")
    files.replace(folder / "new-file", b"ours")
    files.make_link(folder / "new-link", "ours")


def tree(folder):
    return {
        path.name: os.readlink(path) if path.is_symlink() else (path.read_bytes(), path.stat().st_mode,
                                                               path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }  # fmt: skip


def test_roll_back_restores_everything(group, there, wrote):
    before = tree(there)
    group().begin(paths(there), wrote)
    alter(there)
    assert group().roll_back() == paths(there)[::-1], "the order is not from last to first"
    assert tree(there) == before
    assert group().roll_back() == []


def test_roll_back_ignores_unchanged_files(group, there, wrote):
    group().begin(paths(there), wrote)
    assert group().roll_back() == []


def test_later_run_rolls_back_to_the_first_original(group, there, wrote):
    before = tree(there)
    group().begin(paths(there), wrote)
    alter(there)
    assert group().begin(paths(there), wrote) == []
    group().roll_back()
    assert tree(there) == before


def test_transaction_begun_again_keeps_a_new_path(group, there, wrote):
    """Keep the original of a path that is new in the transaction after a kill."""
    group().begin([there / "file"], wrote)
    files.replace(there / "file", b"ours")
    before = tree(there)["link"]
    group().begin([there / "file", there / "link", there / "new-file"], wrote)
    alter(there)
    group().roll_back()
    assert tree(there)["link"] == before
    assert (there / "file").read_bytes() == b"theirs"
    assert not (there / "new-file").exists()


def test_transaction_begun_again_restores_an_unwanted_path(group, there, wrote):
    """Restore a path that a killed run wrote and that is no longer wanted."""
    group().begin(paths(there), wrote)
    alter(there)
    assert group().begin([there / "file"], wrote) == paths(there)[1:]
    assert set(tree(there)) == {"file", "link"}
    assert os.readlink(there / "link") == "theirs"
    assert (there / "file").read_bytes() == b"ours"


def test_roll_back_restores_an_edit_between_two_runs(group, there, wrote):
    group().begin(paths(there), wrote)
    alter(there)
    (there / "file").write_bytes(b"edited by hand")
    (there / "new-file").write_bytes(b"made by hand")
    group().begin(paths(there), wrote)
    alter(there)
    group().roll_back()
    assert (there / "file").read_bytes() == b"edited by hand"
    assert (there / "new-file").read_bytes() == b"made by hand"


def test_edit_of_an_unwanted_path_stays(group, there, wrote):
    group().begin(paths(there), wrote)
    alter(there)
    (there / "file").write_bytes(b"edited by hand")
    group().begin([there / "link"], wrote)
    assert (there / "file").read_bytes() == b"edited by hand"


def test_finished_transaction_is_not_rolled_back(group, there, wrote, backups):
    group().begin(paths(there), wrote)
    alter(there)
    after = tree(there)
    group().finish()
    assert group().roll_back() == []
    assert tree(there) == after
    assert list((backups / "unfinished").iterdir()) == []


def test_copies_are_readable_by_root_only(group, there, wrote, backups):
    group().begin([there / "file"], wrote)
    folder = backups / "unfinished" / "nginx"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]
