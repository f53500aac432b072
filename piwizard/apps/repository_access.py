"""What was answered about a private repository, as git needs it."""

from __future__ import annotations

from piwizard.answers.model import Answers
from piwizard.apps import forges
from piwizard.errors import PiwizardError
from piwizard.git import git_address
from piwizard.git.git_access import Access

TOKEN = "app.token"
"""The key of the one secret that git needs."""


def of(answers: Answers) -> Access:
    """PiwizardError where the token would cross the network for everybody to read."""
    repo = answers["app.repo"]
    address, token = git_address.parse(repo), answers.secrets.get(TOKEN, "")
    if token and address.scheme == "http":
        raise PiwizardError(
            f"{TOKEN}: {repo} is not encrypted, so the token could be read on its way.",
            key=TOKEN,
            hint="Use the repository's https address.",
        )
    user = answers.get("app.token_user") or forges.token_user(address.host)
    return Access(str(answers.site), repo, user, token, answers.get("app.host_key"))
