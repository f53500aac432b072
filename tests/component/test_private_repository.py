"""Test private repositories with a deploy key, with a token, and with wrong ones."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from piwizard.system.commands import Result
from tests.lab import forge as forges
from tests.lab import product, quickstart, sample_app
from tests.lab.forge import Forge
from tests.lab.lab import Lab
from tests.lab.pi import Pi

TOKEN = "glpat-Th1sM4yBeSeenNowhere"
KEYS = "/var/lib/piwizard/keys/myflask"
SSH, HTTPS = f"git@{forges.NAME}:/srv/git/private.git", f"https://{forges.NAME}:{forges.PORT}/private.git"
WRONG_FINGERPRINT = f"SHA256:{'A' * 43}"
SAMPLER = """
import glob, time
token, seen = open("/run/token").read().encode(), set()
while True:
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file: argv = file.read()
        except OSError:
            continue
        found = b"TOKEN" if token in argv else b"git" if b"remote-https" in argv else b""
        if found and found not in seen:
            seen.add(found)
            with open("/run/sampled", "ab") as file: file.write(found + b"\\n")
    time.sleep(0.002)
"""


@pytest.fixture(scope="module")
def forge(lab: Lab, release: str) -> Iterator[Forge]:
    """Return the server, with the sample app as a private repository."""
    made = Forge(lab, release, f"oauth2:{TOKEN}")
    lab.git.commit("private", sample_app.FILES)
    made.take("private")
    yield made
    made.pi.discard()


@pytest.fixture
def pi(lab: Lab, release: str, forge: Forge) -> Iterator[Pi]:
    """Return a Pi with piwizard that can reach the server."""
    ready = product.prepared_pi(lab, release)
    forge.introduce(ready)
    yield ready
    ready.discard()


def answer(pi: Pi, repo: str, more: str = "") -> None:
    pi.write(quickstart.ANSWERS, sample_app.answers(repo).replace("[app]\n", f"[app]\n{more}\n"))


def refusal(pi: Pi, command: str = "apply", **env: str) -> dict[str, Any]:
    """Return the error of a command that changes nothing: one sentence and a hint."""
    answers = ("--answers", quickstart.ANSWERS) if command != "deploy" else ()
    before = quickstart.manifest(pi.files)
    result = pi.run(("piwizard", command, "--json", *answers), env=env, check=False)
    assert result.exit == 1, result.output
    error = quickstart.said(result)["error"]
    shown = pi.run(("piwizard", command, *answers), env=env, check=False)
    assert shown.errors.startswith(f"piwizard: {error['message']}\n")
    assert len(shown.errors.splitlines()) <= 2
    assert quickstart.manifest(pi.files) == before
    return dict(error)


def key(pi: Pi, *options: str, check: bool = True) -> Result:
    return pi.run(("piwizard", "key", *options), check=check)


def holding(pi: Pi, text: str) -> list[str]:
    """Return the files of a Pi that contain a text."""
    trees = ("/etc", "/srv", "/var", "/home", "/root", "/opt", "/tmp", "/usr/local")
    return sorted(pi.run(("grep", "-rlsaF", "--", text, *trees), check=False).output.split())


@pytest.mark.nightly
def test_deploy_key_gives_access_to_a_private_repository(pi: Pi, forge: Forge) -> None:
    answer(pi, SSH)
    unknown = refusal(pi)
    assert unknown["message"].endswith(f"app.repo: the host key of {forges.NAME} is not known yet.")
    assert f"`piwizard key --trust {forges.NAME}`" in unknown["hint"]
    answer(pi, SSH, f'host_key = "{WRONG_FINGERPRINT}"')
    wrong = refusal(pi)
    assert (wrong["key"], forge.fingerprint() in wrong["message"]) == ("app.host_key", True)

    looked = quickstart.said(key(pi, "--trust", forges.NAME, "--answers", quickstart.ANSWERS, "--json"))
    assert (looked["host"], looked["trusted"]) == (forges.NAME, False)
    assert {"type": "ED25519", "fingerprint": forge.fingerprint()} in looked["keys"]
    answer(pi, SSH, f'host_key = "{forge.fingerprint()}"')
    assert "this site has none yet" in refusal(pi)["message"]

    shown = quickstart.said(key(pi, "--answers", quickstart.ANSWERS, "--json"))
    assert shown["accepted"] is False
    assert "does not let this site's deploy key read" in refusal(pi)["message"]
    forge.allow(shown["key"])
    told = key(pi, "--answers", quickstart.ANSWERS).output
    assert shown["key"] in told
    assert "authorized_keys" in told
    assert f"The deploy key works: piwizard can read {SSH}." in told

    quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS)
    quickstart.serves(pi)
    assert pi.run(("stat", "-c", "%a %U", f"{KEYS}/id_ed25519", KEYS)).output.splitlines() == ["600 root", "700 root"]
    secret = pi.read(f"{KEYS}/id_ed25519").splitlines()[2]
    assert holding(pi, secret) == [f"{KEYS}/id_ed25519"]
    assert "url = " + SSH in pi.read("/srv/myflask/current/app/.git/config")

    forge.change_host_keys()
    changed = refusal(pi, "deploy")
    assert f"app.repo: {forges.NAME} shows another host key than the one that is trusted" in changed["message"]
    quickstart.serves(pi)
    pi.run(("sed", "-i", "/host_key/d", "/etc/xdg/piwizard/answers.toml"))
    key(pi, "--trust", forges.NAME, "--yes")
    assert pi.run(("piwizard", "deploy", "--yes")).ok


def test_token_gives_access_to_a_private_repository(pi: Pi, forge: Forge) -> None:
    answer(pi, HTTPS)
    closed = refusal(pi)
    assert closed["message"].endswith(f"app.repo: {HTTPS} needs a login, or does not exist.")
    assert "app.token" in closed["hint"]
    answer(pi, HTTPS, 'token = { env = "FORGE_TOKEN" }')
    assert refusal(pi)["message"].endswith("app.token: the environment variable FORGE_TOKEN is not set.")
    wrong = refusal(pi, FORGE_TOKEN="not-it")
    assert wrong["message"].endswith(f"app.token: {forges.NAME} does not accept the token for {HTTPS}.")

    pi.write("/run/token", TOKEN)
    sampler = pi.start(("python3", "-c", SAMPLER))
    pi.run(("piwizard", "apply", "--yes", "--answers", quickstart.ANSWERS), env={"FORGE_TOKEN": TOKEN})
    sampler.end(grace=0)
    quickstart.serves(pi)
    assert pi.read("/run/sampled") == "git\n"
    login = base64.b64encode(f"oauth2:{TOKEN}".encode()).decode()
    assert holding(pi, TOKEN) == ["/var/lib/piwizard/secrets.json"]
    assert holding(pi, login) == []
    journal = pi.run(("journalctl", "--no-pager", "--output=verbose", "--all")).output
    assert TOKEN not in journal
    assert login not in journal
    assert TOKEN not in pi.run(("piwizard", "logs", "--json")).output
    assert f"url = {HTTPS}\n" in pi.read("/srv/myflask/current/app/.git/config")

    forge.pi.run(("cp", "-r", "/srv/git/private.git", "/srv/git/outward.git"), user="git")
    forge.add_submodule("/srv/git/outward.git", f"https://{forges.ELSEWHERE}:{forges.PORT_ELSEWHERE}/private.git")
    answer(pi, HTTPS.replace("private", "outward"), 'token = { env = "FORGE_TOKEN" }')
    outward = refusal(pi, FORGE_TOKEN=TOKEN)
    assert f"the submodule https://{forges.ELSEWHERE}" in outward["message"]
    assert forge.asked(forges.PORT) == {"-", "not-it", TOKEN}
    assert forge.asked(forges.PORT_ELSEWHERE) == {"-"}
