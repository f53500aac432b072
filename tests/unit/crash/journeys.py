"""What piwizard does with its own files, and what it promised. `python -m tests.unit.crash.journeys NAME`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from piwizard.changes.base import Change, ChangeFailed
from piwizard.changes.file import EditedFile, File
from piwizard.changes.link import Link
from piwizard.changes.transaction import Transaction
from piwizard.dns import update_request
from piwizard.engine import run_launch, run_log
from piwizard.engine.run_log import Recorder
from piwizard.engine.runner import Runner
from piwizard.git import deploy_key, host_keys
from piwizard.git.host_keys import HostKey
from piwizard.network import address_rollback, address_trial
from piwizard.setup import workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.system import paths
from piwizard.system.checks import Check
from piwizard.system.commands import Result
from piwizard.tls import rate_limits
from tests.unit.crash.looking import account_to_prove, piwizard_in
from tests.unit.crash.promises import Notes

RUN, LATER = "20260101T100000-aaaa", "20260101T110000-bbbb"
REPO = "https://github.com/someone/myflask.git"


def answers(root: Path, notes: Notes) -> None:
    """Questions answered one by one, a step left out, a further site made and taken away."""
    answering = AnswerStore()

    def give(site: str, key: str, value: object) -> None:
        with notes.promised(value, "answer", site, key):
            answering.set(site or None, key, value)

    give("", "site.name", "myflask")
    notes.holds("myflask", "answer", "myflask", "site.name")
    give("myflask", "app.repo", REPO)
    give("myflask", "site.domains", ["songuuli2020.ddns.net"])
    give("myflask", "gunicorn.workers", 2)
    give("myflask", "gunicorn.workers", 4)
    with notes.promised(["router"], "answer", "", "skip.steps"):
        answering.skip("router", yes=True)
    give("blog", "app.repo", "https://github.com/someone/blog.git")
    with notes.promised("s3cret-of-blog", "secret", "blog", "app.env.API_KEY"):
        answering.set_secret("blog", "app.env.API_KEY", "s3cret-of-blog")
    notes.holds({"API_KEY": {"asked": True}}, "answer", "blog", "app.env")


def removed(root: Path, notes: Notes) -> None:
    """A further site taken away; the first one stays."""
    answers(root, Notes(root.with_name("unheard")))
    notes.settled()
    notes.holds(REPO, "answer", "myflask", "app.repo")
    AnswerStore().remove_site("blog")
    notes.holds(REPO, "answer", "myflask", "app.repo")


def imported(root: Path, notes: Notes) -> None:
    """An answers file given on the command line, then another."""
    for workers in (2, 3):
        file = root / "given.toml"
        file.write_text(f'[site]\nname = "myflask"\n\n[app]\nrepo = "{REPO}"\n\n[gunicorn]\nworkers = {workers}\n')
        with notes.promised(workers, "answer", "myflask", "gunicorn.workers"):
            workspace.keep_answers(file)


def secrets(root: Path, notes: Notes) -> None:
    """Check the given and the generated secrets; a generated one never changes."""
    vault = workspace.secret_store()
    vault.keep(None, "ddns.password", "of-the-account")
    with notes.promised("of-the-account", "secret", "", "ddns.password"):
        vault.save()
    vault.generate("myflask", {"app.env.SECRET_KEY": {"generate": 32}})
    made = vault.resolve("myflask", {"app.env.SECRET_KEY": {"generate": 32}})["app.env.SECRET_KEY"]
    with notes.promised(made, "secret", "myflask", "app.env.SECRET_KEY"):
        vault.save()
    other = workspace.secret_store()
    assert other.resolve("myflask", {"app.env.SECRET_KEY": {"generate": 32}})["app.env.SECRET_KEY"] == made
    other.keep("blog", "app.token", "a-token")
    with notes.promised("a-token", "secret", "blog", "app.token"):
        other.save()


def state(root: Path, notes: Notes) -> None:
    """Results of steps, from two runs, one after the other."""
    state = workspace.state()
    for step, site, result, run in (
        ("system", "", "running", RUN),
        ("system", "", "done", RUN),
        ("dhparam", "", "running", RUN),
        ("app", "myflask", "running", RUN),
        ("app", "myflask", "failed", RUN),
        ("dhparam", "", "done", LATER),
    ):
        with notes.promised([result, run], "state", step, site):
            state.mark(step, site or None, result, run)
    with notes.promised(None, "state", "system", ""):
        state.forget("system", None)


def run(root: Path, notes: Notes) -> None:
    """A whole run of a step: files of the machine replaced in a group, its events, its result; then another."""
    machine = root / "machine"
    machine.mkdir(parents=True)
    (machine / "nginx.conf").write_text("theirs\n")
    (machine / "site").write_text("theirs too\n")
    notes.settled()
    for name, text in ((RUN, "ours"), (LATER, "ours, newer")):
        _run_once(machine, notes, name, text)


def _run_once(machine: Path, notes: Notes, name: str, text: str) -> None:
    recorder = Recorder(run_launch.folder(name))
    count = 0
    emit = recorder.emit

    def counted(event: dict[str, object]) -> None:
        nonlocal count
        count += 1
        emit({**event, "nth": count})

    def synced() -> None:
        upto = count
        Recorder.sync(recorder)
        for number in {1, upto // 2, upto}:
            notes.holds(True, "event", name, str(number))

    def plan() -> list[Change]:
        edit = EditedFile(machine / "nginx.conf", lambda _: f"{text} nginx.conf\n", "settings")
        site = File(machine / "site", f"{text} site\n", takes_over=True)
        new = File(machine / "new", f"{text} new\n")
        return [Transaction("nginx", (edit, site, new, Link(machine / "enabled", "site")), validate=("true",))]

    def checks() -> list[Check]:
        return [Check("fine", "as it should be", ok=True, detail="it is")]

    with mock.patch.object(recorder, "emit", counted), mock.patch.object(recorder, "sync", synced):
        engine = Runner(workspace.backups_dir(), workspace.state(), recorder)
        with notes.promised(["done", name], "state", "nginx", ""):
            notes.may_be(["running", name], "state", "nginx", "")
            assert engine.run("nginx", None, plan, checks, overwrite=True)
        notes.holds("theirs\n", "original", "nginx", "nginx.conf")
        notes.holds("theirs too\n", "original", "nginx", "site")


def refused(root: Path, notes: Notes) -> None:
    """A guard refuses, and the files go back; then the step is undone."""
    machine = root / "machine"
    _run_prepared(root, machine)
    notes.settled()
    notes.holds("theirs\n", "original", "nginx", "nginx.conf")
    recorder = Recorder(run_launch.folder(LATER))
    engine = Runner(workspace.backups_dir(), workspace.state(), recorder)
    edit = EditedFile(machine / "nginx.conf", lambda _: "ours, refused\n", "settings")
    group = Transaction("nginx", (edit, File(machine / "new", "ours, refused\n")), validate=("false",))
    notes.may_be(["done", RUN], "state", "nginx", "")
    notes.may_be(["running", LATER], "state", "nginx", "")
    with notes.promised(["failed", LATER], "state", "nginx", ""):
        engine.run("nginx", None, lambda: [group], list, overwrite=True)
    assert (machine / "nginx.conf").read_text() == "ours nginx.conf\n"


def undone(root: Path, notes: Notes) -> None:
    """A step is taken back; what it was done to is as before, or can still be brought there."""
    machine = root / "machine"
    _run_prepared(root, machine)
    notes.settled()
    engine = Runner(workspace.backups_dir(), workspace.state(), Recorder(run_launch.folder(LATER)))
    notes.may_be(["done", RUN], "state", "nginx", "")
    notes.may_be(["running", LATER], "state", "nginx", "")
    with notes.promised(None, "state", "nginx", ""):
        assert engine.undo("nginx", None)
    assert (machine / "nginx.conf").read_text() == "theirs\n"


def _run_prepared(root: Path, machine: Path) -> None:
    unheard = Notes(root.with_name("unheard"))
    machine.mkdir(parents=True)
    (machine / "nginx.conf").write_text("theirs\n")
    (machine / "site").write_text("theirs too\n")
    _run_once(machine, unheard, RUN, "ours")


def asked(root: Path, notes: Notes) -> None:
    """Let's Encrypt is asked twice; that it was asked counts from before the asking on."""
    known = rate_limits.Attempts(paths.state_dir() / "attempts.json")
    now = rate_limits.now()
    for number, result in enumerate(("refused", "issued")):
        at = now.replace(second=number)
        with notes.promised("asked", "attempt", at.isoformat(timespec="seconds")):
            begun = known.begin("https://acme.example", ["songuuli2020.ddns.net"], at)
        with notes.promised(result, "attempt", at.isoformat(timespec="seconds")):
            known.end(begun, result, ["songuuli2020.ddns.net"] if result == "refused" else [])


def keys(root: Path, notes: Notes) -> None:
    """A key made and shown to a person, who adds it at the forge; then the site gets another name."""
    with mock.patch.object(deploy_key.socket, "gethostname", return_value="raspberrypi"):
        public = deploy_key.make_key("myflask")
    notes.holds(public, "key", "myflask")


def trusted(root: Path, notes: Notes) -> None:
    """Host keys that a person said yes to: of one host, of another, then the first with other keys."""
    for host, key in (("git.lan", "QUFB"), ("forge.lan", "QkJC"), ("git.lan", "Q0ND")):
        with notes.promised([f"ssh-ed25519 {key}"], "host-key", "myflask", host):
            host_keys.trust_keys("myflask", [HostKey(host, "ssh-ed25519", key)])


def account(root: Path, notes: Notes) -> None:
    """A provider of names refuses, and is left alone from then on; with another secret it accepts."""
    for secret, code, found in (("wrong", "ko", "refused"), ("right", "good", "proven")):
        if found == "proven":
            notes.may_be(None, "account", "wrong")
        with (
            mock.patch.object(
                update_request, "update", side_effect=lambda *_, code=code: update_request.UpdateReply(code)
            ),
            notes.promised(found, "account", secret),
            contextlib.suppress(ChangeFailed),
        ):
            account_to_prove(secret).apply(mock.Mock())


def renamed(root: Path, notes: Notes) -> None:
    """A site with a key and a secret gets another name: under the name that counts, both are there."""
    answering = AnswerStore()
    answering.set(None, "site.name", "blog")
    answering.set_secret("blog", "app.token", "a-token")
    public = deploy_key.make_key("blog")
    notes.settled()
    notes.holds("blog", "answer", "", "site.name")
    notes.holds(public, "key-in-use")
    notes.holds("a-token", "secret-in-use", "app.token")
    with notes.promised("diary", "answer", "", "site.name"):
        answering.set(None, "site.name", "diary")


def started(root: Path, notes: Notes) -> None:
    """A run is started: what it is asked to do is there before its process is."""
    asked_for = run_launch.RunRequest("apply", (("system", None), ("app", "myflask")))
    seen: list[str] = []

    def systemd(argv: tuple[str, ...]) -> Result:
        seen.append(argv[-1])
        notes.holds([list(pair) for pair in asked_for.steps], "request", argv[-1])
        return Result(tuple(argv), 0, "", "", (), 0.0)

    with (
        mock.patch.object(run_launch, "require_systemd"),
        mock.patch.object(run_launch, "commands", SimpleNamespace(run=systemd)),
    ):
        for _ in range(2):
            run_launch.start(asked_for)
    recorder = Recorder(run_launch.folder(seen[0]))
    recorder.emit({"event": "apply-started", "action": "apply", "steps": [], "nth": 1})
    recorder.sync()
    notes.holds(True, "event", seen[0], "1")
    for number in range(3):
        old = Recorder(run_launch.folder(f"20250101T00000{number}-cccc"))
        old.emit({"event": "note", "text": "long ago"})
    run_log.prune(paths.logs_dir(), seen, runs=2)


def address(root: Path, notes: Notes) -> None:
    """An address on trial, confirmed; the settings are altered only once all that takes them back is there."""
    settings = root / "machine" / "connection"
    settings.parent.mkdir(parents=True)
    settings.write_text("theirs\n")
    (root / "units").mkdir()
    notes.settled()
    one = address_trial.AddressTrial("first", "eth0", "192.168.1.197/24", "192.168.1.100", 180, 0.0)
    ran = lambda argv: Result(tuple(argv), 0, "", "", (), 0.0)  # noqa: E731
    with notes.promised("on", "trial", "first"):
        address_rollback.arm_rollback(
            one, address_rollback.NetworkService("NetworkManager.service", None), [settings], ran
        )
    address_trial.allow_confirmation(one)
    with (
        mock.patch.object(address_trial, "live_addresses", return_value=[one.host]),
        mock.patch.object(address_rollback, "commands", SimpleNamespace(run=lambda _: Result((), 0, "", "", (), 0.0))),
        mock.patch.object(address_rollback.os, "sync"),
        notes.promised("kept", "trial", "first"),
    ):
        address_rollback.confirm_trial()


JOURNEYS: dict[str, Callable[[Path, Notes], None]] = {
    journey.__name__: journey
    for journey in (
        answers,
        removed,
        imported,
        secrets,
        state,
        run,
        refused,
        undone,
        asked,
        keys,
        trusted,
        account,
        renamed,
        started,
        address,
    )
}


def main(name: str, root: str, notes: str) -> None:
    with piwizard_in(Path(root)):
        JOURNEYS[name](Path(root), Notes(Path(notes)))


if __name__ == "__main__":
    main(*sys.argv[1:])
