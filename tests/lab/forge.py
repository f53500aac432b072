"""Provide a git server that requires a key or a token: sshd with git-shell."""

from __future__ import annotations

from pathlib import Path

from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

NAME, ELSEWHERE = "forge.lan", "elsewhere.lan"
PORT, PORT_ELSEWHERE = 8443, 8444
SERVER = Path(__file__).with_name("git_https.py")
REPOSITORIES = "/srv/git"
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"


class Forge:
    """A git server for git@forge.lan over SSH, and over HTTPS.

    forge.lan:8443 and elsewhere.lan:8444 are two hosts to git.
    """

    def __init__(self, lab: Lab, release: str, login: str) -> None:
        self._lab = lab
        self.pi = lab.pi(release)
        run = self.pi.run
        run(("useradd", "--create-home", "--shell", "/usr/bin/git-shell", "--password", "*", "git"))
        run(("install", "-d", "-o", "git", "-m", "0700", "/home/git/.ssh"))
        run(("install", "-d", "-o", "git", REPOSITORIES))
        # Newer versions block clients that fail again and again for a while, as tests do.
        patient = "echo PerSourcePenalties no > /etc/ssh/sshd_config.d/patient.conf"
        run(("bash", "-c", f"{patient}; sshd -t || rm /etc/ssh/sshd_config.d/patient.conf; systemctl restart ssh"))
        self.pi.write("/root/login", f"{login}\n")
        self.pi.push(SERVER, "/root/git_https.py")
        names = f"subjectAltName=DNS:{NAME},DNS:{ELSEWHERE}"
        self.pi.run(("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={NAME}",
                     "-addext", names, "-keyout", "/root/key.pem", "-out", "/root/certificate.pem"))  # fmt: skip
        for port in (PORT, PORT_ELSEWHERE):
            files = ("/root/certificate.pem", "/root/key.pem", REPOSITORIES, "/root/login", f"/root/asked-{port}")
            run(("touch", files[-1]))
            run(("systemd-run", f"--unit=git-{port}", "python3", "/root/git_https.py", str(port), *files))
            eventually(lambda port=port: run(("bash", "-c", f"echo > /dev/tcp/127.0.0.1/{port}")))

    def introduce(self, pi: Pi) -> None:
        """Make a Pi trust its host names and its certificate."""
        names = f"{self.pi.address} {NAME} {ELSEWHERE}\n"
        pi.run(("tee", "-a", "/etc/hosts"), input=names)
        pi.write("/usr/local/share/ca-certificates/forge.crt", self.pi.read("/root/certificate.pem"))
        pi.run(("update-ca-certificates",))

    def take(self, name: str) -> str:
        """Copy a repository from the lab's open git server, and return its path."""
        path = f"{REPOSITORIES}/{name}.git"
        self.pi.run(("rm", "-rf", path))
        eventually(
            lambda: self.pi.run(("git", "clone", "--quiet", "--bare", self._lab.git.url(name), path), user="git")
        )
        return path

    def publish(self, name: str) -> None:
        """Offer a repository as a forge does: at NAME.git, over SSH and over HTTPS."""
        path = self.take(name)
        self.pi.run(("ln", "-sfn", path, f"/home/git/{name}.git"), user="git")  # git compares the owner

    def add_submodule(self, path: str, url: str) -> None:
        """Add to a repository a submodule with the address `url`."""
        script = f"""set -e
            cd "$(mktemp -d)"; git clone --quiet {path} .
            git config --file .gitmodules submodule.lib.path lib; git config --file .gitmodules submodule.lib.url {url}
            git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib
            git add .gitmodules; git -c user.name=A -c user.email=a@b commit --quiet -m lib; git push --quiet"""
        self.pi.run(("bash", "-c", script), user="git")

    def allow(self, key: str) -> None:
        """Accept a key."""
        self.pi.write("/home/git/.ssh/authorized_keys", f"restrict {key}\n", owner="git")

    def fingerprint(self) -> str:
        """Return the fingerprint of its host key, as its administrator reads it."""
        return self.pi.run(("ssh-keygen", "-lf", f"{HOST_KEY}.pub")).output.split()[1]

    def change_host_keys(self) -> None:
        """Change the host keys, as after a new installation."""
        self.pi.run(("bash", "-c", "rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh"))
        eventually(lambda: self.pi.run(("bash", "-c", "echo > /dev/tcp/127.0.0.1/22")))

    def asked(self, port: int) -> set[str]:
        """Return the passwords received over HTTPS, "-" for requests without one."""
        return set(self.pi.read(f"/root/asked-{port}").split())
