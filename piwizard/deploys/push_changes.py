"""Make the changes for an SSH address that receives pushes."""

from __future__ import annotations

from pathlib import Path

from piwizard.changes.base import Change
from piwizard.changes.file import AbsentFile, File
from piwizard.changes.folder import Folder
from piwizard.changes.link import Link
from piwizard.changes.systemd_unit import DisabledUnit, RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.changes.user import SystemUser
from piwizard.deploys import push_receive
from piwizard.system import commands, paths
from piwizard.system.files import Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.render import render

UNITS = Path("/etc/systemd/system")
PROGRAM = Path("/usr/local/lib/piwizard/push.py")
HOOKS = Path(push_receive.HOOKS)
KEYS = Path("/etc/piwizard/push")
SSHD_CONFIG = Path("/etc/ssh/sshd_config.d")
SSHD = "/usr/sbin/sshd"
RELOAD_UNITS = Activation(("systemctl", "daemon-reload"))
RELOAD_SSH = Activation(("systemctl", "try-reload-or-restart", "ssh.service"), unit="ssh.service")


@dataclass(frozen=True)
class PushAddress:
    """The SSH address of a site, and the files behind it."""

    site: str

    @property
    def user(self) -> str:
        """Return the system user that whoever pushes logs in as."""
        return f"{push_receive.USER_PREFIX}{self.site}"

    @property
    def home(self) -> Path:
        """Return the folder with the repository, which only its user reads."""
        return paths.sites_dir() / self.site / "push"

    @property
    def keys(self) -> Path:
        """Return the file with the keys that may push."""
        return KEYS / f"{self.site}.keys"

    @property
    def sshd_config(self) -> Path:
        """Return the settings of the SSH server for the user."""
        return SSHD_CONFIG / f"piwizard-push-{self.site}.conf"

    @property
    def socket(self) -> str:
        """Return the unit that takes the code."""
        return f"piwizard-push-{self.site}.socket"

    @property
    def service(self) -> Path:
        """Return the file of the unit that deploys the code."""
        return UNITS / f"piwizard-push-{self.site}@.service"

    def url(self, host: str) -> str:
        """Return the address for `git remote add`."""
        return f"ssh://{self.user}@{host}/{self.site}.git"


def push_changes(address: PushAddress, branch: str, keys: list[str]) -> tuple[Change, ...]:
    """Return the changes that let these keys push to a branch."""
    site, user = address.site, address.user
    program = File(PROGRAM, Path(push_receive.__file__).read_text(encoding="utf-8"), 0o755)
    hooks = [Link(HOOKS / name, str(PROGRAM)) for name in ("pre-receive", "proc-receive")]
    folders = (Folder(PROGRAM.parent), Folder(HOOKS), Folder(KEYS.parent), Folder(KEYS))
    units = (
        File(UNITS / address.socket, render("systemd/push.socket.j2", site=site, user=user)),
        File(address.service, render("systemd/push.service.j2", site=site)),
    )
    ssh = (
        File(address.keys, render("ssh/push.keys.j2", site=site, branch=branch, keys=keys)),
        File(address.sshd_config, render("ssh/push.conf.j2", site=site, user=user, keys=str(address.keys))),
    )
    return (
        Transaction("push-program", (*folders, program, *hooks), shared=True),
        SystemUser(user, address.home, shell=str(PROGRAM)),
        Folder(address.home, 0o700, Owner(user, user), whole=True),
        Transaction(f"{site}-push-units", units, activate=(RELOAD_UNITS,)),
        RunningUnit(address.socket),
        Transaction(f"{site}-push-ssh", ssh, validate=(SSHD, "-t"), activate=(RELOAD_SSH,)),
    )


def no_push_changes(address: PushAddress) -> tuple[Change, ...]:
    """Return the changes that close the address, and keep what was pushed."""
    units = (AbsentFile(UNITS / address.socket), AbsentFile(address.service))
    ssh = (AbsentFile(address.sshd_config), AbsentFile(address.keys))
    return (
        Transaction(f"{address.site}-push-ssh", ssh, activate=(RELOAD_SSH,)),
        DisabledUnit(address.socket),
        Transaction(f"{address.site}-push-units", units, activate=(RELOAD_UNITS,)),
    )


def login_problem(address: PushAddress) -> str:
    """Return why the SSH server refuses every push; "" if it does not."""
    who = f"user={address.user},host=localhost,addr=127.0.0.1"
    result = commands.run((SSHD, "-T", "-C", who))
    if not result.ok:
        return f"sshd refuses its configuration: {result.last_lines}"
    settings: dict[str, str] = {}
    for line in result.output.splitlines():
        name, _, value = line.partition(" ")
        settings[name] = f"{settings[name]} {value}" if name in settings else value
    if settings.get("authorizedkeysfile") != str(address.keys):
        return f"sshd does not read {address.sshd_config}: /etc/ssh/sshd_config has no Include line for it"
    for name, label in (("allowusers", "AllowUsers"), ("allowgroups", "AllowGroups")):
        if name in settings and address.user not in settings[name].split():
            return f"{label} in sshd_config lacks {address.user}"
    return ""
