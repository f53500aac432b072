"""Test that every refused answer names file, line and key, at each stage."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from piwizard.answers import file_reader
from piwizard.changes.base import ChangeFailed
from piwizard.cli.main import cli
from piwizard.engine import run_launch, run_log
from piwizard.engine.run_log import Recorder
from piwizard.engine.runner import Runner
from piwizard.setup import context, workspace
from piwizard.steps.registry import all_questions
from piwizard.system import facts, paths
from tests.recorded_machine import RecordedSource

SAMPLE = Path(__file__).parent / "system" / "samples" / "pi4-trixie"


@pytest.fixture
def command(own_places, monkeypatch):
    """Run a command on a recorded machine, as root would on it."""
    machine = facts.gather(RecordedSource(SAMPLE))
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    monkeypatch.setattr(facts, "gather", lambda source=None: machine)
    (own_places / "units").mkdir()
    for name in ("ssh", "blog-logger", "blog-cleanup"):
        (own_places / "units" / f"{name}.service").touch()
    monkeypatch.setattr(context, "UNIT_FOLDERS", (own_places / "units",))
    monkeypatch.setenv("DDNS_SECRET", "abcdef")
    return lambda *argv: CliRunner().invoke(cli, argv)


@pytest.fixture
def repo(own_places):
    folder = own_places / "code"
    folder.mkdir()
    (folder / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    git = ("git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.org")
    for argv in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run((*git, *argv), check=True)
    return folder


SITE = """
[site]
name = "blog"
domains = ["blog.example.org"]
[app]
repo = "{repo}"
"""
DDNS = """
[ddns]
provider = "{}"
hostname = "{}"
"""
DUCKDNS = DDNS.format("duckdns", "a.duckdns.org")
PASSWORD = 'password = { env = "DDNS_SECRET" }\n'
NO_IP, CUSTOM = DDNS.format("no-ip", "blog.ddns.net") + PASSWORD, DDNS.format("custom", "x.example.org") + PASSWORD
STATIC = """
[static_ip]
interface = "eth0"
"""
SHOP = """
[sites.shop.site]
domains = ["shop.example.org"]
[sites.shop.app]
repo = "{repo}"
"""

LATER_REFUSALS = {
    # The planned step, the lines before the faulty answer, that answer, its key.
    "validator": ("app", SITE, 'entry = "no entry"', "app.entry"),
    "comment sign in a user name": ("ddns", NO_IP, 'username = "x#y"', "ddns.username"),
    "colon in a user name": ("ddns", NO_IP, 'username = "x:y"', "ddns.username"),
    "password in a user name": ("ddns", NO_IP, 'username = "password=x"', "ddns.username"),
    "host name of another provider": (
        "ddns", '[ddns]\nprovider = "duckdns"\n', 'hostname = "x.ddns.net"', "ddns.hostname",
    ),
    "host name below another": (
        "ddns", '[ddns]\nprovider = "duckdns"\n', 'hostname = "a.b.duckdns.org"', "ddns.hostname",
    ),
    "zone of another name": (
        "ddns", DDNS.format("cloudflare", "a.example.org") + PASSWORD, 'zone = "example.net"', "ddns.zone",
    ),
    "client of another provider": (
        "ddns", CUSTOM + 'server = "x.org"\nusername = "u"\n', 'client = "noip-duc"', "ddns.client",
    ),
    "IPv6 that a client cannot do": (
        "ddns", NO_IP + 'username = "u"\nclient = "noip-duc"\n', "ipv6 = true", "ddns.ipv6",
    ),
    "interval that is too short": ("ddns", NO_IP + 'username = "u"\n', "interval = 1", "ddns.interval"),
    "secret of an unset variable": ("ddns", DUCKDNS, 'password = { env = "GONE" }', "ddns.password"),
    "secret of a missing file": ("ddns", DUCKDNS, 'password = { file = "/gone" }', "ddns.password"),
    "secret that was not entered": ("ddns", DUCKDNS, "password = { asked = true }", "ddns.password"),
    "address outside of the network": ("static-ip", STATIC, 'address = "10.9.9.9/24"', "static_ip.address"),
    "address of the router": ("static-ip", STATIC, 'address = "192.168.1.1/24"', "static_ip.address"),
    "router outside of the network": (
        "static-ip", STATIC + 'address = "192.168.1.77/24"\n', 'gateway = "10.0.0.1"', "static_ip.gateway",
    ),
    "interface that is not there": (
        "static-ip", '[static_ip]\naddress = "192.168.1.77/24"\n', 'interface = "eth7"', "static_ip.interface",
    ),
    "requirements that are not there": ("app", SITE, 'requirements = "gone.txt"', "app.requirements"),
    "folder that is not there": ("app", SITE, 'static = { "/static/" = "gone" }', "app.static"),
    "branch that is not there": ("app", SITE, 'branch = "gone"', "app.branch"),
    "token that anyone could read": (
        "app", SITE.replace("{repo}", "http://git.invalid/x"), 'token = { env = "DDNS_SECRET" }', "app.token",
    ),
    "token of an unset variable": (
        "app", SITE.replace("{repo}", "https://git.invalid/x"), 'token = { env = "GONE" }', "app.token",
    ),
    "secret of the app": ("app", SITE, 'env = { KEY = { env = "GONE" } }', "app.env.KEY"),
    "certificate by DNS without an account": (
        "certbot", SITE + "[tls]\nhttps = true\n", 'challenge = "dns"', "tls.challenge",
    ),
    "name of a system service": (
        "gunicorn", "[app]\nrepo = '{repo}'\n[site]\ndomains = ['x.org']\n", 'name = "ssh"', "site.name",
    ),
    "repository that is not there": ("app", SITE.replace('repo = "{repo}"\n', ""), 'repo = "/srv/gone"', "app.repo"),
    "process with the name of a unit": (
        "gunicorn", SITE + "[app.processes]\n", 'logger = "python logger.py"', "app.processes.logger",
    ),
    "scheduled command with the name of a unit": (
        "gunicorn", SITE + "[app.schedule]\n", '"hourly" = "flask cleanup"', "app.schedule.hourly",
    ),
    "time that systemd refuses": (
        "gunicorn", SITE + "[app.schedule]\n", '"*-*-* 25:00" = "flask sweep"', "app.schedule.*-*-* 25:00",
    ),
    "folder to start in that is not there": ("app", SITE, 'folder = "gone"', "app.folder"),
    "script that is not there": ("app", SITE, 'entry = "gone.py"', "app.entry"),
    "Debian package that no archive has": ("app", SITE, 'packages = ["libgone9"]', "app.packages"),
    "path below that of another site": (
        "site", SITE + '[sites.a.site]\ndomains = ["blog.example.org"]\npath = "/a"\n'
        '[sites.shop.site]\ndomains = ["blog.example.org"]\n', 'path = "/a/b"', "site.path",
    ),
    "path without a site above it": (
        "site", SITE + '[sites.shop.app]\nrepo = "{repo}"\n[sites.shop.site]\ndomains = ["cam.example.org"]\n',
        'path = "/cam"', "site.path",
    ),
    "folder of a further site": ("app", SITE + SHOP, 'static = { "/static/" = "gone" }', "app.static"),
    "domain of another site": (
        "app", SITE + '[sites.shop.app]\nrepo = "{repo}"\n[sites.shop.site]\n', 'domains = ["blog.example.org"]',
        "site.domains",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LATER_REFUSALS)
def test_refusal_names_file_line_and_key(command, own_places, repo, name):
    step, before, answer, key = LATER_REFUSALS[name]
    content = f"# mine\n{before.replace('{repo}', str(repo))}{answer}\n"
    line = content.count("\n")
    file = own_places / "given.toml"
    file.write_text(content)
    told = command("plan", step, "--answers", str(file))
    assert told.exit_code == 1, told.output
    assert told.output.startswith(f"piwizard: given.toml line {line}: "), told.output
    assert key in told.output
    error = json.loads(command("plan", step, "--answers", str(file), "--json").stdout)["error"]
    assert error["key"].removeprefix("sites.shop.") == key
    assert error["message"].count("given.toml line") == 1


BAD_VALUES = {
    # The answer, and what the sentence says of it.
    'arguments = ["--camera", "0"]': "app.arguments must be a text",
    'arguments = "--camera 0 | tee log"': "app.arguments runs without a shell",
    'hardware = "gpio"': "app.hardware must be a list",
    'hardware = ["gpio", "gpu"]': "app.hardware names the hardware 'gpu', which must be one of gpio, i2c, spi",
    "hardware = [1]": "app.hardware names the hardware '1'",
    'packages = "redis-server"': "app.packages must be a list",
    'packages = ["Redis Server"]': "app.packages must be the name of a Debian package",
    'may = "reboot"': "app.may must be a list",
    'may = ["sudo"]': "app.may names the action 'sudo', which must be one of reboot, poweroff",
    'processes = ["python logger.py"]': "app.processes must be a table",
    'processes = { Logger = "python logger.py" }': "app.processes has the name 'Logger'",
    "processes = { logger = 3 }": "app.processes.logger must be a text",
    'processes = { logger = "python logger.py | tee log" }': "app.processes.logger runs without a shell",
    'schedule = "flask cleanup"': "app.schedule must be a table",
    "schedule = { hourly = true }": "app.schedule.hourly must be a text",
    'schedule = { "every 7 minutes" = "flask cleanup" }': "app.schedule.every 7 minutes repeats every 7 minutes; ",
    'schedule = { "at noon; reboot" = "flask cleanup" }': "app.schedule has the time 'at noon; reboot'",
    "folder = 3": "app.folder must be a text",
    'folder = "../other"': "app.folder must be a path in the repository",
    'paths = "/home/pi/sensor"': "app.paths must be a table",
    'paths = { "/etc/sensor" = "data" }': "app.paths has the path '/etc/sensor', which must be below",
    'paths = { "/home/pi/sensor" = "elsewhere" }': 'app.paths must say "data" or "code" for /home/pi/sensor',
    'paths = { "/home/pi" = "code", "/home/pi/a" = "data" }': "app.paths must not have /home/pi/a inside /home/pi",
    'network = "everything"': "app.network must be",
    "network = true": "app.network must be",
    'upload_limit = "200 MB"': "app.upload_limit must be a whole number",
    "upload_limit = 0": "app.upload_limit must be a whole number",
    "writable = 1": "app.writable must be a list",
    'writable = ["/etc/passwd"]': "app.writable must be a path in the repository",
}


@pytest.mark.parametrize("answer", BAD_VALUES)
def test_bad_value_is_refused_in_one_sentence_with_key_and_line(command, own_places, answer):
    file = own_places / "given.toml"
    file.write_text(f"{SITE.replace('{repo}', '/srv/git/blog.git')}{answer}\n")
    before = sorted(own_places.rglob("*"))
    told = command("apply", "--answers", str(file), "--yes")
    assert told.exit_code == 1, told.output
    first, *more = told.output.splitlines()
    assert first.startswith(f"piwizard: given.toml line 7: {BAD_VALUES[answer]}"), told.output
    assert not more, "one sentence"
    assert sorted(own_places.rglob("*")) == before, "nothing is altered"


@pytest.mark.parametrize("path", ["3", '"camera"', '"/a b"', '"/.well-known/x"', '"/a/../b"'])
def test_bad_path_of_a_site_is_refused_with_key_and_line(command, own_places, path):
    file = own_places / "given.toml"
    file.write_text(f'[site]\nname = "blog"\ndomains = ["blog.example.org"]\npath = {path}\n[app]\nrepo = "/srv/x"\n')
    told = command("apply", "--answers", str(file), "--yes")
    assert told.exit_code == 1, told.output
    assert told.output.startswith("piwizard: given.toml line 4: site.path must "), told.output


MISSING = {
    # The planned step, the file, the line of the answer's table, its key.
    "required answer": ("app", '[site]\nname = "blog"\n[app]\nentry = "app:app"\n', "given.toml line 3", "app.repo"),
    "required answer without its table": ("app", '[site]\nname = "blog"\n', "given.toml", "app.repo"),
    "password of an account": ("ddns", '[ddns]\nprovider = "duckdns"\nhostname = "x.duckdns.org"\n',
                               "given.toml line 1", "ddns.password"),
    "user name of an account": ("ddns", NO_IP, "given.toml line 2", "ddns.username"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISSING)
def test_missing_answer_is_named_with_the_file_and_its_table(command, own_places, name):
    step, content, place, key = MISSING[name]
    file = own_places / "given.toml"
    file.write_text(content)
    told = command("plan", step, "--answers", str(file))
    assert told.exit_code == 1, told.output
    assert told.output.startswith(f"piwizard: {place}: {key}"), told.output


def test_missing_name_of_the_site_is_refused_by_apply_with_the_file(command, own_places):
    file = own_places / "given.toml"
    file.write_text('[app]\nrepo = "/srv/git/blog"\n')
    assert command("apply", "--answers", str(file)).output.startswith("piwizard: given.toml: site.name is missing")


def test_code_without_a_flask_app_blames_no_line(command, own_places, repo):
    (repo / "app.py").write_text("")
    subprocess.run(
        ("git", "-C", repo, "-c", "user.name=x", "-c", "user.email=x@x.org", "commit", "-qam", "2"), check=True
    )
    file = own_places / "given.toml"
    file.write_text(SITE.replace("{repo}", str(repo)))
    assert command("plan", "app", "--answers", str(file)).output.startswith("piwizard: No Flask app was found")


def test_refusal_of_a_site_that_the_file_lacks_names_the_own_answers(command, own_places, repo):
    """Name no line of the given file, since the answers come from the machine's own."""
    own = paths.answers_file()
    own.parent.mkdir(parents=True)
    own.write_text(SITE.replace("{repo}", "/srv/gone"))
    workspace.state().mark("app", "blog", "done", "run-1")
    file = own_places / "given.toml"
    file.write_text(SITE.replace("blog", "shop").replace("{repo}", str(repo)))
    told = command("plan", "app", "--answers", str(file), "--site", "blog").output
    assert told.startswith("piwizard: answers.toml: app.repo: /srv/gone"), told


def test_file_that_renames_a_site_is_refused_with_its_line(command, own_places, repo):
    own = paths.answers_file()
    own.parent.mkdir(parents=True)
    own.write_text(SITE.replace("{repo}", str(repo)))
    workspace.state().mark("app", "blog", "done", "run-1")
    file = own_places / "given.toml"
    file.write_text(SITE.replace('"blog"', '"other"').replace("{repo}", str(repo)))
    told = command("plan", "--answers", str(file)).output
    assert "given.toml line 3: site.name: the site other has the domain blog.example.org" in told


def test_failed_run_names_the_line_of_the_answer(own_places):
    """Name the line even if a provider refuses the account much later."""
    found = file_reader.parse(NO_IP + 'username = "u"\n', all_questions())
    engine = Runner(
        workspace.backups_dir(), workspace.state(), Recorder(own_places / "log" / "run-1"), locate=found.locate
    )

    def refuse() -> None:
        raise ChangeFailed("No-IP does not know this account.", key="ddns.username")

    assert not engine.run("ddns", None, refuse, list, overwrite=False)
    (error,) = (event for event in run_log.read(own_places / "log" / "run-1") if event["event"] == "error")
    assert error["message"] == "answers.toml line 6: ddns.username: No-IP does not know this account."
