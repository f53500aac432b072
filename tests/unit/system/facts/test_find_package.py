import pytest

from piwizard.system.facts.ports import find_package


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("/usr/sbin/apache2", "apache2-bin"),
        ("/usr/sbin/apache3", None),
        ("/opt/apache2", None),
        ("/usr/sbin/lighttpd", None),
    ],
)
def test_package_of_a_program_is_found(sample, path, package):
    assert find_package(sample("vm-bookworm-apache"), path) == package


def test_package_is_found_in_merged_usr_and_with_architecture(altered):
    lists = {
        "var/lib/dpkg/info/caddy:arm64.list": "/.\n/sbin\n/sbin/caddy\n",
        "var/lib/dpkg/info/nodejs.list": "/.\n/usr/bin/node\n",
    }
    source = altered("pi4-trixie", lists)
    assert find_package(source, "/usr/sbin/caddy") == "caddy"
    assert find_package(source, "/usr/bin/node") == "nodejs"
