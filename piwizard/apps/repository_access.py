"""How git gets access to a site's repository: a token, or a deploy key and the page on which to add it."""

from __future__ import annotations

from dataclasses import dataclass

from piwizard.answers.model import Answers
from piwizard.errors import PiwizardError
from piwizard.git import git_address
from piwizard.git.git_access import GitAccess
from piwizard.git.git_address import GitAddress

TOKEN_KEY = "app.token"
"""The key of the one secret that git needs."""
TOKEN_USERS = {"github.com": "x-access-token", "bitbucket.org": "x-token-auth"}
FORGES = {
    "github": (
        "/settings/keys/new",
        'GitHub: give it a title, paste the key, leave "Allow write access" empty, Add key.',
    ),
    "gitlab": (
        "/-/settings/repository#js-deploy-keys-settings",
        'GitLab: open "Deploy keys", Add new key, paste the key, leave "Grant write permissions" empty, Add key.',
    ),
    "bitbucket": ("/admin/access-keys/", "Bitbucket: Add key, paste the key. Such a key can only read."),
    "forgejo": (
        "/settings/keys",
        'Add deploy key, paste the key, leave "Enable write access" empty, Add deploy key.',
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
    """The page on which a deploy key is added ("" where that is not known), and what to do there."""

    page: str
    words: str


def deploy_key_page(address: GitAddress) -> RepositoryPage:
    """Where the key is added for a repository. Forges at home are known by names such as gitlab.example.org."""
    sign = next((sign for sign in FORGE_OF_HOST_WORD if sign in address.host), None)
    if sign is None or not address.name:
        return RepositoryPage(
            "",
            f"In the settings of the repository at {address.host}, as a deploy key that may only read. On a machine of "
            f"your own: as a line of ~/.ssh/authorized_keys of {address.user or 'the user that owns the repository'}.",
        )
    path, words = FORGES[FORGE_OF_HOST_WORD[sign]]
    return RepositoryPage(f"https://{address.host}/{address.name}{path}", words)


def ssh_address(address: GitAddress) -> str:
    """The ssh address of a repository that is given by https."""
    return f"git@{address.host}:{address.name}.git"


def token_user(host: str) -> str:
    """The user name that goes with a token; most forges look at the token alone."""
    return TOKEN_USERS.get(host, "oauth2")


def repository_access(answers: Answers) -> GitAccess:
    """PiwizardError where the token would cross the network for everybody to read."""
    repo = answers["app.repo"]
    address, token = git_address.parse_address(repo), answers.secrets.get(TOKEN_KEY, "")
    if token and address.scheme == "http":
        raise PiwizardError(
            f"{TOKEN_KEY}: {repo} is not encrypted, so the token could be read on its way.",
            key=TOKEN_KEY,
            hint="Use the repository's https address.",
        )
    user = answers.get("app.token_user") or token_user(address.host)
    return GitAccess(str(answers.site), repo, user, token, answers.get("app.host_key"))
