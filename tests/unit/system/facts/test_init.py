import pytest

from piwizard.system.facts import Init
from piwizard.system.facts.init import read_init


def test_systemd_is_the_init_system(sample):
    assert read_init(sample("pi4-trixie")) == Init("systemd", True, None)


def test_container_without_systemd(sample):
    assert read_init(sample("docker-bookworm")) == Init("bash", False, "docker")


def test_folder_alone_is_no_systemd(altered):
    assert not read_init(altered("docker-bookworm", present=["/run/systemd/system"])).systemd


def test_installed_systemd_must_be_booted(altered):
    assert not read_init(altered("pi4-trixie", present=[])).systemd


@pytest.mark.parametrize(
    ("files", "container"),
    [
        ({"run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"proc/1/environ": "A=1\0container=lxc\0B=2\0"}, "lxc"),
        ({"run/.containerenv": ""}, "podman"),
    ],
)
def test_container_is_recognized(altered, files, container):
    assert read_init(altered("pi4-trixie", files)).container == container
