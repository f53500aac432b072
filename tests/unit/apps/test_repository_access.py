"""From answers to what git is told."""

from __future__ import annotations

import pytest

from piwizard.answers.model import Answers
from piwizard.apps import repository_access
from piwizard.errors import PiwizardError


def test_answers_and_secrets_come_together():
    values = {"app.repo": "https://github.com/me/app.git", "app.host_key": "SHA256:x"}
    found = repository_access.of(Answers("blog", values, {"app.token": "s3cret"}))
    assert (found.site, found.user, found.token, found.host_key) == ("blog", "x-access-token", "s3cret", "SHA256:x")
    assert repository_access.of(Answers("blog", {**values, "app.token_user": "me"})).user == "me"


def test_a_token_is_not_sent_for_everybody_to_read():
    answers = Answers("blog", {"app.repo": "http://git.lan/app.git"}, {"app.token": "s3cret"})
    with pytest.raises(PiwizardError, match="not encrypted") as refused:
        repository_access.of(answers)
    assert refused.value.key == "app.token"
