"""Test that the pinned host keys are those that the forges publish."""

from __future__ import annotations

import stat

from piwizard.git import host_keys
from piwizard.git.host_keys import HostKey

# As published by the forges, on the pages named in the file itself.
PUBLISHED = {
    "github.com": {
        "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
        "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
    },
    "gitlab.com": {
        "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
        "SHA256:HbW3g8zUjNSksFbqTiUWPWg2Bq1x8xdGUrliXFzSnUw",
    },
    "codeberg.org": {
        "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g",
        "SHA256:T9FYDEHELhVkulEKKwge5aVhVTbqCW0MIRwAfpARs/E",
    },
    "bitbucket.org": {
        "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM",
        "SHA256:FC73VB6C4OQLSCrjEayhMp9UMxS97caD/Yyi2bhW/J0",
    },
}
OLD, NEW = HostKey("git.lan", "ssh-ed25519", "b2xk"), HostKey("git.lan", "ssh-ed25519", "bmV3")
OTHER = HostKey("[other.lan]:2222", "ssh-rsa", "b3RoZXI=")


def test_pinned_keys_are_the_published_ones():
    keys = host_keys.read_keys(host_keys.pinned_file())
    found = {host: {key.fingerprint for key in host_keys.keys_of_host(host, keys)} for host in PUBLISHED}
    assert found == PUBLISHED
    assert len(keys) == 8


def test_trusted_key_replaces_the_previous_one(own_places):
    for keys in ([OLD], [OTHER], [NEW]):
        host_keys.trust_keys("blog", keys)
    file = host_keys.trusted_file("blog")
    assert set(host_keys.read_keys(file)) == {NEW, OTHER}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert host_keys.read_keys(host_keys.trusted_file("shop")) == []


def test_invalid_lines_are_skipped(tmp_path):
    file = tmp_path / "known_hosts"
    file.write_text("# a comment\ngit.lan ssh-ed25519 b2xk comment\ngit.lan ssh-dss b2xk\ngit.lan ssh-rsa ***\n\nx\n")
    assert host_keys.read_keys(file) == [OLD]
