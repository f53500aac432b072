"""Git access to a site's repository: tokens, deploy keys and where to add them."""

from __future__ import annotations

from piwizard.answers.model import Answers
from piwizard.errors import PiwizardError
from piwizard.git import git_address
from piwizard.git.git_access import GitAccess
from piwizard.git.git_address import GitAddress
from piwizard.system.lazy_dataclass import dataclass

TOKEN_KEY = "app.token"
"""The answer with the one secret that git needs."""
TOKEN_USERS = {"github.com": "x-access-token", "bitbucket.org": "x-token-auth"}
FORGES = {
    "github": (
        "/settings/keys/new",
        'GitHub: enter a title, paste the key, leave "Allow write access" off, select "Add key".',
    ),
    "gitlab": (
        "/-/settings/repository#js-deploy-keys-settings",
        'GitLab: open "Deploy keys", select "Add new key", paste the key, leave "Grant write permissions" off.',
    ),
    "bitbucket": ("/admin/access-keys/", 'Bitbucket: select "Add key" and paste the key. It can only read.'),
    "forgejo": (
        "/settings/keys",
        'Select "Add deploy key", paste the key, leave "Enable write access" off.',
    ),
}
FORGE_OF_HOST_WORD = {
    "codeberg": "forgejo",
    "gitea": "forgejo",
    "forgejo": "forgejo",
    **{name: name for name in FORGES},
}


@dataclass(frozen=True)
class RepositoryPage:
    """The page for adding a deploy key ("" if unknown), and what to do there."""

    page: str
    words: str


def deploy_key_page(address: GitAddress) -> RepositoryPage:
    """Return where to add the deploy key of a repository.

    Self-hosted forges are recognized by host names such as gitlab.example.org.
    """
    sign = next((sign for sign in FORGE_OF_HOST_WORD if sign in address.host), None)
    if sign is None or not address.name:
        return RepositoryPage(
            "",
            f"Add it as a read-only deploy key in the repository's settings on {address.host}. On your own server, add "
            f"it as a line to ~/.ssh/authorized_keys of {address.user or 'the user that owns the repository'}.",
        )
    path, words = FORGES[FORGE_OF_HOST_WORD[sign]]
    return RepositoryPage(f"https://{address.host}/{address.name}{path}", words)


def ssh_address(address: GitAddress) -> str:
    """Return the ssh address of a repository with an https address."""
    return f"git@{address.host}:{address.name}.git"


def token_user(host: str) -> str:
    """Return the user name for a token; most forges check only the token."""
    return TOKEN_USERS.get(host, "oauth2")


def repository_access(answers: Answers, repo: str | None = None) -> GitAccess:
    """Return the git access of a site. PiwizardError if it would leak the token.

    `repo` is where its code comes from, if that is not app.repo: a file on this machine, which needs no login.
    """
    if repo and repo != answers["app.repo"]:
        return GitAccess(str(answers.site), repo)
    repo = answers["app.repo"]
    address, token = git_address.parse_address(repo), answers.secrets.get(TOKEN_KEY, "")
    if token and address.scheme == "http":
        raise PiwizardError(
            f"{TOKEN_KEY}: {repo} is not encrypted, so others could read the token.",
            key=TOKEN_KEY,
            hint="Use the https address of the repository in app.repo.",
        )
    user = answers.get("app.token_user") or token_user(address.host)
    return GitAccess(str(answers.site), repo, user, token, answers.get("app.host_key"))
