from piwizard.system.facts import Disk
from piwizard.system.facts.disk import parse_mounts, read_disk


def test_room_and_tmp_in_memory(sample):
    assert read_disk(sample("pi4-trixie")) == Disk(free=24 * 1024, total=31 * 1024, read_only=False, tmp=1897)


def test_tmp_on_the_card(sample):
    assert read_disk(sample("zero-w-bookworm")).tmp is None


def test_a_card_that_went_read_only(sample):
    assert read_disk(sample("pi1-buster")).read_only


def test_errors_remount_ro_is_not_read_only(sample):
    assert not read_disk(sample("vm-bookworm-apache")).read_only


def test_unknown_room(altered):
    found = read_disk(altered("pi4-trixie", {"proc/mounts": None}, space={}))
    assert found == Disk(free=None, total=None, read_only=False, tmp=None)


def test_of_several_mounts_the_last_is_seen():
    found = parse_mounts("/dev/root / ext4 rw 0 0\noverlay / overlay ro,x=1 0 0\nbroken\n")
    assert found["/"].kind == "overlay"
    assert "ro" in found["/"].options
