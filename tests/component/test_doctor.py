"""Check the doctor's findings about an app: cause each fault, then fix it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.lab import doctor, failing_app, product, quickstart
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

UNITS = "/etc/systemd/system/myflask.service"


@pytest.fixture(scope="module")
def pi(lab: Lab) -> Iterator[Pi]:
    """Return a Pi with the faulty app for all tests: each test restores its state."""
    lab.git.commit("failing", failing_app.FILES)
    served = product.prepared_pi(lab, "trixie")
    served.run(("bash", "-c", f"echo 127.0.0.1 {quickstart.HOST} www.{quickstart.HOST} >> /etc/hosts"))
    quickstart.set_up(served, lab.git.url("failing"), more="init = []\n")
    assert doctor.failed_findings(served) == {}
    yield served
    served.discard()


@pytest.fixture(autouse=True)
def healthy(pi: Pi) -> Iterator[None]:
    """Assert that the doctor finds nothing after a test, and so before the next."""
    yield
    assert doctor.failed_findings(pi) == {}


def page(pi: Pi, path: str) -> int:
    """Return the status of a page."""
    return pi.http(path, host=quickstart.HOST).status


def test_doctor_fixes_missing_permissions_and_variables(pi: Pi) -> None:
    pages = ("/note", "/count", "/upload", "/users", "/join", "/salt")
    assert [page(pi, path) for path in pages] == [500] * len(pages)
    shown = pi.run(("piwizard", "doctor"), check=False).output
    assert shown.count("Files of the app writable") == 2
    found = doctor.failed_findings(pi)
    assert set(found) == {"file-not-writable", "folder-missing", "database-read-only", "database-table-missing",
                          "variable-missing"}  # fmt: skip
    assert "app.py:" in found["folder-missing"]["detail"]
    assert "in upload" in found["folder-missing"]["detail"]
    assert "belongs to root:myflask" in found["database-read-only"]["cause"]
    assert all(one["fixable"] for one in found.values())
    assert "checks passed" in doctor.fix(pi)
    assert [page(pi, path) for path in pages] == [200] * len(pages)
    answers = pi.read("/etc/xdg/piwizard/answers.toml")
    for part in ("notes.txt", "counter.json", "uploads", "data.db", "flask --app app init-db", "PASSWORD_SALT"):
        assert part in answers


@pytest.mark.nightly
def test_doctor_suggests_a_command_to_run_by_hand(pi: Pi) -> None:
    """Suggest, but never repeat, the command that created the tables.

    The suggested line can be copied.
    """
    drop = "import sqlite3; sqlite3.connect('/srv/myflask/data/data.db').execute('drop table user')"
    pi.run(("python3", "-c", drop))
    assert page(pi, "/users") == 500
    advice = doctor.failed_findings(pi)["database-table-missing"]["fix"]
    assert advice.endswith("It has already run once.")
    sudo, *command = shlex.split(advice.split("`")[1])
    assert sudo == "sudo"
    pi.run(command)
    assert page(pi, "/users") == 200
    pi.run(("systemctl", "restart", "myflask.service"))


@pytest.mark.nightly
def test_doctor_explains_faults_in_the_code(pi: Pi, lab: Lab) -> None:
    pages = ("/api", "/yaml", "/old", "/own", "/home", "/greedy")
    assert [page(pi, path) for path in pages] == [500] * len(pages)
    found = doctor.failed_findings(pi)
    assert set(found) == {"variable-missing", "module-missing", "import-fails", "app-fails",
                          "file-outside-app", "out-of-memory"}  # fmt: skip
    assert [name for name, one in found.items() if one["fixable"]] == ["file-outside-app"]
    assert 'Add "/home/alex" = "data" to app.paths' in found["file-outside-app"]["fix"]
    assert "PyYAML to requirements.txt" in found["module-missing"]["fix"]
    line = failing_app.SOURCE.splitlines().index('    return "fine" + str(1 / 0)') + 1
    assert found["app-fails"]["detail"].startswith(f"app.py:{line} in own: ZeroDivisionError")
    assert "API_KEY to [app.env]" in found["variable-missing"]["fix"]
    doctor.fix_with_answer(pi, "API_KEY (not shown): ", "tulips & bees")
    assert page(pi, "/api") == 200
    answers = pi.read("/etc/xdg/piwizard/answers.toml")
    assert "API_KEY = {asked = true}" in answers
    assert "tulips" not in answers
    assert "variable-missing" not in doctor.failed_findings(pi)
    fixed = failing_app.SOURCE.replace("from flask import escape", "from markupsafe import escape").replace(
        "1 / 0", "1 / 1"
    )
    fixed = fixed.replace('"/home/alex/result.json"', '"result.json"').replace("2 << 30", "2 << 10")
    lab.git.commit("failing", {"app.py": fixed, "requirements.txt": "flask\nPyYAML\n"})
    pi.run(("piwizard", "deploy"))
    assert [page(pi, path) for path in pages] == [200] * len(pages)


@pytest.mark.nightly
def test_doctor_fixes_a_file_of_another_user(pi: Pi) -> None:
    pi.run(("bash", "-c", "rm /srv/myflask/data/result.json; umask 077; echo '{}' > /srv/myflask/data/result.json"))
    assert pi.http("/poll", host=quickstart.HOST, method="POST").status == 500
    found = doctor.failed_findings(pi)
    assert "belongs to root:root" in found["file-of-another-user"]["cause"]
    assert "app.py:" in found["file-of-another-user"]["detail"]
    assert "checks passed" in doctor.fix(pi)
    assert pi.http("/poll", host=quickstart.HOST, method="POST").status == 200


@pytest.mark.nightly
def test_doctor_explains_a_crash_loop(pi: Pi, lab: Lab) -> None:
    lab.git.commit("failing", {"app.py": f"{failing_app.SOURCE}\n\nSTATE = json.load(open('result.json'))\n"})
    pi.run(("piwizard", "deploy"))
    pi.write("/srv/myflask/data/result.json", "torn", owner="myflask")
    pi.run(("systemctl", "restart", "myflask.service"), check=False)
    found = eventually(lambda: doctor.findings_with(pi, "crash-loop"), timeout=120)
    assert "JSONDecodeError" in found["app-fails"]["detail"]
    assert "app.py:" in found["app-fails"]["detail"]
    assert "Correct app.py" in found["app-fails"]["fix"]
    pi.write("/srv/myflask/data/result.json", "{}", owner="myflask")
    assert found["crash-loop"]["fixable"]
    doctor.fix(pi)
    assert page(pi, "/") == 200
    lab.git.commit("failing", {"app.py": failing_app.SOURCE})
    pi.run(("piwizard", "deploy"))


@pytest.mark.nightly
def test_doctor_restores_a_missing_data_folder(pi: Pi) -> None:
    pi.run(("bash", "-c", "mv /srv/myflask/data /srv/myflask/elsewhere; systemctl restart myflask"), check=False)
    found = eventually(lambda: doctor.findings_with(pi, "service-cannot-start"), timeout=60)
    assert "226/NAMESPACE" in found["service-cannot-start"]["detail"]
    assert found["service-cannot-start"]["fixable"]
    doctor.fix(pi)
    assert page(pi, "/") == 200


@pytest.mark.nightly
def test_doctor_starts_a_stopped_app(pi: Pi) -> None:
    pi.run(("systemctl", "stop", "myflask.socket", "myflask.service"))
    assert page(pi, "/") == 502
    found = doctor.failed_findings(pi)
    assert "returns 502" in found["site-answers"]["detail"]
    assert {"site-answers", "app-socket-running", "app-service-running", "app-answers"} <= set(found)
    assert "checks passed" in doctor.fix(pi)


@pytest.mark.nightly
def test_doctor_explains_killed_and_hanging_workers(pi: Pi) -> None:
    line = next(line for line in pi.read(UNITS).splitlines() if line.startswith("ExecStart="))
    pi.write(f"{UNITS}.d/soon.conf", f"[Service]\nExecStart=\n{re.sub('--timeout=[0-9]+', '--timeout=3', line)}\n")
    pi.run(("bash", "-c", "systemctl daemon-reload; systemctl restart myflask.service"))
    assert page(pi, "/slow") == 502
    found = doctor.failed_findings(pi)
    assert set(found) == {"worker-timeout", "page-cut-off"}
    assert "GET /slow" in found["page-cut-off"]["detail"]
    assert page(pi, "/killed") == 502
    found = eventually(lambda: doctor.findings_with(pi, "out-of-memory"))
    assert "gunicorn.workers = 1" in found["out-of-memory"]["fix"]
    answers = pi.read("/etc/xdg/piwizard/answers.toml")
    pi.run(("rm", "-r", f"{UNITS}.d"))
    pi.write("/etc/xdg/piwizard/answers.toml", f"{answers}\n[gunicorn]\nworkers = 1\n")
    pi.run(("piwizard", "apply"))


@pytest.mark.nightly
def test_doctor_explains_a_full_disk(pi: Pi) -> None:
    data = "/srv/myflask/data"
    pi.run(("bash", "-c", f"id=$(id -u myflask); systemctl stop myflask.service; cp -a {data} /tmp/data; "
            f"mount -t tmpfs -o size=256k,mode=750,uid=$id,gid=$id none {data}; cp -a /tmp/data/. {data}/; "
            "systemctl start myflask.service"))  # fmt: skip
    assert page(pi, "/large") == 500
    found = doctor.failed_findings(pi)
    assert set(found) == {"disk-full"}
    assert "No space left" in found["disk-full"]["detail"]
    assert "apt-get clean" in found["disk-full"]["fix"]
    pi.run(("mount", "-o", "remount,size=300m", data))
    assert page(pi, "/large") == 200
    assert doctor.failed_findings(pi) == {}
    pi.run(("bash", "-c", f"systemctl stop myflask.service; umount {data}; systemctl start myflask.service"))


@pytest.mark.nightly
def test_doctor_explains_nginx_errors(pi: Pi) -> None:
    pi.write("/etc/nginx/conf.d/mine.conf", "gzip_on yes;\n")
    found = doctor.failed_findings(pi)
    assert "/etc/nginx/conf.d/mine.conf:1" in found["nginx-config-valid"]["detail"]
    refused = pi.run(("piwizard", "apply"), check=False)
    assert (refused.exit, "Nothing to do, but nginx does not work" in refused.errors) == (1, True)
    pi.run(("systemctl", "stop", "nginx.service"))
    refused = pi.run(("piwizard", "apply"), check=False)
    assert (refused.exit, "/etc/nginx/conf.d/mine.conf:1" in refused.output) == (1, True), (
        "the error is not shown while nginx is stopped, as after a boot"
    )
    pi.run(("rm", "/etc/nginx/conf.d/mine.conf"))
    other = pi.start(("python3", "-m", "http.server", "80"))
    found = eventually(lambda: doctor.findings_with(pi, "step-in-sync"))
    assert "Port 80 is used by" in found["step-in-sync"]["detail"]
    other.end(grace=0)
    assert "nginx-service-running" in doctor.failed_findings(pi)
    assert "checks passed" in doctor.fix(pi)


def test_doctor_reports_a_domain_of_another_machine(pi: Pi) -> None:
    hosts = pi.read("/etc/hosts")
    pi.write("/etc/hosts", hosts.replace(f"127.0.0.1 {quickstart.HOST}", f"192.168.1.7 {quickstart.HOST}"))
    found = doctor.failed_findings(pi)
    assert "192.168.1.7" in found["name-points-here"]["cause"]
    pi.write("/etc/hosts", hosts)


@pytest.mark.nightly
def test_doctor_explains_a_failed_deploy(pi: Pi, lab: Lab) -> None:
    lab.git.commit("failing", {"app.py": f"import requests\n{failing_app.SOURCE}"})
    assert not pi.run(("piwizard", "deploy"), check=False).ok
    found = doctor.failed_findings(pi)
    assert found["module-missing"]["cause"].startswith("The newest version failed its smoke test")
    assert found["module-missing"]["detail"].startswith("app.py:1: ModuleNotFoundError")
    assert page(pi, "/") == 200
    lab.git.commit(
        "failing", {"app.py": f'{failing_app.SOURCE}\n\napp.secret_key = os.environ["".join(reversed("TERCES_PPA"))]\n'}
    )
    assert not pi.run(("piwizard", "deploy"), check=False).ok
    found = doctor.failed_findings(pi)
    assert "APP_SECRET" in found["variable-missing"]["fix"]
    assert found["variable-missing"]["fixable"]
    assert "checks passed" in doctor.fix(pi)
    assert "app.secret_key" in pi.read("/srv/myflask/current/app/app.py")
