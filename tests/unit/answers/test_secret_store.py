"""Test the sources of secrets, and the store that keeps them."""

from __future__ import annotations

import json
import secrets
import stat

import pytest

from piwizard.answers.secret_store import NOT_GENERATED, SecretStore
from piwizard.errors import PiwizardError

GENERATE = {"app.env.SECRET_KEY": {"generate": 32}}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "lib" / "piwizard"


def kept(folder, site, source):
    """Read and save the secrets of these sources, as a run does."""
    store = SecretStore(folder)
    store.generate(site, source)
    store.save()
    return SecretStore(folder).resolve(site, source)


def test_generated_secret_stays_the_same(folder):
    store = SecretStore(folder)
    store.generate("myflask", GENERATE)
    first = store.resolve("myflask", GENERATE)
    assert len(first["app.env.SECRET_KEY"]) == 32
    assert not folder.exists(), "the file was written before save"
    store.save()
    assert kept(folder, "myflask", GENERATE) == first
    assert kept(folder, "blog", GENERATE) != first


def test_resolve_generates_and_writes_nothing(folder, monkeypatch):
    monkeypatch.setattr(secrets, "token_urlsafe", None)
    store = SecretStore(folder)
    assert store.resolve("myflask", GENERATE) == {"app.env.SECRET_KEY": NOT_GENERATED}
    assert store.secrets() == []
    store.save()
    assert not folder.exists()


def test_resolved_secret_is_hidden_before_it_is_kept(folder, monkeypatch):
    monkeypatch.setenv("TULIPS", "red ones")
    store = SecretStore(folder)
    store.resolve("myflask", {"app.env.API_KEY": {"env": "TULIPS"}})
    assert [(one.value, one.name) for one in store.secrets()] == [("red ones", "API_KEY")]
    store.save()
    assert not folder.exists()


def test_file_is_readable_by_root_only(folder):
    kept(folder, "myflask", GENERATE)
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600


def test_secret_from_the_environment_is_kept(folder, monkeypatch):
    source = {"app.env.API_KEY": {"env": "TULIPS"}}
    with pytest.raises(PiwizardError, match="environment variable TULIPS is not set") as refused:
        SecretStore(folder).resolve("myflask", source)
    assert refused.value.key == "app.env.API_KEY"
    monkeypatch.setenv("TULIPS", "red ones")
    kept(folder, "myflask", source)
    monkeypatch.delenv("TULIPS")
    assert SecretStore(folder).resolve("myflask", source) == {"app.env.API_KEY": "red ones"}
    monkeypatch.setenv("TULIPS", "white ones")
    assert SecretStore(folder).resolve("myflask", source) == {"app.env.API_KEY": "white ones"}


def test_secret_from_a_file_is_kept(folder, tmp_path):
    source = {"app.env.API_KEY": {"file": str(tmp_path / "key")}}
    with pytest.raises(PiwizardError, match="does not exist"):
        SecretStore(folder).resolve("myflask", source)
    (tmp_path / "key").write_text("red ones\n")
    assert kept(folder, "myflask", source) == {"app.env.API_KEY": "red ones"}
    (tmp_path / "key").unlink()
    assert SecretStore(folder).resolve("myflask", source) == {"app.env.API_KEY": "red ones"}


@pytest.mark.parametrize("content", ["", "\n", "two\nlines"])
def test_secret_of_several_lines_is_refused_without_repeating_it(folder, tmp_path, content):
    (tmp_path / "key").write_text(content)
    with pytest.raises(PiwizardError, match="empty or has line breaks") as refused:
        SecretStore(folder).resolve("myflask", {"app.env.API_KEY": {"file": str(tmp_path / "key")}})
    assert "two" not in refused.value.message


def test_entered_secret_is_kept(folder):
    source = {"ddns.password": {"asked": True}}
    with pytest.raises(PiwizardError, match="is missing") as refused:
        SecretStore(folder).resolve(None, source)
    assert refused.value.key == "ddns.password"
    store = SecretStore(folder)
    store.keep(None, "ddns.password", "red ones")
    assert store.knows(None, "ddns.password")
    store.save()
    assert SecretStore(folder).resolve(None, source) == {"ddns.password": "red ones"}
    assert not SecretStore(folder).knows("myflask", "ddns.password")


def test_two_stores_keep_what_the_other_wrote(folder):
    one, other = SecretStore(folder), SecretStore(folder)
    one.keep("myflask", "app.env.A", "red ones")
    other.keep("myflask", "app.env.B", "white ones")
    one.save()
    other.save()
    assert {secret.value for secret in one.secrets()} == {"red ones", "white ones"}
    assert one.resolve("myflask", {"app.env.B": {"asked": True}}) == {"app.env.B": "white ones"}


def test_saving_the_same_secret_again_writes_nothing(folder):
    store = SecretStore(folder)
    store.keep("myflask", "app.env.A", "red ones")
    store.save()
    before = (folder / "secrets.json").stat().st_mtime_ns
    again = SecretStore(folder)
    again.keep("myflask", "app.env.A", "red ones")
    again.save()
    again.save()
    assert (folder / "secrets.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("content", ["{", '"text"', "[1]", '{"myflask": 5}', "\xff"])
def test_invalid_file_is_named_and_kept(folder, content):
    folder.mkdir(parents=True)
    (folder / "secrets.json").write_text(content)
    with pytest.raises(PiwizardError, match=r"secrets\.json cannot be read"):
        SecretStore(folder).resolve("myflask", GENERATE)
    assert (folder / "secrets.json").read_text() == content


def test_secrets_of_a_site_follow_its_new_name(folder):
    store = SecretStore(folder)
    store.keep("myflsk", "app.env.A", "red ones")
    store.rename("myflsk", "myflask")
    store.save()
    assert json.loads((folder / "secrets.json").read_text())["myflask"] == {"app.env.A": "red ones"}
