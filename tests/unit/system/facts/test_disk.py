import pytest

from piwizard.system.facts import Disk
from piwizard.system.facts.disk import parse_mounts, read_disk


def test_disk_space_and_tmp_in_memory_are_read(sample):
    assert read_disk(sample("pi4-trixie")) == Disk(free=24 * 1024, total=31 * 1024, read_only=False, tmp=1897)


def test_tmp_on_the_card_has_no_size(sample):
    assert read_disk(sample("zero-w-bookworm")).tmp is None


def test_failing_card_is_read_only(sample):
    assert read_disk(sample("pi1-buster")).read_only


def test_mount_option_for_errors_is_not_read_only(sample):
    assert not read_disk(sample("vm-bookworm-apache")).read_only


def test_unknown_disk_space_is_none(altered):
    found = read_disk(altered("pi4-trixie", {"proc/mounts": None}, space={}))
    assert found == Disk(free=None, total=None, read_only=False, tmp=None)


def test_last_mount_hides_the_others():
    found = parse_mounts("/dev/root / ext4 rw 0 0\noverlay / overlay ro,x=1 0 0\nbroken\n")
    assert found["/"].kind == "overlay"
    assert "ro" in found["/"].options


OVERLAY = (
    "overlayroot / overlay rw,relatime,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/media/w 0 0\n"
    "/dev/mmcblk0p2 /media/root-ro ext4 ro,relatime 0 0\n"
)
UNNAMED = "overlay / overlay rw,noatime,lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work 0 0\n"


@pytest.mark.parametrize(
    ("mounts", "command_line", "volatile"),
    [
        (f"{OVERLAY}tmpfs-root /media/root-rw tmpfs rw,relatime 0 0\n", "console=tty1", True),
        (OVERLAY, "console=tty1", True),
        (UNNAMED, "boot=overlay console=tty1", True),
        (UNNAMED, "console=tty1 overlayroot=tmpfs:recurse=0", True),
        (f"{OVERLAY}/dev/sda1 /media/root-rw ext4 rw,relatime 0 0\n", "overlayroot=device:dev=/dev/sda1", False),
        (UNNAMED, "console=tty1", False),
        ("/dev/mmcblk0p2 / ext4 rw 0 0\n", "overlayroot=tmpfs", False),
    ],
)
def test_overlay_in_memory_is_volatile(altered, mounts, command_line, volatile):
    found = read_disk(altered("pi4-trixie", {"proc/mounts": mounts, "proc/cmdline": command_line}))
    assert found.volatile == volatile
