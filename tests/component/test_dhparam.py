"""Generate DH parameters on a Pi that serves HTTPS, interrupted in every way.

`frozen` stops openssl as it starts, so that "during the generation" is exact, however few the bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from piwizard.system import commands, openssl_dhparam
from tests.lab import layers, quickstart, sample_app, weak_dhparams
from tests.lab.eventually import eventually
from tests.lab.images import Layer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

FOUND = "etc/piwizard/dhparam-1024.pem"
IN_USE = "etc/piwizard/dhparam.pem"
UNIT = "piwizard-dhparam.service"
FOLDER = "var/lib/piwizard/dhparam"
PARTIAL = f"{FOLDER}/partial.pem"
GENERATED = f"{FOLDER}/generated.pem"
INCLUDED = "etc/nginx/conf.d/piwizard-dhparam.conf"
# Set by hand, for RSA and DHE.
SECURE = "secure.example.org"
HTTPS = """\
server {
    listen 443 ssl;
    server_name secure.example.org;
    ssl_certificate /etc/ssl/lab.pem;
    ssl_certificate_key /etc/ssl/lab.key;
    ssl_protocols TLSv1.2;
    ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256;
    location / { proxy_pass http://unix:/run/piwizard-myflask.sock; proxy_set_header Host songuuli2020.ddns.net; }
}
"""
SELF_SIGNED = (
    "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={SECURE}",
    "-keyout", "/etc/ssl/lab.key", "-out", "/etc/ssl/lab.pem",
)  # fmt: skip
HOLD_LOCK = """
import time
from piwizard.engine.run_lock import Lock
from piwizard.errors import PiwizardError
from piwizard.system import paths
lock = Lock(paths.lock_file())
while True:
    try:
        lock.take("another")
        break
    except PiwizardError:  # the run that has started the generation is about to end
        time.sleep(0.1)
time.sleep(600)
"""
FREEZE = ("sh", "-c", "until pkill -STOP -x openssl; do sleep 0.005; done")


@pytest.fixture(scope="module")
def serving(lab: Lab, release: str) -> Layer:
    """Return a Pi that serves the app over HTTP and HTTPS."""
    pi = layers.served_pi(lab, release)
    pi.run(SELF_SIGNED)
    pi.write("/etc/nginx/sites-enabled/https", HTTPS)
    weak_dhparams.allow(pi)
    pi.run(("systemctl", "restart", "nginx"))
    return pi.freeze()


@pytest.fixture
def pi(lab: Lab, release: str, serving: Layer) -> Iterator[Pi]:
    layers.repository(lab)
    made = lab.pi(release, layer=serving)
    yield made
    made.discard()


def want(lab: Lab, pi: Pi, words: str) -> None:
    pi.write(quickstart.ANSWERS, sample_app.answers(lab.git.url(layers.REPOSITORY), more=f"[dhparam]\n{words}\n"))
    pi.run(("cp", quickstart.ANSWERS, "/etc/xdg/piwizard/answers.toml"))


@contextmanager
def frozen(lab: Lab, pi: Pi) -> Iterator[None]:
    """Freeze openssl as soon as it starts, and wait for that at the end of the block."""
    freezer = pi.start(FREEZE)
    yield
    assert freezer.wait().ok
    eventually(lambda: _assert(state(pi) == "running"))
    assert (pi.files / PARTIAL).exists()
    nothing_in_place(lab, pi)


def nothing_in_place(lab: Lab, pi: Pi, page: str = "It works.") -> None:
    assert not (pi.files / FOUND).exists()
    assert not (pi.files / IN_USE).is_symlink()
    assert not (pi.files / INCLUDED).is_symlink()
    https_is_up(lab, pi, page)


def https_is_up(lab: Lab, pi: Pi, words: str = "It works.") -> None:
    https = ("curl", "--silent", "--insecure", "--resolve", f"{SECURE}:443:{pi.address}", f"https://{SECURE}/")
    eventually(lambda: _assert(words in lab.network.laptop.run(https).output))


def handshake(lab: Lab, pi: Pi) -> str:
    """Return openssl's output on the laptop for a handshake that requires DHE."""
    suite = "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
    argv = ("openssl", "s_client", "-connect", f"{pi.address}:443", "-servername", SECURE, "-tls1_2", "-cipher", suite)
    return lab.network.laptop.run(argv).output


def assert_resumed(lab: Lab, pi: Pi) -> None:
    whole = openssl_dhparam.parse_parameters((pi.files / FOUND).read_bytes())
    assert whole is not None
    assert whole.bits == 1024
    eventually(lambda: _assert(not (pi.files / FOLDER).exists()))
    eventually(lambda: _assert("Temp Key: DH, 1024 bits" in handshake(lab, pi)))


def state(pi: Pi) -> str:
    return quickstart.states(pi)["dhparam"]


def summary(pi: Pi) -> str:
    steps = quickstart.said(pi.run(("piwizard", "status", "--json")))["steps"]
    return str(next(one["summary"] for one in steps if one["step"] == "dhparam"))


def test_generation_survives_other_runs_and_a_lost_connection(lab: Lab, pi: Pi) -> None:
    want(lab, pi, 'way = "generate"\nbits = 1024')
    apply = ["sudo", "-S", "piwizard", "apply", "dhparam", "--yes"]
    with frozen(lab, pi):
        login = commands.start(pi.ssh_argv(apply, tty=True), input=f"{pi.password}\n")
    login.end(grace=0)
    lab.git.commit(layers.REPOSITORY, {"app.py": sample_app.APP.replace('"It works. "', '"Second. "')})
    deployed = pi.run(("piwizard", "deploy")).output
    assert "== App (myflask)" in deployed
    https_is_up(lab, pi, "Second.")
    assert "DH parameters: the work continues in the background (generating, " in pi.run(("piwizard", "apply")).output
    assert state(pi) == "running"
    assert summary(pi).startswith("generating, ")
    assert pi.run(("pgrep", "-x", "-c", "openssl")).output == "1\n"
    assert pi.run(("ps", "-o", "ni=", "-C", "openssl")).output.strip() == "19"
    lines: list[str] = []
    watched = pi.start(("piwizard", "logs", "dhparam", "-f"), on_line=lambda stream, line: lines.append(line))
    eventually(lambda: _assert(any("generating, " in line for line in lines)))
    pi.run(("pkill", "-CONT", "-x", "openssl"))
    watched.wait()
    said = "\n".join(lines)
    assert "continues in the background. `piwizard status` shows how far it is" in said
    assert "done in" in said
    eventually(lambda: _assert(state(pi) == "done"))
    assert_resumed(lab, pi)
    assert "Nothing to do" in pi.run(("piwizard", "apply")).output
    pi.run(("piwizard", "undo", "dhparam", "--yes"))
    left = sorted(path.name for path in (pi.files / "etc/piwizard").iterdir())
    assert left == ["egress", "nginx-logs.conf"], "a file of another step is gone"
    assert not (pi.files / "etc/systemd/system" / UNIT).exists()
    nothing_in_place(lab, pi, "Second.")
    eventually(lambda: _assert("Temp Key" not in handshake(lab, pi)))


@pytest.mark.nightly
def test_interrupted_generation_restarts_with_apply(lab: Lab, pi: Pi) -> None:
    want(lab, pi, 'way = "generate"\nbits = 1024')
    with frozen(lab, pi):
        pi.run(("piwizard", "apply", "--detach"))
    pi.run(("systemctl", "kill", "--signal=KILL", UNIT))
    eventually(lambda: _assert(state(pi) == "interrupted"))
    with frozen(lab, pi):
        pi.run(("piwizard", "apply", "--detach"))
    pi.power_cut()
    pi.boot()
    assert state(pi) == "interrupted"
    nothing_in_place(lab, pi)
    with frozen(lab, pi):
        pi.run(("piwizard", "apply", "--detach"))
    pi.reboot()
    assert state(pi) == "interrupted"
    nothing_in_place(lab, pi)
    with frozen(lab, pi):
        pi.run(("piwizard", "apply", "--detach"))
    assert "`piwizard apply dhparam` starts it again" in pi.run(("piwizard", "stop", "dhparam")).output
    assert state(pi) == "interrupted"
    assert not (pi.files / PARTIAL).exists(), "it starts again at boot"
    with frozen(lab, pi):
        pi.run(("piwizard", "apply", "--detach"))
    pi.run(("pkill", "-CONT", "-x", "openssl"))
    eventually(lambda: _assert(state(pi) == "done"), timeout=60)
    assert_resumed(lab, pi)


@pytest.mark.nightly
def test_generated_parameters_wait_for_another_run(lab: Lab, pi: Pi) -> None:
    want(lab, pi, 'way = "generate"\nbits = 1024')
    with frozen(lab, pi):
        pi.run(("piwizard", "apply"))
    other = pi.start(("/opt/piwizard/venv/bin/python", "-I", "-c", HOLD_LOCK))
    eventually(lambda: _assert(pi.read("/run/piwizard/run.lock").strip() == "another"))
    pi.run(("pkill", "-CONT", "-x", "openssl"))
    eventually(lambda: _assert((pi.files / GENERATED).exists()), timeout=60)
    nothing_in_place(lab, pi)
    assert (state(pi), summary(pi)) == ("running", "generated, waiting to be installed")
    assert other.alive
    pi.run(("pkill", "-f", "lock.take"))
    eventually(lambda: _assert(state(pi) == "done"), timeout=60)
    assert_resumed(lab, pi)


@pytest.mark.nightly
def test_undo_stops_the_generation(lab: Lab, pi: Pi) -> None:
    want(lab, pi, 'way = "generate"\nbits = 1024')
    with frozen(lab, pi):
        pi.run(("piwizard", "apply", "--detach"))
    pi.run(("piwizard", "undo", "dhparam", "--yes"))
    assert not pi.run(("pgrep", "-x", "openssl"), check=False).ok
    assert not (pi.files / FOLDER).exists()
    assert not (pi.files / "etc/systemd/system" / UNIT).exists()
    assert state(pi) == "todo"


@pytest.mark.nightly
def test_generation_restarts_at_boot_only_if_configured(lab: Lab, pi: Pi) -> None:
    want(lab, pi, 'way = "generate"\nbits = 1024\nat_boot = true\n[gunicorn]\nthreads = 3')
    with frozen(lab, pi):
        said = pi.run(("piwizard", "apply")).output
    assert "continues in the background" in said
    assert quickstart.states(pi)["gunicorn"] == "done", "the run of the other steps waits for it"
    pi.power_cut()
    pi.boot()
    eventually(lambda: _assert(state(pi) == "done"), timeout=60)
    assert_resumed(lab, pi)
    pi.reboot()
    assert not pi.run(("systemctl", "is-active", UNIT), check=False).ok, "something is left to do"


def _assert(so: bool) -> None:
    assert so
