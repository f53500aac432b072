"""Test transactions: all or nothing, and no user data lost in a rollback."""

from __future__ import annotations

import os

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.changes.file import EditedFile, File
from piwizard.changes.link import Link
from piwizard.changes.transaction import Activation, Transaction
from piwizard.engine.cancellation import Stopped
from piwizard.errors import PiwizardError

from .conftest import needs_root, whole

pytestmark = needs_root
REFUSES = ("sh", "-c", "echo 'nginx: [warn] old' >&2; echo 'nginx: [emerg] unknown directive \"x\"' >&2; exit 1")


def edit(text):
    return text if "ours" in text else f"{text}ours\n"


@pytest.fixture
def there(tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "conf").write_text("theirs\n")
    return folder


def group(there, validate=("true",), activate=(), content="ours\n", **more):
    members = (EditedFile(there / "conf", edit, "a line"), File(there / "site", content), Link(there / "on", "site"))
    return Transaction("g", members, validate, activate, **more)


def notify(there):
    return Activation(("sh", "-c", f"echo notify >>{there.parent}/notify"))


def notifications(there):
    file = there.parent / "notify"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_transaction_activates_once(there, working):
    change = group(there, activate=(notify(there),))
    assert working().make(change)
    assert not working().make(change)
    assert notifications(there) == 1
    assert working().make(group(there, activate=(notify(there),), content="ours too\n"))
    assert notifications(there) == 2


def test_refused_transaction_is_rolled_back(there, working, events):
    before = whole(there)
    with pytest.raises(ChangeFailed, match=r'sh refuses the configuration: nginx: \[emerg\] unknown directive "x"'):
        working().make(group(there, validate=REFUSES, activate=(notify(there),)))
    assert whole(there) == before
    assert notifications(there) == 0
    assert len([event for event in events() if event.get("did") == "rolled back"]) == 3
    assert working().make(group(there)), "the change is applied when the cause is gone"


def test_transaction_with_a_failing_member_is_rolled_back(there, working):
    (there / "on").mkdir()
    before = whole(there)
    with pytest.raises(ChangeFailed, match="not a link"):
        working().make(group(there))
    assert whole(there) == before


@pytest.mark.parametrize("error", [Stopped(), OSError(28, "No space left on device"), PiwizardError("no nginx")])
def test_interrupted_transaction_is_rolled_back(there, working, monkeypatch, error):
    """Roll back after a stop, with a full disk, and with a missing program."""
    before = whole(there)
    work = working()

    def fail(*args, **options):
        raise error

    monkeypatch.setattr(work, "command", fail)
    with pytest.raises(type(error)):
        work.make(group(there))
    assert whole(there) == before


def test_failed_activation_is_repeated(there, working):
    gate = there.parent / "gate"
    then = (Activation(("test", "-e", str(gate))), notify(there))
    with pytest.raises(ChangeFailed):
        working().make(group(there, activate=then))
    gate.touch()
    assert working().make(group(there, activate=then))
    assert notifications(there) >= 1
    assert (there / "site").read_text() == "ours\n"
    assert not working().make(group(there, activate=then))


def test_edit_by_hand_after_a_kill_is_kept(there, working):
    """Keep a file that was edited by hand after a run was killed halfway."""
    work = working()
    work.begin("g", [there / "conf", there / "site", there / "on"])
    work.make(EditedFile(there / "conf", edit, "a line"))
    (there / "conf").write_text("edited by hand\n")
    with pytest.raises(ChangeFailed, match="edited by hand"):
        working().make(group(there))
    assert (there / "conf").read_text() == "edited by hand\n"


def test_kill_before_the_first_write_loses_nothing(there, working):
    working().begin("g", [there / "conf", there / "site", there / "on"])
    (there / "conf").write_text("theirs, a year later\n")
    before = whole(there)
    with pytest.raises(ChangeFailed):
        working().make(group(there, validate=("false",)))
    assert whole(there) == before


def test_undo_activates_the_service_too(there, working, undo):
    before = whole(there)
    working().make(group(there, activate=(notify(there),)))
    assert undo() == []
    assert whole(there) == before
    assert notifications(there) == 2


def test_undo_restores_an_unfinished_transaction(there, working, undo, backups):
    before = whole(there)
    with pytest.raises(ChangeFailed):
        working().make(group(there, activate=(Activation(("false",)),)))
    undo()
    assert whole(there) == before
    assert not (backups / "unfinished" / "g.json").exists()
    (there / "conf").write_text("theirs, a year later\n")
    with pytest.raises(ChangeFailed):
        working().make(group(there, validate=("false",)))
    assert (there / "conf").read_text() == "theirs, a year later\n"


def test_replaced_link_of_a_user_is_restored(there, working, undo):
    (there / "default").symlink_to("theirs")
    working().make(Link(there / "default", None))
    working().make(Link(there / "default", None))
    assert not os.path.lexists(there / "default")
    assert undo() == []
    assert os.readlink(there / "default") == "theirs"


def test_link_that_became_a_file_is_kept(there, working, undo):
    working().make(Link(there / "on", "site"))
    (there / "on").unlink()
    (there / "on").write_text("mine")
    assert "no longer a link" in undo()[0]
    assert (there / "on").read_text() == "mine"
