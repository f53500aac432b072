import pytest

from piwizard.system.facts import gather
from piwizard.system.facts.nginx_facts import nginx_version, openssl_version, python_version


@pytest.mark.parametrize(
    ("name", "nginx", "openssl", "python", "systemd"),
    [
        ("pi4-trixie", "1.26.3", "3.5.1", "3.13.5", "257.9"),
        ("zero-w-bookworm", None, "3.0.17", "3.11.2", "252.38"),
        ("pi3-bookworm-dhcpcd", "1.22.1", "3.0.17", "3.11", "252.38"),
        ("pi3bplus-bullseye", None, "1.1.1w", "3.9.2", "247.3"),
        ("pi1-buster", "1.14.2", "1.1.1n", "3.7.3", "241"),
        ("docker-bookworm", None, None, None, None),
    ],
)
def test_versions_come_from_packages(sample, name, nginx, openssl, python, systemd):
    found = gather(sample(name))
    assert (found.nginx_version, found.openssl_version) == (nginx, openssl)
    assert (found.python_version, found.systemd_version) == (python, systemd)


def test_nginx_version_of_every_package():
    assert nginx_version({"nginx": "1.28.0-1~bookworm"}) == "1.28.0"
    assert nginx_version({"nginx-light": "1.18.0-6.1+deb11u4"}) == "1.18.0"
    assert nginx_version({"nginx-common": "1.18.0-6.1"}) is None


def test_openssl_version_is_the_newest_library():
    assert openssl_version({"libssl1.1": "1.1.1w-0", "libssl3": "3.0.17-1", "libssl3t64": "3.5.1-1"}) == "3.5.1"


def test_python_version_without_a_link(altered):
    source = altered("pi4-trixie", links={})
    assert python_version(source, {"python3": "3.11.2-1+b1"}) == "3.11.2"
    assert python_version(source, {}) is None
