"""Test what a restore replaces, adapts to the new board, and repeats after a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from piwizard.backups import contents
from piwizard.backups.backup_error import BackupError, backup_error
from piwizard.backups.restic import ResticRepository, Snapshot
from piwizard.backups.restored_data import PendingRestore, RestoredData, read_pending, write_pending
from piwizard.backups.target import target_of
from piwizard.changes.base import ChangeFailed
from piwizard.cli.restore_command import restore_command
from piwizard.deploys.pushed_code import bundle_file
from piwizard.engine import run_launch
from piwizard.errors import PiwizardError
from piwizard.setup import pi_restore
from piwizard.setup.answer_store import AnswerStore
from piwizard.system import app_data, dpkg, paths
from piwizard.system.facts.machine_facts import Address, Gateway, Interface, Network

MACHINE = Snapshot("a" * 64, datetime(2026, 11, 30, tzinfo=UTC), "pi", "machine.tar")


@pytest.fixture
def settings(own_places: Path) -> tuple[Path, Path]:
    """The answers and the secrets of a Pi without a site."""
    files = paths.answers_file(), paths.state_dir() / "secrets.json"
    for one, content in zip(files, ("[alerts]\n", "{}"), strict=True):
        one.parent.mkdir(parents=True, exist_ok=True)
        one.write_text(content)
    return files


def test_restore_names_the_files_that_it_replaces(settings, monkeypatch):
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    monkeypatch.setattr(pi_restore, "open_target", lambda *_: pytest.fail("nobody has agreed"))
    done = CliRunner().invoke(restore_command, ["--target", "/mnt/usb"])
    assert done.exit_code != 0
    for one in settings:
        assert str(one) in done.output


def test_replaced_settings_are_kept(settings, own_places, monkeypatch):
    @contextmanager
    def unpacked(*_: object) -> Iterator[Path]:
        folder = own_places / "unpacked"
        for path, content in (("answers/answers.toml", "# the other Pi's\n"), ("state/secrets.json", "{}")):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
        yield folder

    monkeypatch.setattr(pi_restore, "_unpacked", unpacked)
    monkeypatch.setattr(pi_restore, "_restore_folders", lambda *_: None)
    repository = SimpleNamespace(target=target_of("/mnt/usb"), snapshots=lambda *_: [], identity=lambda: "id")
    network = SimpleNamespace(interfaces=(), address=None, gateway=None)
    pi_restore.restore_pi(repository, "a passphrase", MACHINE, network)
    assert settings[0].read_text() == "# the other Pi's\n"
    (copies,) = pi_restore.replaced_folder().iterdir()
    assert {one.name: one.read_text() for one in copies.iterdir()} == {
        "answers.toml": "[alerts]\n",
        "secrets.json": "{}",
    }
    assert all(one.stat().st_mode & 0o077 == 0 for one in (copies, *copies.iterdir()))


def _network(*interfaces: str, address: str = "192.168.1.23", gateway: str = "192.168.1.1") -> Network:
    found = tuple(
        Interface(name, index, "ethernet", None, True, (Address(address, 24, 4, "global", True),), "unknown", None)
        for index, name in enumerate(interfaces)
    )
    return Network(found, Gateway(gateway, interfaces[0]), None, False)


STATIC = '[static_ip]\naddress = "192.168.1.230/24"\ninterface = "eth0"\ngateway = "192.168.1.1"\n'


@pytest.mark.parametrize(
    ("network", "left", "remark"),
    [
        (_network("eth0"), {"address", "interface", "gateway"}, ""),
        (_network("end0"), {"address", "gateway"}, "no interface eth0"),
        (_network("eth0", address="10.0.0.7", gateway="10.0.0.1"), set(), "another network than 192.168.1.230/24"),
        (_network("eth0", gateway="192.168.1.254"), {"address", "interface"}, "192.168.1.254 here"),
    ],
    ids=["same home", "other interface", "other network", "other router"],
)
def test_static_address_is_adapted_to_the_new_board(own_places: Path, network: Network, left: set[str], remark: str):
    paths.answers_file().parent.mkdir(parents=True, exist_ok=True)
    paths.answers_file().write_text(STATIC)
    said = " ".join(pi_restore._adapt(network))
    store = AnswerStore()
    assert {key for key in ("address", "interface", "gateway") if store.get(None, f"static_ip.{key}")} == left
    assert remark in said
    assert bool(said) == bool(remark)


def test_restore_that_lost_power_before_the_answers_begins_again_and_continues_after(own_places: Path):
    write_pending(PendingRestore("/mnt/usb", "", {"blog": MACHINE}))
    assert not pi_restore.continues_restore()
    pi_restore.require_fresh()
    paths.answers_file().parent.mkdir(parents=True, exist_ok=True)
    paths.answers_file().write_text('[site]\nname = "blog"\n')
    assert pi_restore.continues_restore()
    write_pending(PendingRestore("/mnt/usb", "", {}))
    assert not pi_restore.continues_restore()
    with pytest.raises(PiwizardError, match="already has the site blog"):
        pi_restore.require_fresh()


def test_folder_that_lost_power_while_it_was_copied_is_copied_again(own_places: Path):
    source, target = own_places / "source", own_places / "made/letsencrypt"
    source.mkdir()
    for name in ("one", "two"):
        (source / name).write_text(name)
    aside = target.with_name(f".{target.name}.{contents.RESTORING}")
    aside.mkdir(parents=True)
    (aside / "one").write_text("o")
    pi_restore._copy(source, target, 0o755)
    assert {one.name: one.read_text() for one in target.iterdir()} == {"one": "one", "two": "two"}
    assert not aside.exists()
    (target / "two").write_text("of this Pi")
    pi_restore._copy(source, target, 0o755)
    assert (target / "two").read_text() == "of this Pi"


def test_code_that_was_pushed_is_restored(own_places: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("CERTIFICATES", "OWN_SETTINGS", "NGINX_SETTINGS"):
        monkeypatch.setattr(contents, name, own_places / name)
    monkeypatch.setattr(paths, "sites_dir", lambda: own_places / "srv")
    pushed = own_places / "unpacked" / "state" / "deploys" / "blog" / "pushed.bundle"
    pushed.parent.mkdir(parents=True)
    pushed.write_text("# v2 git bundle\n")
    pi_restore._restore_folders(own_places / "unpacked", ["blog"])
    assert bundle_file("blog").read_text() == "# v2 git bundle\n"
    assert bundle_file("blog").parent.stat().st_mode & 0o077 == 0


def test_data_that_was_in_place_before_a_power_cut_is_not_restored_again(own_places: Path, working, monkeypatch):
    monkeypatch.setattr(paths, "sites_dir", lambda: own_places / "srv")
    data = app_data.data_folder("blog")
    data.mkdir(parents=True)
    (data / "note").write_text("restored")
    pending = PendingRestore("/mnt/usb", "", {"blog": MACHINE}, {"blog": data.stat().st_ino})
    write_pending(pending)
    assert read_pending() == pending
    RestoredData("blog").apply(working("app", "blog"))
    assert read_pending() is None
    assert (data / "note").read_text() == "restored"
    write_pending(PendingRestore("/mnt/usb", "", {"blog": MACHINE}))
    with pytest.raises(ChangeFailed, match="has files already"):
        RestoredData("blog").apply(working("app", "blog"))


def test_sftp_server_that_refuses_a_new_pi_gets_its_key(own_places: Path, monkeypatch):
    def refuse(self: ResticRepository) -> str:
        raise backup_error("refused", self.target.location)

    monkeypatch.setattr(ResticRepository, "identity", refuse)
    monkeypatch.setattr(dpkg, "installed_versions", lambda: {"restic": "0.18"})
    with pytest.raises(BackupError) as refused:
        pi_restore.open_target(target_of("sftp://pi@nas.lan/backup"), "a passphrase")
    assert refused.value.reason == "refused"
    assert "authorized_keys at pi@nas.lan, then try again: ssh-ed25519 " in str(refused.value.hint)
