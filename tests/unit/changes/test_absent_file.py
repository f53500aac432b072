"""Test the removal of piwizard's own files, and that other files stay."""

from piwizard.changes.file import AbsentFile, File


def test_file_of_piwizard_is_removed_for_good(tmp_path, working, undo):
    path, work = tmp_path / "secret.ini", working("certbot", "blog")
    work.make(File(path, "token = 1\n", 0o600, secret=True))
    assert work.make(AbsentFile(path))
    assert not path.exists()
    assert not work.make(AbsentFile(path))
    assert undo("certbot", "blog") == []
    assert not path.exists()


def test_file_of_a_user_is_not_removed(tmp_path, working):
    work = working("certbot", "blog")
    for name, first in (("theirs", None), ("edited", "ours\n")):
        path = tmp_path / name
        if first:
            work.make(File(path, first))
        path.write_text("by hand\n")
        assert not work.make(AbsentFile(path))
        assert path.read_text() == "by hand\n"
