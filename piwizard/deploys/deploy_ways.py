"""Name the ways in which new versions of a site are deployed."""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.answers.model import Answers
from piwizard.system import files

MANUAL, POLL, PUSH, WEBHOOK = "manual", "poll", "push", "webhook"
WAYS = (MANUAL, POLL, WEBHOOK, PUSH)
KEY = "app.deploy"
POLL_MINUTES = 5
"""How often a repository is asked, if the answers do not say."""
KEYS_KEY, SECRET_KEY = "app.push_keys", "app.webhook_secret"
SECRET_CHARACTERS = 43
DEFAULT_BRANCH = re.compile(r"ref: refs/remotes/origin/([A-Za-z0-9._][A-Za-z0-9._/-]*)\n")


def ways_of(answers: Answers) -> tuple[str, ...]:
    """Return the ways that a site has; none if a person runs `piwizard deploy`."""
    return tuple(way for way in answers.get(KEY, ()) if way != MANUAL)


def generated_secret(answers: Answers) -> dict[str, dict[str, int]]:
    """Return the secret that a site needs for its webhook, if the answers name none."""
    if WEBHOOK in ways_of(answers) and SECRET_KEY not in answers.values:
        return {SECRET_KEY: {"generate": SECRET_CHARACTERS}}
    return {}


def branch_of(answers: Answers, tree: Path | None) -> str:
    """Return the branch that is deployed.

    `tree` is a checkout, which names the default branch.
    """
    if branch := answers.get("app.branch"):
        return str(branch)
    head = files.read(tree / ".git" / "refs" / "remotes" / "origin" / "HEAD") if tree else None
    named = DEFAULT_BRANCH.match((head or b"").decode("utf-8", "replace"))
    return named[1] if named else "main"


def poll_minutes(answers: Answers) -> int:
    """Return how often the repository is asked, if it is."""
    return int(answers.get("app.poll_every", POLL_MINUTES))


def sentence_of(answers: Answers) -> str:
    """Return in a few words how new versions of a site are deployed."""
    return describe_ways(ways_of(answers), poll_minutes(answers))


def describe_ways(ways: tuple[str, ...], minutes: int) -> str:
    """Return these ways in a few words."""
    said = {
        POLL: f"piwizard asks the repository every {minutes} min",
        PUSH: "you push to this Pi",
        WEBHOOK: "the git server calls this Pi",
    }
    return "; ".join(said[way] for way in ways) or "you run `piwizard deploy`"
