"""Test the keys, hosts and tokens that git gets."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

from piwizard.errors import PiwizardError
from piwizard.git import deploy_key, git_command, host_keys
from piwizard.git.git_access import ANONYMOUS, GitAccess
from piwizard.git.host_keys import HostKey

SSH = "ssh://git@git.lan:2222/app.git"
RIGHT = HostKey("[git.lan]:2222", "ssh-ed25519", "cmlnaHQ=")
WRONG = HostKey("[git.lan]:2222", "ssh-rsa", "d3Jvbmc=")
OTHER = HostKey("other.lan", "ssh-rsa", "b3RoZXI=")


def ssh_option(access, name):
    words = shlex.split(access.environment()["GIT_SSH_COMMAND"])
    return [word.partition("=")[2] for word in words if word.startswith(f"{name}=")]


def known_hosts(access):
    files = shlex.split(ssh_option(access, "UserKnownHostsFile")[0])
    assert files[0] == str(host_keys.pinned_file())
    return files[1:]


def test_anonymous_access_has_no_key_and_no_token(own_places):
    assert ssh_option(ANONYMOUS, "IdentityFile") == ["none"]
    assert ssh_option(ANONYMOUS, "StrictHostKeyChecking") == ["yes"]
    assert known_hosts(ANONYMOUS) == []
    assert git_command.git_environment()["GIT_ASKPASS"] == "/bin/false"


def test_access_uses_only_the_site_key(own_places):
    access = GitAccess("blog", SSH)
    assert ssh_option(access, "IdentityFile") == ["none"]
    deploy_key.make_key("blog")
    assert ssh_option(access, "IdentityFile") == [str(deploy_key.private_key("blog"))]
    assert ssh_option(access, "IdentitiesOnly") == ["yes"]
    assert known_hosts(access) == [str(host_keys.trusted_file("blog"))]
    assert ssh_option(GitAccess("shop", SSH), "IdentityFile") == ["none"]


def test_access_accepts_only_the_host_key_of_the_answers(own_places, monkeypatch):
    monkeypatch.setattr(host_keys, "scan_host", lambda host, port: [WRONG, RIGHT])
    host_keys.trust_keys("blog", [WRONG])
    host_keys.trust_keys("blog", [OTHER])
    access = GitAccess("blog", SSH, host_key=RIGHT.fingerprint)
    (file,) = known_hosts(access)
    assert set(host_keys.read_keys(type(own_places)(file))) == {RIGHT, OTHER}
    monkeypatch.setattr(host_keys, "scan_host", lambda host, port: pytest.fail("asked again"))
    assert known_hosts(access) == [file]


def test_other_host_key_is_refused(own_places, monkeypatch):
    monkeypatch.setattr(host_keys, "scan_host", lambda host, port: [WRONG])
    with pytest.raises(PiwizardError, match="is not the one that it shows") as refused:
        GitAccess("blog", SSH, host_key=RIGHT.fingerprint).environment()
    assert refused.value.key == "app.host_key"
    with pytest.raises(PiwizardError, match="none of those that it publishes"):
        GitAccess("blog", "git@github.com:me/app.git", host_key=RIGHT.fingerprint).environment()


def ask(access, prompt):
    environment = access.environment()
    argv = [environment["GIT_ASKPASS"], prompt]
    answer = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


@pytest.mark.parametrize(
    ("repo", "prompt", "said"),
    [
        ("https://git.lan/a.git", "Username for 'https://git.lan': ", "git+lab"),
        ("https://git.lan/a.git", "Password for 'https://git+lab@git.lan': ", "s$cr`t'*"),
        ("https://git.lan/a.git", "Password for 'https://git%2Blab@git.lan': ", "s$cr`t'*"),
        ("https://me@git.lan:8443/a.git", "Password for 'https://me@git.lan:8443': ", "s$cr`t'*"),
        ("https://git.lan/a.git", "Username for 'http://git.lan': ", None),
        ("https://git.lan/a.git", "Password for 'http://git+lab@git.lan': ", None),
        ("https://git.lan/a.git", "Username for 'https://git.lan.evil.example': ", None),
        ("https://git.lan/a.git", "Password for 'https://git+lab@evil.example': ", None),
        ("https://git.lan/a.git", "Password for 'https://git+lab@git.lan@evil.example': ", None),
        ("https://git.lan/a.git", "Password for 'https://git+lab@git.lan:8443': ", None),
        ("https://git.*/a.git", "Password for 'https://git+lab@git.evil.example': ", None),
        ("https://git.lan/a.git", "Enter passphrase for key: ", None),
    ],
)
def test_token_is_sent_to_its_host_only(own_places, repo, prompt, said):
    access = GitAccess("blog", repo, user="git+lab", token="s$cr`t'*")
    assert ask(access, prompt) == said
    assert "s$cr" not in repr(access)


@pytest.mark.parametrize("repo", ["http://git.lan/a.git", SSH, "/srv/a.git"])
def test_token_needs_https(own_places, repo):
    assert "s3cret" not in str(GitAccess("blog", repo, user="x", token="s3cret").environment())


def test_askpass_is_executable():
    assert os.access(GitAccess("b", "https://git.lan/a", "x", "t").environment()["GIT_ASKPASS"], os.X_OK)
