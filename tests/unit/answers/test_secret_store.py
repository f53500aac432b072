"""Secrets: where they come from, and where they stay."""

from __future__ import annotations

import json
import stat

import pytest

from piwizard.answers.secret_store import Vault
from piwizard.errors import PiwizardError

GENERATE = {"app.env.SECRET_KEY": {"generate": 32}}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "lib" / "piwizard"


def test_a_generated_secret_stays_the_same(folder):
    vault = Vault(folder)
    first = vault.resolve("myflask", GENERATE)
    assert len(first["app.env.SECRET_KEY"]) == 32
    assert vault.resolve("myflask", GENERATE) == first
    assert not folder.exists(), "nothing is written before it is saved"
    vault.save()
    assert Vault(folder).resolve("myflask", GENERATE) == first
    assert Vault(folder).resolve("blog", GENERATE) != first


def test_only_root_can_read_the_file(folder):
    vault = Vault(folder)
    vault.resolve("myflask", GENERATE)
    vault.save()
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600


def test_a_secret_of_the_environment_is_kept_for_later(folder, monkeypatch):
    source = {"app.env.API_KEY": {"env": "TULIPS"}}
    with pytest.raises(PiwizardError, match="environment variable TULIPS is not set") as refused:
        Vault(folder).resolve("myflask", source)
    assert refused.value.key == "app.env.API_KEY"
    monkeypatch.setenv("TULIPS", "red ones")
    vault = Vault(folder)
    vault.resolve("myflask", source)
    vault.save()
    monkeypatch.delenv("TULIPS")
    assert Vault(folder).resolve("myflask", source) == {"app.env.API_KEY": "red ones"}
    monkeypatch.setenv("TULIPS", "white ones")
    assert Vault(folder).resolve("myflask", source) == {"app.env.API_KEY": "white ones"}


def test_a_secret_of_a_file(folder, tmp_path):
    source = {"app.env.API_KEY": {"file": str(tmp_path / "key")}}
    with pytest.raises(PiwizardError, match="there is no file"):
        Vault(folder).resolve("myflask", source)
    (tmp_path / "key").write_text("red ones\n")
    vault = Vault(folder)
    assert vault.resolve("myflask", source) == {"app.env.API_KEY": "red ones"}
    vault.save()
    (tmp_path / "key").unlink()
    assert Vault(folder).resolve("myflask", source) == {"app.env.API_KEY": "red ones"}


@pytest.mark.parametrize("content", ["", "\n", "two\nlines"])
def test_a_secret_that_cannot_be_one_line_is_refused_without_repeating_it(folder, tmp_path, content):
    (tmp_path / "key").write_text(content)
    with pytest.raises(PiwizardError, match="empty, or holds line breaks") as refused:
        Vault(folder).resolve("myflask", {"app.env.API_KEY": {"file": str(tmp_path / "key")}})
    assert "two" not in refused.value.message


def test_a_secret_that_is_asked_for(folder):
    source = {"ddns.password": {"asked": True}}
    with pytest.raises(PiwizardError, match="was not given yet") as refused:
        Vault(folder).resolve(None, source)
    assert refused.value.key == "ddns.password"
    vault = Vault(folder)
    vault.keep(None, "ddns.password", "red ones")
    assert vault.knows(None, "ddns.password")
    vault.save()
    assert Vault(folder).resolve(None, source) == {"ddns.password": "red ones"}
    assert not Vault(folder).knows("myflask", "ddns.password")


def test_two_vaults_lose_nothing_of_each_other(folder):
    one, other = Vault(folder), Vault(folder)
    one.keep("myflask", "app.env.A", "red ones")
    other.keep("myflask", "app.env.B", "white ones")
    one.save()
    other.save()
    assert {secret.value for secret in one.secrets()} == {"red ones", "white ones"}
    assert one.resolve("myflask", {"app.env.B": {"asked": True}}) == {"app.env.B": "white ones"}


def test_saving_what_is_there_already_writes_nothing(folder):
    vault = Vault(folder)
    vault.keep("myflask", "app.env.A", "red ones")
    vault.save()
    before = (folder / "secrets.json").stat().st_mtime_ns
    again = Vault(folder)
    again.keep("myflask", "app.env.A", "red ones")
    again.save()
    again.save()
    assert (folder / "secrets.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("content", ["{", '"text"', "[1]", '{"myflask": 5}', "\xff"])
def test_a_spoilt_file_is_named_and_left_alone(folder, content):
    folder.mkdir(parents=True)
    (folder / "secrets.json").write_text(content)
    with pytest.raises(PiwizardError, match=r"secrets\.json cannot be read"):
        Vault(folder).resolve("myflask", GENERATE)
    assert (folder / "secrets.json").read_text() == content


def test_the_secrets_of_a_site_follow_its_new_name(folder):
    vault = Vault(folder)
    vault.keep("myflsk", "app.env.A", "red ones")
    vault.rename("myflsk", "myflask")
    vault.save()
    assert json.loads((folder / "secrets.json").read_text())["myflask"] == {"app.env.A": "red ones"}
