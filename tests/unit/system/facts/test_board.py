import pytest

from piwizard.system.facts.board import count_cores, read_architecture, read_board, short_name


@pytest.mark.parametrize(
    ("name", "short", "kind", "count"),
    [
        ("pi4-trixie", "Pi 4", "raspberry-pi", 4),
        ("zero-w-bookworm", "Pi Zero W", "raspberry-pi", 1),
        ("pi3-bookworm-dhcpcd", "Pi 3", "raspberry-pi", 4),
        ("pi3bplus-bullseye", "Pi 3 B+", "raspberry-pi", 4),
        ("pi1-buster", "Pi 1 B", "raspberry-pi", 1),
        ("vm-bookworm-apache", "virtual machine", "virtual", 2),
        ("docker-bookworm", "PC", "pc", 16),
    ],
)
def test_board_is_recognized(sample, name, short, kind, count):
    found = read_board(sample(name))
    assert (found.short, found.kind) == (short, kind)
    assert count_cores(sample(name)) == count


def test_model_has_no_trailing_zero(sample):
    assert read_board(sample("pi4-trixie")).model == "Raspberry Pi 4 Model B Rev 1.4"


def test_model_comes_from_cpuinfo_without_a_device_tree(sample):
    assert not sample("pi1-buster").exists("/proc/device-tree/model")
    assert read_board(sample("pi1-buster")).model == "Raspberry Pi Model B Rev 2"


def test_virtual_machine_names_its_maker(sample):
    assert read_board(sample("vm-bookworm-apache")).model.startswith("virtual machine (QEMU Standard PC")


def test_bios_placeholders_are_no_model(sample):
    assert read_board(sample("docker-bookworm")).model == "PC (ASUS)"


def test_other_board_keeps_its_name(altered):
    found = read_board(altered("pi4-trixie", {"proc/device-tree/model": "Radxa ROCK 5B\0"}))
    assert (found.short, found.kind) == ("Radxa ROCK 5B", "board")


@pytest.mark.parametrize(
    ("model", "short"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0", "Pi 5"),
        ("Raspberry Pi 400 Rev 1.0", "Pi 400"),
        ("Raspberry Pi Zero 2 W Rev 1.0", "Pi Zero 2 W"),
        ("Raspberry Pi Compute Module 4 Rev 1.1", "Pi Compute Module 4"),
        ("Raspberry Pi Model B Plus Rev 1.2", "Pi 1 B+"),
        ("Raspberry Pi 2 Model B Rev 1.1", "Pi 2"),
    ],
)
def test_short_name_is_the_usual_one(model, short):
    assert short_name(model) == short


@pytest.mark.parametrize(("online", "count"), [("0", 1), ("0-3\n", 4), ("0,2-3", 3), ("", 4), ("?", 4)])
def test_cores_are_those_switched_on(altered, online, count):
    assert count_cores(altered("pi4-trixie", {"sys/devices/system/cpu/online": online})) == count


@pytest.mark.parametrize(
    ("name", "dpkg", "bits", "armv6"),
    [
        ("pi4-trixie", "arm64", 64, False),
        ("pi3-bookworm-dhcpcd", "armhf", 32, False),
        ("zero-w-bookworm", "armhf", 32, True),
        ("pi1-buster", "armhf", 32, True),
        ("vm-bookworm-apache", "amd64", 64, False),
        ("vm-bookworm-apache", None, 64, False),
        ("zero-w-bookworm", None, 32, True),
    ],
)
def test_architecture_comes_from_dpkg(sample, name, dpkg, bits, armv6):
    found = read_architecture(sample(name), dpkg)
    assert (found.dpkg, found.bits, found.armv6) == (dpkg, bits, armv6)
