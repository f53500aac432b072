"""Deploy new versions without a login: by polling, by webhooks, and by pushes."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest

from piwizard.system import commands
from piwizard.system.commands import Result
from tests.lab import layers, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

MAX_SECONDS = 300
"""From a commit to its page, without the interval of polls. It takes 35 beside nothing else."""
ANSWERS = "/etc/xdg/piwizard/answers.toml"
HOOK = "/.piwizard/deploy/myflask"
PUSHER = {"GIT_AUTHOR_NAME": "Alex", "GIT_AUTHOR_EMAIL": "alex@example.org"}
PUSHER |= {"GIT_COMMITTER_NAME": "Alex", "GIT_COMMITTER_EMAIL": "alex@example.org"}


BROKEN = f"import not_there_at_all\n{sample_app.APP}"


def app(text: str) -> str:
    """Return the sample app with another first page."""
    return sample_app.APP.replace('return "It works. "', f'return "{text}. "')


def choose(pi: Pi, *lines: str) -> Result:
    """Answer how new versions are deployed, and apply that."""
    kept = [line for line in pi.read(ANSWERS).splitlines() if not line.startswith(("deploy", "push_keys", "poll_"))]
    at = kept.index("[app]") + 1
    pi.write(ANSWERS, "\n".join([*kept[:at], *lines, *kept[at:], ""]))
    return pi.run(("piwizard", "apply", "deploys", "--yes"), check=False)


def last(pi: Pi) -> dict[str, object]:
    """Return what is recorded of the last automatic deploy."""
    return dict(json.loads(pi.run(("piwizard", "deploys", "--json")).output)["deploys"][0]["last"] or {})


def seen(lab: Lab, text: str) -> None:
    """Wait until a visitor sees this first page, no longer than promised."""
    visitor = lab.internet.visitor
    eventually(lambda: visitor.http(quickstart.HOST, scheme="https").text.startswith(text), timeout=MAX_SECONDS)


def test_poll_deploys_new_commits_and_leaves_broken_ones(lab: Lab, https_site: Pi) -> None:
    pi = https_site
    assert choose(pi, 'deploy = "poll"').ok
    timer = pi.run(("systemctl", "is-active", "piwizard-deploy-myflask.timer"))
    assert timer.output == "active\n"
    lab.git.commit(layers.REPOSITORY, {"app.py": app("Polled")})
    began = time.monotonic()
    pi.run(("systemctl", "start", "piwizard-deploy-myflask.service"))
    seen(lab, "Polled")
    print(f"poll: {time.monotonic() - began:.0f} s")

    broken = lab.git.commit(layers.REPOSITORY, {"app.py": BROKEN})
    pi.run(("systemctl", "start", "piwizard-deploy-myflask.service"))
    assert (last(pi)["result"], last(pi)["commit"]) == ("failed", broken)
    seen(lab, "Polled")
    assert broken[:7] in pi.run(("piwizard", "deploys")).output
    runs = pi.run(("ls", "/var/log/piwizard")).output
    before = pi.run(("find", "/var/lib/piwizard", "/etc", "-newer", ANSWERS, "-printf", "%p %T@\\n")).output
    pi.run(("systemctl", "start", "piwizard-deploy-myflask.service"))
    assert pi.run(("ls", "/var/log/piwizard")).output == runs
    assert pi.run(("find", "/var/lib/piwizard", "/etc", "-newer", ANSWERS, "-printf", "%p %T@\\n")).output == before


def test_webhook_deploys_only_what_is_signed(lab: Lab, https_site: Pi) -> None:
    pi = https_site
    assert choose(pi, 'deploy = ["webhook"]').ok
    shown = pi.run(("piwizard", "deploys", "--secret", "--json")).output
    secret = json.loads(shown)["deploys"][0]["webhook"]["secret"]
    body = json.dumps({"ref": "refs/heads/main"}).encode()

    def call(secret: str, body: bytes = body, scheme: str = "https") -> int:
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": "push"}
        visitor = lab.internet.visitor
        return visitor.http(quickstart.HOST, HOOK, scheme=scheme, method="POST", headers=headers, body=body).status

    lab.git.commit(layers.REPOSITORY, {"app.py": app("Called")})
    assert call("wrong") == 403
    assert call(secret, b'{"ref": "refs/heads/dev"}') == 200
    assert call(secret, b"x" * (3 << 20)) == 413
    assert call(secret, scheme="http") in (301, 403)
    assert not pi.http("/", host=quickstart.HOST).text.startswith("Called")
    began = time.monotonic()
    assert call(secret) == 202
    seen(lab, "Called")
    print(f"webhook: {time.monotonic() - began:.0f} s")
    eventually(lambda: last(pi).get("way") == "webhook")
    runs = pi.run(("ls", "/var/log/piwizard")).output
    statuses = [call(secret) for _ in range(30)]
    assert set(statuses) == {202, 429}
    eventually(lambda: pi.run(("systemctl", "is-active", "piwizard-deploy-myflask.service"), check=False).exit == 3)
    assert pi.run(("ls", "/var/log/piwizard")).output == runs
    leaked = pi.run(("grep", "-rlsF", "--", secret, "/etc", "/var", "/srv"), check=False).output.split()
    assert sorted(leaked) == ["/etc/piwizard/webhook/myflask.secret", "/var/lib/piwizard/secrets.json"]


class Pusher:
    """A person with a clone on the laptop, and a key."""

    def __init__(self, lab: Lab, pi: Pi, folder: Path) -> None:
        self._lab, self.folder = lab, folder / "clone"
        self._key = folder / "id"
        assert commands.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key))).ok
        self.address = f"ssh://push-myflask@{pi.address}/myflask.git"
        assert self.git("clone", "--quiet", lab.git.url(layers.REPOSITORY), str(self.folder), at=folder).ok

    @property
    def public(self) -> str:
        return self._key.with_suffix(".pub").read_text().strip()

    @property
    def ssh(self) -> tuple[str, ...]:
        options = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes")
        return ("ssh", "-i", str(self._key), "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR", *options)

    def git(self, *words: str, at: Path | None = None) -> Result:
        env = PUSHER | {"GIT_SSH_COMMAND": " ".join(self.ssh)}
        return self.run(("git", "-C", str(at or self.folder), *words), env)

    def run(self, argv: tuple[str, ...], env: dict[str, str] | None = None) -> Result:
        return commands.run(self._lab.lifeline.on(argv, net=self._lab.network.laptop.path), env=env)

    def commit(self, source: str, *options: str) -> None:
        (self.folder / "app.py").write_text(source)
        assert self.git("commit", "--quiet", "--all", "--message=A version", *options).ok

    def push(self, *words: str) -> Result:
        return self.git("push", self.address, *(words or ("main",)))


@pytest.fixture
def pusher(lab: Lab, https_site: Pi, tmp_path: Path) -> Pusher:
    made = Pusher(lab, https_site, tmp_path)
    result = choose(https_site, 'deploy = "push"', f'push_keys = ["{made.public}"]')
    assert result.ok, result.output
    return made


def test_push_is_deployed_or_refused(lab: Lab, https_site: Pi, pusher: Pusher) -> None:
    pi = https_site
    pusher.commit(app("Pushed"))
    began = time.monotonic()
    pushed = pusher.push()
    assert pushed.ok, pushed.errors
    seen(lab, "Pushed")
    print(f"push: {time.monotonic() - began:.0f} s")
    assert "Smoke test" in pushed.errors
    assert last(pi)["way"] == "push"

    pusher.commit(BROKEN)
    broken = pusher.push()
    assert not broken.ok
    assert "No module named 'not_there_at_all'" in broken.errors
    assert "not deployed, the version before stays" in broken.errors
    seen(lab, "Pushed")

    pusher.commit(app("Mended"), "--amend")
    assert pusher.push().ok
    seen(lab, "Mended")
    assert "Nothing to do" in pi.run(("piwizard", "deploy")).output

    other = pusher.push("main:dev")
    assert "only the branch main is deployed here" in other.errors
    pusher.commit(app("Forced"), "--amend")
    forced = pusher.push("--force", "main")
    assert "a forced push is refused" in forced.errors
    assert "cannot be deleted" in pusher.push(":main").errors
    seen(lab, "Mended")

    who = f"push-myflask@{pi.address}"
    for wanted in ((), ("cat", "/etc/passwd"), ("git-upload-pack", "'myflask.git'"), ("git-receive-pack", "'/etc'")):
        refused = pusher.run((*pusher.ssh, who, *wanted))
        assert refused.exit == 1, (wanted, refused.output)
        assert "this address" in refused.errors
    forwarded = pusher.run((*pusher.ssh, "-o", "ExitOnForwardFailure=yes", "-N", "-R", "9999:localhost:80", who))
    assert not forwarded.ok

    assert choose(pi, 'deploy = "manual"').ok
    assert not pusher.push().ok
    assert pi.run(("piwizard", "undo", "deploys", "--yes")).ok
    assert pi.run(("id", "push-myflask"), check=False).exit == 1
    assert not (pi.files / "srv/myflask/push").exists()
    assert not list((pi.files / "etc/ssh/sshd_config.d").glob("piwizard*"))
