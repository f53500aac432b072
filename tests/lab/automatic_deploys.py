"""Set up automatic deploys on a Pi, call its webhook, and push to it."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

from piwizard.system import commands
from piwizard.system.commands import Result
from tests.lab import layers, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

MAX_SECONDS = 300
"""Until a new version is seen; it takes 35 beside nothing else."""
ANSWERS = "/etc/xdg/piwizard/answers.toml"
HOOK = "/.piwizard/deploy/myflask"
PUSH_OF_MAIN = json.dumps({"ref": "refs/heads/main"}).encode()
DEPLOY_SERVICE = "piwizard-deploy-myflask.service"
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
    """Wait until a visitor sees this first page."""
    visitor = lab.internet.visitor
    eventually(lambda: visitor.http(quickstart.HOST, scheme="https").text.startswith(text), timeout=MAX_SECONDS)


def shown_secret(pi: Pi) -> str:
    """Return the secret of the webhook."""
    shown = pi.run(("piwizard", "deploys", "--secret", "--json")).output
    return str(json.loads(shown)["deploys"][0]["webhook"]["secret"])


def call(lab: Lab, secret: str, body: bytes = PUSH_OF_MAIN, scheme: str = "https") -> int:
    """Call the webhook from the Internet, signed with a secret, and return the status."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": "push"}
    visitor = lab.internet.visitor
    return visitor.http(quickstart.HOST, HOOK, scheme=scheme, method="POST", headers=headers, body=body).status


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
