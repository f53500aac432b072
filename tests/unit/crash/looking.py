"""Open the state after a power cut with piwizard's own code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from click.testing import CliRunner

from piwizard.changes.base import ChangeFailed
from piwizard.dns import update_request
from piwizard.dns.ddns_account import Account
from piwizard.dns.providers import PROVIDERS
from piwizard.dns.verify_account import VerifyAccount
from piwizard.engine import run_launch, run_log
from piwizard.engine.run_log import Recorder, runs
from piwizard.engine.transactions import TransactionBackup
from piwizard.engine.undo_journal import Journal
from piwizard.git import deploy_key, host_keys
from piwizard.network import address_rollback, address_trial
from piwizard.setup import status, workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.system import files, paths
from piwizard.system.system_cache import SystemCache
from piwizard.tls import rate_limits
from tests.unit.crash.promises import Name

FOLDERS = {"state": "lib", "log": "log", "cache": "cache", "config": "etc", "runtime": "run"}


@contextmanager
def piwizard_in(root: Path) -> Iterator[None]:
    """Move all files of piwizard below a folder."""
    found = {f"user_{name}_path": root / folder for name, folder in FOLDERS.items()}
    units = root / "units"
    boot = units / address_rollback.BOOT_UNIT.name
    with (
        mock.patch.object(paths, "_dirs", return_value=SimpleNamespace(**found)),
        mock.patch.multiple(
            address_rollback,
            BOOT_UNIT=boot,
            BOOT_UNIT_LINK=units / "wants" / boot.name,
            NOTICE_FILE=root / "run/notice",
        ),
    ):
        yield


def read_promised(root: Path, names: Iterable[Name]) -> dict[Name, Any]:
    """Return what is found for each name; the caller reports errors."""
    state = workspace.state()
    assert not state.trouble, state.trouble
    planner = workspace.planner(None)
    status.remembered(planner, state)
    backups = workspace.backups()
    for run in runs():
        run_log.read(run_launch.folder(run))
    for index in (workspace.backups_dir() / "unfinished").glob("*.json"):
        unfinished = TransactionBackup(workspace.backups_dir(), index.stem)
        for entry in json.loads(index.read_text()):
            copy = entry["copy"]
            assert copy is None or (workspace.backups_dir() / "unfinished" / index.stem / copy).exists(), (
                f"the group {index.stem} could not be taken back"
            )
        assert unfinished
    for file in (root / "machine").rglob("*"):
        if file.is_file() and not file.is_symlink():
            _accounted_for(file, backups.wrote)
    rate_limits.Attempts(paths.state_dir() / "attempts.json").read_all()
    address_trial.current_trial()
    return {name: READERS[name[0]](*name[1:]) for name in names}


def _accounted_for(file: Path, wrote: Callable[[Path, str], bool]) -> None:
    """Assert that a file is unchanged, or known as written by piwizard."""
    content = file.read_bytes()
    if content.startswith(b"theirs") or not content:
        return
    if file.name.endswith(".piwizard-new"):
        return
    assert wrote(file, files.digest(content)), f"{file.name} was replaced, and the journal does not know"


def _answer(site: str, key: str) -> Any:
    return AnswerStore().get(site or None, key)


def _secret(site: str, key: str) -> str | None:
    vault = workspace.secret_store()
    return vault.resolve(site or None, {key: {"asked": True}})[key] if vault.knows(site or None, key) else None


def _state(step: str, site: str) -> list[str] | None:
    entry = workspace.state().entry(step, site or None)
    return [entry.result, entry.run] if entry else None


def _event(run: str, number: str) -> bool | None:
    return any(event.get("nth") == int(number) for event in run_log.read(run_launch.folder(run))) or None


def _original(step: str, target: str) -> str | None:
    journal = Journal(workspace.backups_dir(), step, None)
    found = [one for one in journal.records() if (one["kind"], Path(one["target"]).name) == ("file", target)]
    return journal.original(found[0]).decode() if found and found[0]["before"]["exists"] else None


def _remembered(step: str, target: str) -> Any:
    records = Journal(workspace.backups_dir(), step, None).records()
    return next((one["before"] for one in records if one["target"] == target), None)


def _attempt(at: str) -> str | None:
    found = rate_limits.Attempts(paths.state_dir() / "attempts.json").read_all()
    return next((one.result for one in found if one.at == at), None)


def _key(site: str) -> str | None:
    if not deploy_key.has_key(site):
        return None
    private = deploy_key.private_key(site).read_bytes()
    assert b"END OPENSSH PRIVATE KEY" in private, f"the key of {site} is not whole"
    return deploy_key.private_key(site).with_suffix(".pub").read_text().strip()


def _host_key(site: str, host: str) -> list[str] | None:
    return [
        f"{one.kind} {one.key}"
        for one in host_keys.keys_of_host(host, host_keys.read_keys(host_keys.trusted_file(site)))
    ] or None


def account_to_prove(secret: str) -> VerifyAccount:
    """Return the verification of an account with that secret, as a step makes it."""
    account = Account(PROVIDERS["duckdns"], "songuuli2020.duckdns.org", "nobody", secret, "www.duckdns.org")
    return VerifyAccount(account, lambda: None, paths.state_dir() / "ddns.json")


def _account(secret: str) -> str | None:
    prove = account_to_prove(secret)
    if prove.probe(SystemCache(), workspace.backups()).in_sync:
        return "proven"
    good = update_request.UpdateReply("good")
    with mock.patch.object(update_request, "update", return_value=good), mock.patch.object(files, "replace"):
        try:
            prove.apply(mock.Mock())
        except ChangeFailed:
            return "refused"
    return None


def _request(run: str) -> list[Any] | None:
    if not run_launch.folder(run).exists():
        return None
    try:
        return [list(pair) for pair in run_launch.request(run).steps]
    except FileNotFoundError:
        return None


def _outcome(name: str) -> str | None:
    found = address_trial.trial_outcome(address_trial.AddressTrial(name, "eth0", "192.168.1.197/24", None, 180, 0.0))
    return None if found == "unknown" else found


def _key_in_use() -> str | None:
    return _key(next(iter(AnswerStore().sites()), ""))


def _secret_in_use(key: str) -> str | None:
    return _secret(next(iter(AnswerStore().sites()), ""), key)


READERS: dict[str, Callable[..., Any]] = {
    "answer": _answer,
    "secret": _secret,
    "state": _state,
    "event": _event,
    "original": _original,
    "remembered": _remembered,
    "attempt": _attempt,
    "key": _key,
    "host-key": _host_key,
    "account": _account,
    "request": _request,
    "trial": _outcome,
    "key-in-use": _key_in_use,
    "secret-in-use": _secret_in_use,
}


def continue_setup() -> None:
    """Do what a user and a run do next; each change must be accepted and found again."""
    answering = AnswerStore()
    answering.set(None, "tls.email", "next@example.org")
    site = next(iter(answering.sites()), None)
    answering.set_secret(None, "ddns.password", "given-after-the-cut")
    if site:
        answering.set(site, "gunicorn.workers", 3)
    workspace.state().mark("checkup", None, "done", "20260101T000000-ffff")
    journal = Journal(workspace.backups_dir(), "nginx", None)
    journal.remember("link", "/after/the/cut", {"target": None})
    recorder = Recorder(run_launch.folder("20260101T000000-ffff"))
    recorder.emit({"event": "note", "text": "after the cut"})
    recorder.sync()
    known = rate_limits.Attempts(paths.state_dir() / "attempts.json")
    known.end(known.begin("s", ["after.example"], rate_limits.now()), "issued")
    entry = workspace.state().entry("checkup", None)
    assert entry is not None
    assert entry.result == "done"
    assert workspace.secret_store().knows(None, "ddns.password")
    assert AnswerStore().get(None, "tls.email") == "next@example.org"
    assert Journal(workspace.backups_dir(), "nginx", None).knows("link", "/after/the/cut")
    assert [one["event"] for one in run_log.read(run_launch.folder("20260101T000000-ffff"))] == ["note"]


def commands() -> None:
    """Run the commands of a returning user: readable output without tracebacks."""
    from piwizard.cli.main import cli

    with mock.patch("os.geteuid", return_value=0):
        for argv in (["status", "--json"], ["logs", "--json"]):
            result = CliRunner().invoke(cli, argv)
            assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
            assert "Traceback" not in result.output, result.output
            assert "nobody has foreseen" not in result.output, result.output
