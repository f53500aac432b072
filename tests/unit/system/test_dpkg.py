import subprocess

import pytest

from piwizard.system import dpkg

STATUS = """\
Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1.21.22
Description: Debian package management system
 Status: install ok installed is only text here

Package: nginx-common
Status: deinstall ok config-files
Architecture: all
Version: 1.22.1-9

Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 2.36-9+deb12u10

Package: libc6
Status: install ok installed
Architecture: armhf
Multi-Arch: same
Version: 2.36-9+deb12u9

Package: tzdata
Status: hold ok installed
Architecture: all
Version: 2024a-0+deb12u1
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "var/lib/dpkg/updates").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    return tmp_path


def test_installed_packages_have_versions(root):
    assert dpkg.installed_versions(root) == {
        "dpkg": "1.21.22",
        "libc6": "2.36-9+deb12u10",
        "libc6:armhf": "2.36-9+deb12u9",
        "tzdata": "2024a-0+deb12u1",
    }


def test_dpkg_may_be_missing(tmp_path):
    assert dpkg.installed_versions(tmp_path) == {}
    assert dpkg.is_interrupted(tmp_path) is False


def test_versions_equal_dpkg_query():
    query = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${binary:Package}|${Version}\n"]
    try:
        said = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        pytest.skip("no dpkg here")
    native = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout
    expected = {}
    for line in said.splitlines():
        state, name, version = line.split("|")
        if state[1] == "i":
            expected[name.removesuffix(f":{native.strip()}")] = version
    assert dpkg.installed_versions() == expected


def test_finished_dpkg_is_not_interrupted(root):
    assert dpkg.is_interrupted(root) is False


def test_leftover_journal_means_interrupted(root):
    (root / "var/lib/dpkg/updates/0001").write_text("Package: libc6\n")
    assert dpkg.is_interrupted(root) is True


def test_incomplete_journal_entry_is_ignored(root):
    (root / "var/lib/dpkg/updates/tmp.i").write_text("")
    assert dpkg.is_interrupted(root) is False


@pytest.mark.parametrize(
    ("state", "interrupted"),
    [
        ("install ok unpacked", True),
        ("install ok half-configured", True),
        ("install ok half-installed", True),
        ("install reinstreq half-installed", True),
        ("install ok triggers-pending", True),
        ("install ok triggers-awaited", True),
        ("hold ok unpacked", True),
        ("install ok installed", False),
        ("deinstall ok config-files", False),
        ("install ok not-installed", False),
    ],
)
def test_unfinished_states_mean_interrupted(root, state, interrupted):
    status = STATUS + f"\nPackage: nginx\nStatus: {state}\nArchitecture: amd64\nVersion: 1\n"
    (root / "var/lib/dpkg/status").write_text(status)
    assert dpkg.is_interrupted(root) is interrupted
    assert ("nginx" in dpkg.installed_versions(root)) is (state == "install ok installed")


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("1.22.1-9+deb12u1", "1.22.1"),
        ("1:8.1.2-1+rpt9", "8.1.2"),
        ("1.28.0-1~bookworm", "1.28.0"),
        ("3.0.17-1~deb12u2+rpt1", "3.0.17"),
        ("1.1.1w-0+deb11u3", "1.1.1w"),
        ("257~rc2-3", "257"),
        ("2024a", "2024a"),
    ],
)
def test_upstream_version_has_no_debian_parts(version, upstream):
    assert dpkg.upstream_version(version) == upstream
