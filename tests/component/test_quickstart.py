"""Set up an app from an answers file on a real systemd, and undo it."""

from __future__ import annotations

import http.client
import json

import pytest

from piwizard.nginx import tuning
from tests.lab import layers, product, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.network import LAPTOP
from tests.lab.pi import Pi

RUNNING = ("bash", "-c", "ls /var/log/piwizard/*/events.jsonl")


def test_site_is_served_after_a_reboot(served_pi: Pi) -> None:
    quickstart.serves(served_pi)
    assert set(quickstart.states(served_pi).values()) == {"done"}
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        served_pi.http("/", host="unknown.example")
    www = served_pi.http("/x", host=f"www.{quickstart.HOST}")
    assert (www.status, www.headers["location"]) == (301, f"http://{quickstart.HOST}/x")
    forged = served_pi.http(
        "/seen", host=quickstart.HOST, headers={"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}
    )
    assert json.loads(forged.text) == {"for": LAPTOP, "proto": "http"}


def test_app_can_write_only_its_writable_paths(served_pi: Pi) -> None:
    assert served_pi.http("/poll", host=quickstart.HOST, method="POST").text == "written"
    assert json.loads(served_pi.http("/poll", host=quickstart.HOST).text) == {"polled": True}
    who = json.loads(served_pi.http("/whoami", host=quickstart.HOST).text)
    assert who["uid"] not in (0, 33, 1000)
    assert who["secret"] == 32
    refused = served_pi.run(("setpriv", "--reuid=myflask", "--regid=myflask", "--clear-groups", "touch",
                          "/srv/myflask/current/app/app.py"), check=False)  # fmt: skip
    assert not refused.ok
    secret = json.loads(served_pi.read("/var/lib/piwizard/secrets.json"))["myflask"]["app.env.SECRET_KEY"]
    found = served_pi.run(
        ("grep", "-rlsF", secret, "/etc", "/srv", "/var/lib", "/var/log", "/home", "/root"), check=False
    )
    assert found.output.split() == ["/srv/myflask/app.env", "/var/lib/piwizard/secrets.json"]
    for path in found.output.split():
        assert served_pi.run(("stat", "-c", "%a %U", path)).output == "600 root\n"


def test_second_apply_changes_nothing(served_pi: Pi) -> None:
    before, runs = quickstart.manifest(served_pi.files), served_pi.run(RUNNING).output
    assert "Nothing to do" in quickstart.apply(served_pi).output
    assert served_pi.run(("piwizard", "plan"), check=False).exit == 0
    quickstart.states(served_pi)
    assert quickstart.manifest(served_pi.files) == before
    assert served_pi.run(RUNNING).output == runs


def test_edit_by_hand_is_replaced_only_after_a_yes(served_pi: Pi) -> None:
    site = "/etc/nginx/sites-available/myflask"
    mine = served_pi.read(site).replace("client_max_body_size 16m;", "client_max_body_size 99m;  # mine")
    served_pi.write(site, mine)
    assert quickstart.states(served_pi)["site"] == "drifted"
    plan = served_pi.run(("piwizard", "plan", "site"), check=False)
    assert plan.exit == 2
    assert "-    client_max_body_size 99m;  # mine" in plan.output
    refused = quickstart.apply(served_pi, check=False)
    assert refused.exit == 1
    assert site in refused.errors
    assert "you edited this file by hand" in refused.errors
    assert served_pi.read(site) == mine
    quickstart.apply(served_pi, "--yes")
    assert "99m" not in served_pi.read(site)
    assert quickstart.states(served_pi)["site"] == "done"


def test_undo_restores_the_files(served_pi: Pi, lab: Lab) -> None:
    for step in ("site", "nginx"):
        served_pi.run(("piwizard", "undo", step, "--yes"))
    done = {step for step, state in quickstart.states(served_pi).items() if state != "todo"}
    assert done == {"system", "app", "gunicorn"}, "an optional step was done"
    packaged = served_pi.run(("dpkg", "--verify", "nginx-common"), check=False).output
    assert [line for line in packaged.splitlines() if "/usr/share/doc/" not in line] == []
    assert (
        served_pi.run(("readlink", "/etc/nginx/sites-enabled/default")).output == "/etc/nginx/sites-available/default\n"
    )
    assert served_pi.run(("ls", "/etc/nginx/sites-available", "/etc/nginx/sites-enabled")).output.split() == [
        "/etc/nginx/sites-available:", "default", "/etc/nginx/sites-enabled:", "default"]  # fmt: skip
    assert "Welcome to nginx" in eventually(lambda: served_pi.http("/")).text
    quickstart.apply(served_pi)
    quickstart.serves(served_pi)


def test_nginx_conf_has_the_settings_and_keeps_comments(served_pi: Pi) -> None:
    assert tuning.missing(served_pi.run(("nginx", "-T")).output) == []
    served_pi.run(("cp", "/etc/nginx/nginx.conf", "/tmp/ours.conf"))
    refused = served_pi.run(("piwizard", "undo", "nginx"), check=False)
    assert (refused.exit, "need nginx and would stop working" in refused.errors.replace("needs", "need")) == (1, True)
    served_pi.run(("piwizard", "undo", "nginx", "--yes"))
    original, ours = served_pi.read("/etc/nginx/nginx.conf"), served_pi.read("/tmp/ours.conf")
    prose = [line for line in original.splitlines() if line.strip().startswith("#") and not line.strip().endswith(";")]
    kept = iter(ours.splitlines())
    assert prose
    assert all(line in kept for line in prose), "a comment is missing, or the order has changed"


def test_failed_validation_changes_nothing(lab: Lab, release: str) -> None:
    pi = product.prepared_pi(lab, release)
    try:
        pi.write("/etc/nginx/sites-enabled/theirs", "server { listen 80; server_nmae theirs.example; }\n")
        before = quickstart.manifest(pi.files, ["etc/nginx"])
        failed = quickstart.apply(pi, "nginx", check=False)
        assert failed.exit == 1
        assert 'unknown directive "server_nmae" in /etc/nginx/sites-enabled/theirs:1' in failed.output
        assert quickstart.manifest(pi.files, ["etc/nginx"]) == before
        assert "Welcome to nginx" in pi.http("/").text
        assert quickstart.states(pi)["nginx"] == "failed"
        pi.run(("rm", "/etc/nginx/sites-enabled/theirs"))
        quickstart.apply(pi, "nginx")
        assert quickstart.states(pi)["nginx"] == "done"
    finally:
        pi.discard()


@pytest.mark.nightly
def test_existing_sites_stay_unchanged(lab: Lab, ready_pi: Pi) -> None:
    ready_pi.run(("apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx"))
    theirs = "server {\n  listen 80 default_server;\n  server_name _;\n  return 200 theirs;\n}\n"
    ready_pi.write("/etc/nginx/sites-available/default", theirs)
    ready_pi.write(quickstart.ANSWERS, sample_app.answers(layers.repository(lab)))
    ready_pi.write("/etc/nginx/sites-available/myflask", "# mine\n")
    refused = quickstart.apply(ready_pi, "--yes", "--answers", quickstart.ANSWERS, check=False)
    assert refused.exit == 1
    assert "/etc/nginx/sites-available/myflask already exists and piwizard did not write it" in refused.output
    assert ready_pi.read("/etc/nginx/sites-available/myflask") == "# mine\n"
    assert ready_pi.http("/", host=quickstart.HOST).text == "theirs"
    ready_pi.run(("rm", "/etc/nginx/sites-available/myflask"))
    quickstart.apply(ready_pi)
    quickstart.serves(ready_pi)
    assert ready_pi.read("/etc/nginx/sites-available/default") == theirs
    assert ready_pi.http("/", host="unknown.example").text == "theirs"
