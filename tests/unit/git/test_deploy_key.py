"""Test a site's deploy key: generated once, readable by root only."""

from __future__ import annotations

import stat

from piwizard.git import deploy_key
from piwizard.system import commands


def test_key_is_created_once_and_private(own_places):
    assert not deploy_key.has_key("blog")
    public = deploy_key.make_key("blog")
    assert public.startswith("ssh-ed25519 ")
    assert "piwizard blog@" in public
    assert deploy_key.make_key("blog") == public
    assert deploy_key.make_key("shop") != public
    private = own_places / "lib/keys/blog/id_ed25519"
    assert private == deploy_key.private_key("blog")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    for folder in (private.parent, private.parents[1]):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    derived = commands.run(("ssh-keygen", "-y", "-f", str(private))).output
    assert derived.split()[:2] == public.split()[:2]


def test_key_moves_with_the_site_name(own_places):
    public = deploy_key.make_key("blog")
    (deploy_key.key_folder("blog") / "known_hosts").write_text("a host")
    assert deploy_key.copy_key("blog", "diary")
    assert (deploy_key.make_key("blog"), deploy_key.make_key("diary")) == (public, public), (
        "the old key stays until the new name is saved"
    )
    assert deploy_key.copy_key("blog", "diary"), "repeated after an interruption before that"
    deploy_key.remove_key("blog")
    assert not deploy_key.has_key("blog")
    assert deploy_key.make_key("diary") == public
    assert (deploy_key.key_folder("diary") / "known_hosts").read_text() == "a host"
    assert stat.S_IMODE(deploy_key.key_folder("diary").stat().st_mode) == 0o700
    assert stat.S_IMODE(deploy_key.private_key("diary").stat().st_mode) == 0o600
    kept = deploy_key.make_key("blog")
    assert not deploy_key.copy_key("blog", "diary"), "two sites share a key"
    assert (deploy_key.make_key("blog"), deploy_key.make_key("diary")) == (kept, public)
    assert not deploy_key.copy_key("shed", "barn")


def test_interrupted_key_creation_is_repeated(own_places):
    where = deploy_key.make_key_folder("blog")
    (where / ".id_ed25519.new").write_text("half a key")
    (where / "id_ed25519.pub").write_text("of a key that never was")
    assert deploy_key.make_key("blog").startswith("ssh-ed25519 ")
    assert sorted(file.name for file in where.iterdir()) == ["id_ed25519", "id_ed25519.pub"]
