"""Name the ways in which new versions of a site are deployed."""

from __future__ import annotations

from piwizard.answers.model import Answers

MANUAL, POLL, PUSH, WEBHOOK = "manual", "poll", "push", "webhook"
WAYS = (MANUAL, POLL)
KEY = "app.deploy"
POLL_MINUTES = 5
"""How often a repository is asked, if the answers do not say."""
SECRET_KEY = "app.webhook_secret"
SECRET_CHARACTERS = 43


def ways_of(answers: Answers) -> tuple[str, ...]:
    """Return the ways that a site has; none if a person runs `piwizard deploy`."""
    return tuple(way for way in answers.get(KEY, ()) if way != MANUAL)


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
