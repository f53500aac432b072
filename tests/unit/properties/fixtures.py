"""Make plans on a recorded machine with an app, with valid answers except one."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from piwizard.answers import file_reader as answers_module
from piwizard.answers.model import SITE_TABLES, Answers
from piwizard.answers.questions import Question
from piwizard.apps import analysis_cache, analysis_process
from piwizard.apps.analysis import Analysis, AnalysisOptions
from piwizard.apps.app_source import AppSource
from piwizard.changes.base import Change
from piwizard.changes.transaction import Transaction
from piwizard.errors import PiwizardError
from piwizard.network import dhcpcd, netplan, networkmanager
from piwizard.network.address_settings import read_settings
from piwizard.nginx.nginx_files import NginxFiles
from piwizard.steps.registry import STEPS, all_questions
from piwizard.steps.static_ip import StaticIp
from piwizard.steps.step import PlanContext, Step
from piwizard.system import paths
from piwizard.system.facts import gather
from tests.recorded_machine import RecordedSource
from tests.unit.properties.nginx import versions

SAMPLES = Path(__file__).parents[1] / "system" / "samples"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
SITE = """
[site]
name = "blog"
domains = ["blog.example.org", "www.blog.example.org"]
[app]
repo = "/srv/git/blog.git"
token = { asked = true }
[tls]
https = true
"""
MACHINE = """
[static_ip]
address = "192.168.178.49/24"
gateway = "192.168.178.1"
[router]
forward = "upnp"
[dhparam]
way = "generate"
[backup]
target = "/mnt/usb/backup"
[updates]
security = true
[alerts]
urls = { asked = true }
"""
ACCOUNTS = (
    '[ddns]\nprovider = "no-ip"\nhostname = "blog.ddns.net"\nusername = "me@example.org"\n',
    '[ddns]\nprovider = "no-ip"\nclient = "noip-duc"\nhostname = "blog.ddns.net"\nusername = "me@example.org"\n',
    '[ddns]\nprovider = "custom"\nserver = "d.example.org"\nhostname = "blog.example.org"\nusername = "me"\n',
    '[ddns]\nprovider = "duckdns"\nhostname = "blog.duckdns.org"\n',
    '[ddns]\nprovider = "cloudflare"\nhostname = "blog.example.org"\n',
)
SECRETS = {
    "ddns.password": "hush-hush-hush",
    "app.token": "hush-hush-token",
    "backup.secret": "hush-hush-secret",
    "alerts.urls": "ntfys://ntfy.example.org/hush-hush-topic",
}


ANALYZE = analysis_process.analyze_code
_ANALYSES: dict[object, Analysis] = {}


@dataclass(frozen=True)
class Planned:
    """The files and commands of a plan, and its input."""

    files: list[tuple[Path, str]]
    argvs: tuple[tuple[str, ...], ...]
    answers: Answers


@contextlib.contextmanager
def own_places() -> Iterator[Path]:
    """Keep all of piwizard's own files in a folder during the block."""
    names = {"state": "lib", "log": "log", "cache": "cache", "config": "etc", "runtime": "run"}
    before, analyze = paths._dirs, analysis_process.analyze_code
    with tempfile.TemporaryDirectory(prefix="piwizard-properties-") as folder:
        found = SimpleNamespace(**{f"user_{name}_path": Path(folder) / there for name, there in names.items()})
        paths._dirs = lambda: found  # type: ignore[assignment]
        analysis_process.analyze_code = _analyze_once
        try:
            yield Path(folder)
        finally:
            paths._dirs, analysis_process.analyze_code = before, analyze


def _analyze_once(tree: Path, data: Path, options: AnalysisOptions) -> Analysis:
    """Analyze the same code with the same options once: the site's name and folder do not matter to this app."""
    code = {str(path.relative_to(tree)): path.is_file() and path.read_bytes() for path in tree.rglob("*")}
    known = (frozenset(code.items()), options)
    if known not in _ANALYSES:
        _ANALYSES[known] = ANALYZE(tree, data, options)
    return _ANALYSES[known]


class World:
    """One machine with one app, whose steps make plans from answers."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self._there: list[Any] | None = None
        nginx, openssl = versions()
        recorded = gather(RecordedSource(SAMPLES / "pi4-trixie"))
        self.machine = dataclasses.replace(recorded, nginx_version=nginx, openssl_version=openssl)
        questions = all_questions()
        self._site = [answers_module.parse(MACHINE + SITE + account, questions).of("blog") for account in ACCOUNTS]

    def context(self, site: str) -> PlanContext:
        """Return the context of the plans."""
        source = AppSource("/srv/git/blog.git", None, COMMIT, self.tree, None)
        return PlanContext(machine=self.machine, nginx=NginxFiles(), source=source, sites=(site,))

    def plan(self, question: Question, value: Any, number: int, *, typed: bool = False) -> Planned:
        """Return the plans of all steps that use this answer, or raise PiwizardError."""
        base = self._site[number % len(ACCOUNTS)]
        site = value if question.key == "site.name" else f"site-{number}-x"
        own = {} if typed else {question.key: value}
        secrets = SECRETS | ({question.key: value} if typed else {})
        values = {**base.values, "site.name": site, **own}
        if typed and question.kind == "table":  # one variable of the app, for which a question exists
            values |= {question.key: {"SECRET": {"asked": True}}}
            secrets |= {f"{question.key}.SECRET": value}
        for name, setting in values.get("app.env", {}).items():
            if isinstance(setting, dict):
                secrets.setdefault(f"app.env.{name}", "hush-hush-env")
        self._have(values)
        answers = Answers(site, values, secrets)
        files: list[tuple[Path, str]] = []
        argvs: list[tuple[str, ...]] = []
        context = self.context(site)
        for step in _steps(question):
            if isinstance(step, StaticIp):
                argvs += self._addressed(context, answers, files)
                continue
            for change in _flat(step.plan(context, answers)):
                if change.kind == "file":
                    files.append((change.path, change.content))  # type: ignore[attr-defined]
                argvs += _argvs(change)
        return Planned(files, tuple(argvs), answers)

    def _have(self, values: dict[str, Any]) -> None:
        """Put exactly the files that the answers name into the repository."""
        wanted = [*values.get("app.static", {}).values(), *filter(None, [values.get("app.requirements")])]
        if wanted == self._there:
            return
        self._there = wanted
        forget()
        shutil.rmtree(self.tree, ignore_errors=True)
        (self.tree / "static").mkdir(parents=True)
        (self.tree / "app.py").write_text(FLASK)
        (self.tree / "requirements.txt").write_text("flask\n")
        with contextlib.suppress(OSError):  # if one is a file where another needs a folder, the plan reports it
            for folder in values.get("app.static", {}).values():
                (self.tree / folder).mkdir(parents=True, exist_ok=True)
            if file := values.get("app.requirements"):
                (self.tree / file).parent.mkdir(parents=True, exist_ok=True)
                (self.tree / file).touch()

    def _addressed(
        self, context: PlanContext, answers: Answers, files: list[tuple[Path, str]]
    ) -> list[tuple[str, ...]]:
        """Return the requests of the DDNS clients: the plan itself would use the network."""
        wanted = read_settings(context.machine.network, answers)
        files.append((netplan.OWN_FILE, netplan.own_file_text(netplan.NetplanDefinition("ethernets", "eth0"), wanted)))
        files.append((dhcpcd.CONFIG, dhcpcd.add_block("hostname\n", wanted)))
        return [networkmanager.modify_command("0000-uuid", networkmanager.wanted_values(wanted))]


def _steps(question: Question) -> list[Step]:
    asked = [step for step in STEPS if any(one.key == question.key for one in step.questions(None, None))]
    if question.table in SITE_TABLES:
        return [step for step in STEPS if step.scope == "site"]
    return [*asked, *(step for step in STEPS if step.name == "certbot" and question.table == "ddns")]


def _flat(changes: Any) -> list[Change]:
    found: list[Change] = []
    for change in changes:
        found += [*_flat(change.changes), change] if isinstance(change, Transaction) else [change]
    return found


def _argvs(change: Change) -> list[tuple[str, ...]]:
    """Return the commands of a change, as it prints them itself."""
    if change.kind == "certificate":
        return list(change.request.commands)  # type: ignore[attr-defined]
    if change.kind == "checkout":
        from piwizard.git import git_command

        return [git_command.clone_command(change.repo, Path("/aside"), change.ref)]  # type: ignore[attr-defined]
    if change.kind == "environment":
        return [change._create(), *change._calls()]  # type: ignore[attr-defined]
    return [change.argv] if change.kind == "command" else []  # type: ignore[attr-defined]


def forget() -> None:
    """Forget the analysis of the app, since the answers have changed its files."""
    analysis_cache.forget_analyses()


__all__ = ["PiwizardError", "Planned", "World", "forget", "own_places"]
