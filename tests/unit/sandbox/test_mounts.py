from pathlib import Path

from piwizard.sandbox.overlay import Mount, list_mounts

PI = r"""
24 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw
25 24 0:6 / /dev rw,nosuid shared:2 - devtmpfs udev rw
26 24 0:22 / /run rw,nosuid shared:5 - tmpfs tmpfs rw
27 26 0:23 / /run/user/1000 rw shared:9 - ext4 /dev/sdb1 rw
28 24 0:29 / /tmp rw,nosuid shared:12 - tmpfs tmpfs rw
29 24 179:1 / /boot/firmware rw,relatime shared:20 - vfat /dev/mmcblk0p1 rw
30 24 8:1 / /home rw,relatime shared:21 master:3 - ext4 /dev/sda1 rw
31 30 8:2 / /home/alex/My\040Disk rw,relatime - btrfs /dev/sda2 rw
32 24 0:40 / /mnt/memory rw - tmpfs tmpfs rw
33 24 0:41 / /sys/fs/fuse/connections rw - fusectl fusectl rw
""".strip()


def test_list_mounts_returns_other_file_systems() -> None:
    assert list_mounts(PI) == [
        Mount(Path("/tmp"), "tmpfs"),
        Mount(Path("/home"), "ext4"),
        Mount(Path("/boot/firmware"), "vfat"),
        Mount(Path("/home/alex/My Disk"), "btrfs"),
    ]


def test_list_mounts_is_empty_with_one_file_system() -> None:
    assert list_mounts(PI.splitlines()[0]) == []
