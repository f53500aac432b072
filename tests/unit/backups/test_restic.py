"""Test backups with the real restic: what it saves, and how it explains its failures."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from piwizard.backups import restic_process
from piwizard.backups.backup_error import BackupError, explain_failure
from piwizard.backups.restic import ResticRepository
from piwizard.backups.target import target_of
from tests.unit.backups.conftest import PASSPHRASE, packing, unpacking

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def _data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    (data / "note.txt").write_text("hello")
    return data


def test_saved_folder_is_restored(repository: ResticRepository, tmp_path: Path) -> None:
    data = _data(tmp_path)
    (data / "pictures").mkdir()
    (data / "pictures" / "large").write_bytes(os.urandom(5 << 20))
    (data / "link").symlink_to("note.txt")
    saved = repository.save("site-blog.tar", "pi", NOW, packing(data))
    [snapshot] = repository.snapshots("pi", "site-blog.tar")
    assert snapshot.id.startswith(saved)
    assert snapshot.at == NOW
    said: list[str] = []
    repository.load(snapshot, unpacking(tmp_path / "restored", said))
    assert '"complete": true' in said[0]
    assert subprocess.run(["diff", "--no-dereference", "-r", data, tmp_path / "restored"], check=False).returncode == 0


def test_failed_archive_leaves_no_snapshot(repository: ResticRepository) -> None:
    def write(pipe: int) -> None:
        os.write(pipe, b"the beginning of an archive")
        raise PermissionError("the rest cannot be read")

    with pytest.raises(PermissionError):
        repository.save("site-blog.tar", "pi", NOW, write)
    assert repository.snapshots() == []


def test_wrong_passphrase_is_named(repository: ResticRepository) -> None:
    with pytest.raises(BackupError) as refused:
        ResticRepository(repository.target, "wrong").identity()
    assert refused.value.reason == "passphrase"
    assert not refused.value.retried


def test_missing_drive_is_away_and_retried(repository: ResticRepository, tmp_path: Path) -> None:
    shutil.move(tmp_path / "target", tmp_path / "unplugged")
    with pytest.raises(BackupError) as refused:
        repository.save("site-blog.tar", "pi", NOW, packing(_data(tmp_path)))
    assert refused.value.reason == "away"
    assert refused.value.retried
    assert not (tmp_path / "target").exists(), "nothing is written to the mount point"


def test_sftp_server_is_trusted_at_the_first_connection_only(tmp_path: Path) -> None:
    target = target_of("sftp://pi@nas.lan//srv/backup")
    repository = ResticRepository(target, PASSPHRASE, ssh_key=tmp_path / "id_ed25519")
    asked = next(option for option in repository._options if option.startswith("sftp.command="))
    said = subprocess.run(
        [*asked.removeprefix("sftp.command=").split()[:-3], "-G", "nas.lan"], capture_output=True, text=True, check=True
    )
    settings = dict(line.split(" ", 1) for line in said.stdout.splitlines() if " " in line)
    assert settings["stricthostkeychecking"] == "accept-new"
    assert settings["userknownhostsfile"] == str(tmp_path / "known_hosts")


def test_empty_folder_has_no_backups(tmp_path: Path, repository: ResticRepository) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BackupError) as refused:
        ResticRepository(target_of(str(tmp_path / "empty")), PASSPHRASE).identity()
    assert refused.value.reason == "missing"


@pytest.mark.nightly  # restic tries for more than a minute
def test_target_that_disappears_meanwhile_is_named_and_the_next_backup_works(
    repository: ResticRepository, tmp_path: Path
) -> None:
    target = tmp_path / "target"

    def write(pipe: int) -> None:
        for _ in range(3):
            os.write(pipe, os.urandom(1 << 20))
        shutil.move(target, tmp_path / "unplugged")
        for _ in range(60):
            os.write(pipe, os.urandom(1 << 20))

    with pytest.raises(BackupError) as refused:
        repository.save("site-blog.tar", "pi", NOW, write)
    assert refused.value.reason in ("away", "missing")
    shutil.rmtree(target, ignore_errors=True)
    shutil.move(tmp_path / "unplugged", target)
    repository.unlock()
    assert repository.save("site-blog.tar", "pi", NOW, packing(_data(tmp_path)))
    assert len(repository.snapshots()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_full_target_is_named_and_keeps_earlier_backups(tmp_path: Path, repository: ResticRepository) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", disk], check=False).returncode != 0:
        pytest.skip("this machine allows no mounts")
    try:
        shutil.copytree(tmp_path / "target", disk / "target")
        small = ResticRepository(target_of(str(disk / "target")), PASSPHRASE)
        small.save("site-blog.tar", "pi", NOW, packing(_data(tmp_path)))
        (tmp_path / "data" / "large").write_bytes(os.urandom(20 << 20))
        with pytest.raises(BackupError) as refused:
            small.save("site-blog.tar", "pi", NOW, packing(tmp_path / "data"))
        assert refused.value.reason == "full"
        [kept] = small.snapshots()
        said: list[str] = []
        small.load(kept, unpacking(tmp_path / "restored", said))
        assert (tmp_path / "restored" / "note.txt").read_text() == "hello"
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_killed_backup_and_prune_lose_nothing(repository: ResticRepository, tmp_path: Path) -> None:
    data = _data(tmp_path)
    repository.save("site-blog.tar", "pi", NOW, packing(data))
    (data / "large").write_bytes(os.urandom(24 << 20))
    env = {**os.environ, "RESTIC_PASSWORD": PASSPHRASE, "RESTIC_REPOSITORY": str(tmp_path / "target")}
    with subprocess.Popen(["restic", "backup", "--stdin"], stdin=subprocess.PIPE, env=env) as killed:
        assert killed.stdin is not None
        killed.stdin.write(os.urandom(24 << 20))
        killed.kill()
    with subprocess.Popen(["restic", "prune"], env=env, stdout=subprocess.PIPE, text=True) as pruning:
        assert pruning.stdout is not None
        pruning.stdout.readline()
        pruning.kill()
    repository.unlock()
    repository.save("site-blog.tar", "pi", NOW + timedelta(hours=1), packing(data))
    repository.forget("pi")
    repository.verify("100%")
    assert len(repository.snapshots("pi")) == 2


def test_two_pis_share_a_repository(repository: ResticRepository, tmp_path: Path) -> None:
    data = _data(tmp_path)
    other = ResticRepository(repository.target, PASSPHRASE)
    writers = [
        threading.Thread(target=one.save, args=("site-blog.tar", host, NOW, packing(data)))
        for one, host in ((repository, "pi-one"), (other, "pi-two"))
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    repository.forget("pi-one")
    assert len(repository.snapshots("pi-two")) == 1
    assert len(repository.snapshots("pi-one")) == 1
    repository.verify("100%")


@pytest.mark.parametrize(("kind", "minutes", "removed"), [("rest", 1, False), ("rest", 40, True), ("folder", 1, True)])
def test_lock_of_another_pi_with_the_same_name_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, minutes: int, removed: bool
) -> None:
    lock = {
        "time": (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(),
        "hostname": socket.gethostname(),
        "pid": 4_000_000,
    }
    asked: list[str] = []

    def answer(self: ResticRepository, words: tuple[str, ...]) -> bytes:
        return json.dumps(lock).encode() if words[0] == "cat" else b"a" * 64

    monkeypatch.setattr(ResticRepository, "_text", answer)
    monkeypatch.setattr(ResticRepository, "_checked", lambda self, words: asked.extend(words))
    target = target_of("rest:https://nas.lan/" if kind == "rest" else str(tmp_path))
    ResticRepository(target, PASSPHRASE).unlock()
    assert asked == ["unlock"] * removed


@pytest.mark.nightly
def test_retention_keeps_days_weeks_and_months(repository: ResticRepository, tmp_path: Path) -> None:
    data = _data(tmp_path)
    for days in (0, 0.1, 1, 2, 3, 9, 40, 80):
        repository.save("site-blog.tar", "pi", NOW - timedelta(days=days), packing(data))
    repository.forget("pi")
    kept = {round((NOW - one.at).total_seconds() / 86400, 1) for one in repository.snapshots("pi")}
    assert kept >= {0, 1, 2, 3, 9, 40, 80}


def test_damaged_snapshot_is_found(repository: ResticRepository, tmp_path: Path) -> None:
    data = _data(tmp_path)
    (data / "large").write_bytes(os.urandom(1 << 20))
    repository.save("site-blog.tar", "pi", NOW, packing(data))
    pack = max((tmp_path / "target" / "data").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    content[1000:2000] = bytes(1000)
    pack.write_bytes(content)
    [snapshot] = repository.snapshots()
    with pytest.raises((BackupError, subprocess.CalledProcessError)):
        repository.load(snapshot, unpacking(tmp_path / "restored", []))
    with pytest.raises(BackupError) as found:
        repository.verify("100%")
    assert found.value.reason == "damaged"


def test_target_that_needs_too_much_memory_is_named(
    repository: ResticRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """restic keeps the list of all data in memory, and a server may send one without end."""
    monkeypatch.setattr(restic_process, "LEAST_MEMORY_MIB", 20)
    monkeypatch.setattr(restic_process, "MEMORY_SHARE", 0)
    with pytest.raises(BackupError, match="more memory") as refused:
        repository.snapshots()
    assert refused.value.reason == "memory"


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        (12, "Fatal: anything", "passphrase"),
        (11, "unable to create lock in backend: repository is already locked by PID 1 on other-pi", "locked"),
        (1, "Fatal: unable to create lock in backend: repository is already locked exclusively", "locked"),
        (1, "write /mnt/x: no space left on device\nunable to create lock in backend", "full"),
        (1, "open /mnt/x: read-only file system\nunable to create lock in backend", "refused"),
        (2, "fatal error: runtime: out of memory", "memory"),
        (2, "runtime/cgo: pthread_create failed: Resource temporarily unavailable", "memory"),
        (-9, "", "memory"),
        (1, "dial tcp: lookup nas.lan: no such host", "away"),
        (1, "Fatal: create repository failed: Access Denied.", "refused"),
        (1, "something new", "other"),
    ],
)
def test_failure_has_a_reason(code: int, said: str, reason: str) -> None:
    assert explain_failure(code, said, "/mnt/usb").reason == reason


@pytest.mark.parametrize("name", ["usb-403", "unauthorized", "wrong password or no key found"])
def test_name_of_the_target_is_no_reason(name: str) -> None:
    target = f"/mnt/{name}/backup"
    said = f"Fatal: unable to open config file: stat {target}/config: no such file or directory"
    assert explain_failure(1, said, target).reason == "missing"


def test_secrets_are_in_no_argument(repository: ResticRepository, tmp_path: Path) -> None:
    seen: list[str] = []

    def write(pipe: int) -> None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                seen.append((folder / "cmdline").read_bytes().decode("utf-8", "replace"))
            except OSError:
                continue
        os.write(pipe, b"x")

    repository.save("site-blog.tar", "pi", NOW, write)
    assert any("--stdin-filename" in line for line in seen)
    assert not any(PASSPHRASE in line for line in seen)
