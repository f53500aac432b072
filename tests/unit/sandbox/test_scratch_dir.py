from pathlib import Path

from piwizard.sandbox.scratch_dir import ScratchDir


def test_scratch_dir_and_empty_parent_are_removed(tmp_path: Path) -> None:
    parent = tmp_path / "places"
    one, other = ScratchDir(parent, "unit-test"), ScratchDir(parent, "unit-test")
    assert one.folder != other.folder
    one.close()
    assert other.folder.is_dir()
    other.close()
    assert not parent.exists()


def test_abandoned_scratch_dir_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "places" / "unit-test-1-abcdef"
    (left / "root" / "upper").mkdir(parents=True)
    own = ScratchDir(tmp_path / "places", "unit-test")
    assert not left.exists()
    other = ScratchDir(tmp_path / "places", "unit-test")
    assert own.folder.is_dir(), "the folder of a running process was removed"
    own.close()
    other.close()
