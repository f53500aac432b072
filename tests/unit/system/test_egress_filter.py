"""Test the nftables table and the networks in it."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess

import pytest

from piwizard.system import egress_filter
from tests.unit.namespaces import needs_namespaces

NETWORKS = [ipaddress.ip_network(network) for network in egress_filter.denied_networks()]


def covered(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed.version == network.version and parsed in network for network in NETWORKS)


@pytest.mark.parametrize(
    "address",
    [
        "192.168.178.1", "10.255.255.255", "172.31.0.1", "100.127.0.1", "169.254.169.254", "224.0.0.251",
        "239.255.255.250", "255.255.255.255", "0.0.0.1", "fe80::1", "fd00::1", "ff02::1", "64:ff9b::c0a8:101",
        "64:ff9b::7f00:1", "64:ff9b::a00:1",
    ],
)  # fmt: skip
def test_private_networks_are_denied(address: str) -> None:
    assert covered(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "127.0.0.1", "::1", "2a00::1", "172.32.0.1", "100.128.0.1", "64:ff9b::808:808"]
)
def test_internet_and_loopback_are_not_denied(address: str) -> None:
    assert not covered(address)


def test_resolvers_exclude_this_machine() -> None:
    text = "# x\nnameserver 127.0.0.53\nnameserver 192.168.1.1\nnameserver fe80::1%eth0\n nameserver 192.168.1.1\n"
    assert egress_filter.parse_resolvers(text) == ("192.168.1.1", "fe80::1")
    assert egress_filter.parse_resolvers("nameserver nonsense\nnameserver ::1\n") == ()


def test_sites_are_read_with_their_networks(tmp_path) -> None:
    assert egress_filter.read_sites(tmp_path / "nothing") == {}
    (tmp_path / "a").write_text("internet\n")
    (tmp_path / "b").write_text("home\n")
    assert egress_filter.read_sites(tmp_path) == {"a": "internet", "b": "home"}


def test_services_of_a_site_are_those_with_its_user(tmp_path) -> None:
    for name, user in (("blog-logger", "blog"), ("blog-two", "blog-two"), ("blogger", "blog"), ("blog", "blog")):
        (tmp_path / f"{name}.service").write_text(f"[Service]\nUser={user}\n")
    assert egress_filter.services_of("blog", tmp_path) == ("blog.service", "blog-logger.service")
    assert egress_filter.services_of("other", tmp_path / "missing") == ("other.service",)


@needs_namespaces
def test_ruleset_loads_repeatedly() -> None:
    if os.geteuid() or not shutil.which("nft"):
        pytest.skip("needs root and nft (apt-get install nftables)")
    script = 'nft -f "$0" && nft -f "$0" && nft -f "$1" && nft list table inet piwizard_egress'
    files = []
    for number, users in enumerate(((990, 991), ())):
        files.append(f"/tmp/piwizard-egress-{os.getpid()}-{number}.nft")
        with open(files[-1], "w") as file:
            file.write(egress_filter.ruleset(users))
    try:
        done = subprocess.run(
            ["unshare", "--net", "sh", "-c", script, *files], capture_output=True, text=True, check=False
        )
    finally:
        for name in files:
            os.unlink(name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("meta skuid @apps jump app") == 1
    assert "990" not in done.stdout
