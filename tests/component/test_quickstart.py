"""From an answers file to a served app on a real systemd, and back."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from piwizard.nginx import tuning
from piwizard.system import commands
from tests.lab import product, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.images import Layer
from tests.lab.lab import Lab
from tests.lab.network import LAPTOP
from tests.lab.pi import Pi

RUNNING = ("bash", "-c", "ls /var/log/piwizard/*/events.jsonl")


@pytest.fixture(scope="module")
def repo(lab: Lab) -> str:
    lab.git.commit("tame", sample_app.FILES)
    return lab.git.url("tame")


@pytest.fixture(scope="module")
def road_layer(lab: Lab, release: str, repo: str) -> Layer:
    """A Pi that a person set up over SSH, typing the password for sudo, switched off since."""
    pi = product.ready_pi(lab, release)
    pi.write(f"/home/{pi.user}/answers.toml", sample_app.answers(repo), owner=pi.user)
    done = pi.ssh(["piwizard", "apply", "--yes", "--answers", "answers.toml"], tty=True, input=f"{pi.password}\n")
    assert "sudo asks for your password" in done.output
    quickstart.serves(pi)
    return pi.freeze()


@pytest.fixture
def served(lab: Lab, release: str, road_layer: Layer) -> Iterator[Pi]:
    """That Pi, switched on again."""
    pi = lab.pi(release, layer=road_layer)
    yield pi
    pi.discard()


@pytest.fixture
def fresh(lab: Lab, release: str) -> Iterator[Pi]:
    """A Pi with piwizard installed and nothing set up."""
    pi = product.ready_pi(lab, release)
    yield pi
    pi.discard()


@pytest.mark.both_releases
def test_it_serves_after_a_reboot(served: Pi) -> None:
    quickstart.serves(served)
    assert set(quickstart.states(served).values()) == {"done"}
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        served.http("/", host="unknown.example")
    www = served.http("/x", host=f"www.{quickstart.HOST}")
    assert (www.status, www.headers["location"]) == (301, f"http://{quickstart.HOST}/x")
    forged = served.http(
        "/seen", host=quickstart.HOST, headers={"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}
    )
    assert json.loads(forged.text) == {"for": LAPTOP, "proto": "http"}


@pytest.mark.both_releases
def test_the_app_writes_what_it_may_and_nothing_else(served: Pi) -> None:
    assert served.http("/poll", host=quickstart.HOST, method="POST").text == "written"
    assert json.loads(served.http("/poll", host=quickstart.HOST).text) == {"polled": True}
    who = json.loads(served.http("/whoami", host=quickstart.HOST).text)
    assert who["uid"] not in (0, 33, 1000)
    assert who["secret"] == 32
    refused = served.run(("setpriv", "--reuid=myflask", "--regid=myflask", "--clear-groups", "touch",
                          "/srv/myflask/current/app/app.py"), check=False)  # fmt: skip
    assert not refused.ok
    secret = json.loads(served.read("/var/lib/piwizard/secrets.json"))["myflask"]["app.env.SECRET_KEY"]
    found = served.run(("grep", "-rlsF", secret, "/etc", "/srv", "/var/lib", "/var/log", "/home", "/root"), check=False)
    assert found.output.split() == ["/srv/myflask/app.env", "/var/lib/piwizard/secrets.json"]
    for path in found.output.split():
        assert served.run(("stat", "-c", "%a %U", path)).output == "600 root\n"


@pytest.mark.both_releases
def test_a_second_apply_alters_nothing(served: Pi) -> None:
    before, runs = quickstart.manifest(served.files), served.run(RUNNING).output
    assert "Nothing to do" in quickstart.apply(served).output
    assert served.run(("piwizard", "plan"), check=False).exit == 0
    quickstart.states(served)
    assert quickstart.manifest(served.files) == before
    assert served.run(RUNNING).output == runs


def test_an_edit_by_hand_is_seen_and_kept(served: Pi) -> None:
    site = "/etc/nginx/sites-available/myflask"
    mine = served.read(site).replace("client_max_body_size 16m;", "client_max_body_size 99m;  # mine")
    served.write(site, mine)
    assert quickstart.states(served)["site"] == "drifted"
    plan = served.run(("piwizard", "plan", "site"), check=False)
    assert plan.exit == 2
    assert "-    client_max_body_size 99m;  # mine" in plan.output
    refused = quickstart.apply(served, check=False)
    assert refused.exit == 1
    assert site in refused.errors
    assert "edited by hand" in refused.errors
    assert served.read(site) == mine
    quickstart.apply(served, "--yes")
    assert "99m" not in served.read(site)
    assert quickstart.states(served)["site"] == "done"


@pytest.mark.both_releases
def test_undo_brings_the_files_back(served: Pi, lab: Lab) -> None:
    for step in ("site", "nginx"):
        served.run(("piwizard", "undo", step, "--yes"))
    done = {step for step, state in quickstart.states(served).items() if state != "todo"}
    assert done == {"system", "app", "gunicorn"}, "optional steps were never asked for"
    packaged = served.run(("dpkg", "--verify", "nginx-common"), check=False).output
    assert [line for line in packaged.splitlines() if "/usr/share/doc/" not in line] == []
    assert served.run(("readlink", "/etc/nginx/sites-enabled/default")).output == "/etc/nginx/sites-available/default\n"
    assert served.run(("ls", "/etc/nginx/sites-available", "/etc/nginx/sites-enabled")).output.split() == [
        "/etc/nginx/sites-available:", "default", "/etc/nginx/sites-enabled:", "default"]  # fmt: skip
    assert "Welcome to nginx" in eventually(lambda: served.http("/")).text
    quickstart.apply(served)
    quickstart.serves(served)


def test_the_nine_settings_and_every_comment(served: Pi) -> None:
    assert tuning.missing(served.run(("nginx", "-T")).output) == []
    served.run(("cp", "/etc/nginx/nginx.conf", "/tmp/ours.conf"))
    refused = served.run(("piwizard", "undo", "nginx"), check=False)
    assert (refused.exit, "site of myflask needs nginx" in refused.errors) == (1, True)
    served.run(("piwizard", "undo", "nginx", "--yes"))
    original, ours = served.read("/etc/nginx/nginx.conf"), served.read("/tmp/ours.conf")
    prose = [line for line in original.splitlines() if line.strip().startswith("#") and not line.strip().endswith(";")]
    kept = iter(ours.splitlines())
    assert prose
    assert all(line in kept for line in prose), "a comment is gone, or the order is another"


def test_a_refusing_guard_leaves_everything(fresh: Pi) -> None:
    fresh.run(("apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx"))
    fresh.write("/etc/nginx/sites-enabled/theirs", "server { listen 80; server_nmae theirs.example; }\n")
    before = quickstart.manifest(fresh.files, ["etc/nginx"])
    failed = quickstart.apply(fresh, "nginx", check=False)
    assert failed.exit == 1
    assert 'unknown directive "server_nmae" in /etc/nginx/sites-enabled/theirs:1' in failed.output
    assert quickstart.manifest(fresh.files, ["etc/nginx"]) == before
    assert "Welcome to nginx" in fresh.http("/").text
    assert quickstart.states(fresh)["nginx"] == "failed"
    fresh.run(("rm", "/etc/nginx/sites-enabled/theirs"))
    quickstart.apply(fresh, "nginx")
    assert quickstart.states(fresh)["nginx"] == "done"


def test_a_run_outlives_its_connection(fresh: Pi, repo: str) -> None:
    fresh.write(quickstart.ANSWERS, sample_app.answers(repo))
    fresh.run(("passwd", "-d", "root"))
    apply = ["sudo", "-S", "piwizard", "apply", "--yes", "--answers", quickstart.ANSWERS]
    seen: list[str] = []
    login = commands.start(
        fresh.ssh_argv(apply, tty=True), input=f"{fresh.password}\n", on_line=lambda _, line: seen.append(line)
    )
    eventually(lambda: _assert_in("apt-get", "\n".join(seen)), timeout=60)
    login.end(grace=0)
    watched = fresh.ssh(["sudo", "-S", "piwizard", "logs", "-f"], input=f"{fresh.password}\n").output
    assert watched.index("== system") < watched.index("apt-get") < watched.index("== site of myflask")
    quickstart.serves(fresh)
    assert set(quickstart.states(fresh).values()) == {"done"}


def test_stop_kill_and_power_cut_are_gone_on_with(fresh: Pi, repo: str) -> None:
    fresh.write(quickstart.ANSWERS, sample_app.answers(repo))
    quickstart.apply(fresh, "--answers", quickstart.ANSWERS, "--detach")
    eventually(lambda: _assert_in("command-started", fresh.run(("piwizard", "logs", "--json")).output))
    fresh.run(("piwizard", "stop"))
    assert quickstart.states(fresh)["system"] == "interrupted"
    assert quickstart.events(fresh)[-1]["result"] == "stopped"

    quickstart.apply(fresh, "--detach")
    eventually(lambda: _assert_in("venv --clear", fresh.run(("piwizard", "logs")).output), timeout=90)
    fresh.run(("systemctl", "kill", "--signal=KILL", "piwizard-run-*"))
    eventually(lambda: _assert_in("interrupted", quickstart.states(fresh)["app"]))

    quickstart.apply(fresh, "--detach")
    eventually(lambda: _assert_in("pip install", fresh.run(("piwizard", "logs")).output), timeout=90)
    fresh.power_cut()
    fresh.boot()
    assert quickstart.states(fresh)["app"] == "interrupted"
    quickstart.apply(fresh)
    quickstart.serves(fresh)
    assert set(quickstart.states(fresh).values()) == {"done"}


HOLD = (
    "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(600)"
)


def test_it_waits_for_others_and_finishes_what_they_broke_off(fresh: Pi, repo: str) -> None:
    fresh.write(quickstart.ANSWERS, sample_app.answers(repo))
    fresh.run(("bash", "-c", "cd /root && apt-get download -qq nginx-common && dpkg --unpack nginx-common_*.deb"))
    other = fresh.start(("python3", "-c", HOLD))
    eventually(lambda: _assert_in("POSIX", fresh.read("/proc/locks")))
    quickstart.apply(fresh, "--answers", quickstart.ANSWERS, "--detach")
    eventually(lambda: _assert_in("Waiting for python3 (process", fresh.run(("piwizard", "logs")).output))
    other.end(grace=0)
    watched = fresh.run(("piwizard", "logs", "-f")).output
    assert "dpkg --configure -a" in watched
    quickstart.serves(fresh)


def test_what_somebody_has_stays(fresh: Pi, repo: str) -> None:
    fresh.run(("apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx"))
    theirs = "server {\n  listen 80 default_server;\n  server_name _;\n  return 200 theirs;\n}\n"
    fresh.write("/etc/nginx/sites-available/default", theirs)
    fresh.write(quickstart.ANSWERS, sample_app.answers(repo))
    fresh.write("/etc/nginx/sites-available/myflask", "# mine\n")
    refused = quickstart.apply(fresh, "--yes", "--answers", quickstart.ANSWERS, check=False)
    assert refused.exit == 1
    assert "/etc/nginx/sites-available/myflask is there already" in refused.output
    assert fresh.read("/etc/nginx/sites-available/myflask") == "# mine\n"
    assert fresh.http("/", host=quickstart.HOST).text == "theirs"
    fresh.run(("rm", "/etc/nginx/sites-available/myflask"))
    quickstart.apply(fresh)
    quickstart.serves(fresh)
    assert fresh.read("/etc/nginx/sites-available/default") == theirs
    assert fresh.http("/", host="unknown.example").text == "theirs"


def _assert_in(part: str, whole: str) -> None:
    assert part in whole
