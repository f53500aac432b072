"""Test the record of backups, the passphrase, and what targets are accepted."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from piwizard.answers.validators import Invalid
from piwizard.apps.page_facts import PageFacts, decode_page
from piwizard.backups import backup_record, backup_run, contents, restored_data
from piwizard.backups.archive_packer import pack
from piwizard.backups.archive_report import PackReport
from piwizard.backups.backup_error import BackupError
from piwizard.backups.backup_record import LastBackup, LastProof, ProvenSite, SavedSite
from piwizard.backups.recovery_sheet import RecoverySheet, generate_passphrase, normalize_passphrase
from piwizard.backups.restic import ResticRepository, Snapshot
from piwizard.backups.target import backup_target, target_of
from piwizard.changes import swap
from piwizard.cli.overview_lines import describe_backups
from piwizard.errors import PiwizardError
from piwizard.network import internet_time
from piwizard.network.internet_time import ClockReading
from piwizard.setup import backup_proof, backup_status, site_restore
from piwizard.steps.backup import check_age

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def _ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")


def test_record_is_read_as_written():
    last = LastBackup(_ago(1), True, sites={"blog": SavedSite("abc", 3, 100, ("data/x.db",))})
    proof = LastProof(_ago(2), False, "damaged", {"blog": ProvenSite(False, "damaged", "abc", 2, 500)})
    backup_record.update_record(host="pi-1", repository="id", last=last, proof=proof)
    found = backup_record.read_record()
    assert (found.host, found.last, found.proof) == ("pi-1", last, proof)


def test_record_of_a_newer_version_is_refused():
    backup_record.update_record(host="pi-1")
    backup_record.record_file().write_text('{"version": 99}')
    with pytest.raises(PiwizardError, match="newer version"):
        backup_record.read_record()


def test_two_pis_with_one_host_name_have_different_names_in_the_repository():
    first = backup_record.host_name("raspberrypi")
    assert backup_record.host_name("raspberrypi") == first
    backup_record.record_file().unlink()
    assert backup_record.host_name("raspberrypi") != first


def test_passphrase_is_accepted_as_people_type_it():
    phrase = generate_passphrase()
    assert normalize_passphrase(f" {phrase.upper().replace('-', ' ')}\n") == phrase
    assert normalize_passphrase("My own - phrase") == "My own - phrase"


def test_sheet_has_what_a_new_pi_needs():
    sheet = RecoverySheet(target_of("s3:https://s3.example.org/pi", "key", "hush-hush"), "pass", "pi-1")
    assert [value for _, value in sheet.rows] == ["s3:https://s3.example.org/pi", "key", "hush-hush", "pass", "pi-1"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("/mnt/usb/backup", "folder"),
        ("/media/pi/My Drive/backup", "folder"),
        ("sftp://pi@nas.lan:2222//srv/backup", "sftp"),
        ("s3:https://s3.example.org/bucket/folder", "s3"),
        ("rest:http://192.168.1.5:8000/pi/", "rest"),
        ("rclone:drive:pi/backup", "rclone"),
    ],
)
def test_target_is_accepted(given: str, kind: str):
    assert target_of(backup_target(given)).kind == kind


@pytest.mark.parametrize(
    "given",
    [
        "relative/folder",
        "/etc/backup",
        "/srv/blog/data",
        "/mnt/../etc",
        "/",
        "rest:https://me:secret@example.org/",
        "sftp://pi@nas/-oProxyCommand=x y",
        "sftp://-oProxyCommand=x@nas/a b",
        "s3:https://s3.example.org/",
        "file:///etc",
    ],
)
def test_unusable_target_is_refused(given: str):
    with pytest.raises(Invalid):
        backup_target(given)


def test_age_is_a_problem_only_after_several_failures():
    fresh = backup_record.BackupRecord()
    assert check_age(fresh, "daily").ok
    failed = LastBackup(_ago(0), False, "away", "The target cannot be reached.")
    assert not check_age(backup_record.BackupRecord(last=failed), "daily").ok
    assert check_age(backup_record.BackupRecord(succeeded_at=_ago(30), last=failed), "daily").ok
    assert not check_age(backup_record.BackupRecord(succeeded_at=_ago(80), last=failed), "daily").ok


@pytest.mark.parametrize("reason", ["full", "missing", "passphrase", "damaged", "memory"])
def test_what_only_a_person_ends_is_a_problem_at_once(reason: str):
    failed = LastBackup(_ago(0), False, reason, "The backup target is full.")
    assert not check_age(backup_record.BackupRecord(succeeded_at=_ago(1), last=failed), "daily").ok
    assert check_age(backup_record.BackupRecord(succeeded_at=_ago(1), last=LastBackup(_ago(0), True)), "daily").ok


def test_failed_proof_is_the_problem_shown():
    assert backup_status.backup_status() is None
    proof = LastProof(_ago(1), False, "blog: The database app.db is damaged.")
    backup_record.update_record(repository="id", succeeded_at=_ago(1), last=LastBackup(_ago(1), True), proof=proof)
    found = backup_status.backup_status()
    assert found is not None
    assert "app.db" in found.problem
    assert found.unsaved


def test_files_that_the_last_backup_lacks_are_shown():
    site = SavedSite("abc", 3, 100, changing=("data/log.txt",), damaged=("data/x.db",), skipped=("data/pipe",))
    backup_record.update_record(
        repository="id", succeeded_at=_ago(1), last=LastBackup(_ago(1), True, sites={"blog": site})
    )
    found = backup_status.backup_status()
    assert found is not None
    assert found.lacking == ("blog: data/pipe", "blog: data/log.txt", "blog: data/x.db")
    assert describe_backups(found).endswith("not saved whole: blog: data/pipe and 2 more")


def test_restore_takes_the_last_snapshot_before_a_time():
    snapshots = [Snapshot(str(hour), NOW + timedelta(hours=hour), "pi", "site-blog.tar") for hour in range(4)]
    snapshots.append(Snapshot("other", NOW + timedelta(hours=9), "pi", "site-shop.tar"))
    assert site_restore.choose_snapshot(snapshots, "blog", None).id == "3"
    assert site_restore.choose_snapshot(snapshots, "blog", NOW + timedelta(minutes=90)).id == "1"
    with pytest.raises(PiwizardError, match="no backup of blog from"):
        site_restore.choose_snapshot(snapshots, "blog", NOW - timedelta(minutes=1))
    with pytest.raises(PiwizardError, match="no backup of wiki"):
        site_restore.choose_snapshot(snapshots, "wiki", None)


def test_pending_restore_ends_with_its_last_site():
    snapshot = Snapshot("a" * 64, NOW, "pi", "site-blog.tar")
    restored_data.write_pending(restored_data.PendingRestore("/mnt/usb", "", {"blog": snapshot}))
    assert restored_data.read_pending() == restored_data.PendingRestore("/mnt/usb", "", {"blog": snapshot})
    assert [one.site for one in restored_data.restored_data("blog")] == ["blog"]
    assert restored_data.restored_data("shop") == ()
    restored_data.write_pending(restored_data.PendingRestore("/mnt/usb", "", {}))
    assert restored_data.read_pending() is None


def _pack(folder):
    def write(site: str, pipe: int) -> PackReport:
        with open(pipe, "wb", closefd=False) as output:
            return pack(folder, output)

    return write


def _clock(monkeypatch: pytest.MonkeyPatch, offset: timedelta) -> None:
    here = datetime.now(UTC)
    monkeypatch.setattr(internet_time, "read_clock", lambda: ClockReading(here, here - offset))


def test_backup_is_recorded_with_all_its_archives(
    repository: ResticRepository, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "note").write_text("hello")
    _clock(monkeypatch, timedelta(0))
    page = PageFacts(200, "text/html", 12, "Blog")
    record = backup_run.make_backup(
        repository,
        "pi-1",
        ("blog", "shop"),
        pack=_pack(tmp_path / "data"),
        page=lambda site: page if site == "blog" else None,
    )
    assert record.last is not None
    assert record.last.ok
    assert [decode_page(record.last.sites[site].page) for site in ("blog", "shop")] == [page, None]
    assert backup_record.read_record() == record
    assert record.last.sites["blog"].files == 1
    names = sorted(one.name for one in repository.snapshots("pi-1"))
    assert names == [contents.MACHINE, "site-blog.tar", "site-shop.tar"]


def test_page_of_the_newest_snapshot_is_known_after_a_failed_attempt(
    repository: ResticRepository, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "data").mkdir()
    _clock(monkeypatch, timedelta(0))
    page, pack_data = PageFacts(200, "text/html", 12, "Blog"), _pack(tmp_path / "data")
    backup_run.make_backup(repository, "pi-1", ("blog", "shop"), pack=pack_data, page=lambda site: page)
    _clock(monkeypatch, timedelta(days=3650))
    with pytest.raises(BackupError):
        backup_run.make_backup(repository, "pi-1", ("blog", "shop"), pack=pack_data)
    [snapshot] = repository.snapshots("pi-1", "site-blog.tar")
    saved = backup_proof.saved_site("blog", snapshot)
    assert saved is not None
    assert decode_page(saved.page) == page
    _clock(monkeypatch, timedelta(0))
    backup_run.make_backup(repository, "pi-1", ("blog",), pack=pack_data)
    assert backup_proof.saved_site("blog", snapshot) is None
    assert list(backup_record.read_record().newest) == ["blog"]  # the other site is no longer here


def test_site_that_cannot_be_packed_leaves_the_others_saved(
    repository: ResticRepository, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "data").mkdir()
    _clock(monkeypatch, timedelta(0))
    pack_well = _pack(tmp_path / "data")

    def pack_some(site: str, pipe: int) -> PackReport:
        if site != "shop":
            raise BackupError("other", f"The data of {site} could not be saved.", hint="Free space.")
        return pack_well(site, pipe)

    with pytest.raises(BackupError, match=r"blog could not be saved. The data of wiki"):
        backup_run.make_backup(repository, "pi-1", ("blog", "shop", "wiki"), pack=pack_some)
    assert sorted(one.name for one in repository.snapshots("pi-1")) == [contents.MACHINE, "site-shop.tar"]
    last = backup_record.read_record().last
    assert last is not None
    assert (last.ok, list(last.sites)) == (False, ["shop"])


def test_backup_with_a_clock_years_off_is_refused_and_retried(
    repository: ResticRepository, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    _clock(monkeypatch, timedelta(days=3650))
    with pytest.raises(BackupError) as refused:
        backup_run.make_backup(repository, "pi-1", (), pack=_pack(tmp_path))
    assert (refused.value.reason, refused.value.retried) == ("clock", True)
    assert repository.snapshots() == []
    last = backup_record.read_record().last
    assert last is not None
    assert last.reason == "clock"


def test_another_drive_at_the_same_place_is_refused(
    repository: ResticRepository, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    _clock(monkeypatch, timedelta(0))
    backup_record.update_record(repository="that of another drive")
    with pytest.raises(BackupError, match="another drive"):
        backup_run.make_backup(repository, "pi-1", (), pack=_pack(tmp_path))
    assert repository.snapshots() == []


def test_machine_archive_has_answers_and_secrets(own_paths):
    (own_paths / "lib").mkdir()
    (own_paths / "lib" / "secrets.json").write_text("{}")
    output = io.BytesIO()
    contents.pack_machine(output, ("blog",))
    assert b"state/secrets.json" in output.getvalue()


def test_machine_archive_has_no_swap_of_a_build(own_paths):
    swap.file().parent.mkdir(parents=True, exist_ok=True)
    swap.file().write_bytes(b"memory of any process")
    output = io.BytesIO()
    contents.pack_machine(output, ())
    assert b"memory" not in output.getvalue()


def test_machine_archive_has_nothing_that_a_test_or_restore_unpacked(own_paths):
    for name in (contents.PROOF, contents.RESTORING):
        (own_paths / "lib" / name / "blog").mkdir(parents=True)
    output = io.BytesIO()
    contents.pack_machine(output, ())
    assert b"blog" not in output.getvalue()
