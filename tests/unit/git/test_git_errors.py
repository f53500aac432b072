"""Test explanations of the messages of git and ssh."""

from __future__ import annotations

import pytest

from piwizard.git import deploy_key
from piwizard.git.git_access import GitAccess
from piwizard.git.git_errors import EXPLANATIONS, GitProblem, classify_failure, explain_failure

BOILERPLATE = """
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""
SSH, HTTPS = "git@git.lan:me/app.git", "https://git.lan/me/app.git"
DENIED = f"git@git.lan: Permission denied (publickey).{BOILERPLATE}"
PROMPT = "fatal: could not read Username for 'https://git.lan': terminal prompts disabled"
TOKEN = GitAccess("blog", HTTPS, "oauth2", "s3cret")


@pytest.mark.parametrize(
    ("repo", "access", "output", "key", "sentence", "hint"),
    [
        (SSH, GitAccess("blog", SSH), DENIED, "app.repo", "this site has none yet", "key --site blog`"),
        (SSH, None, DENIED, "app.repo", "needs a deploy key", "`piwizard key`"),
        (
            SSH,
            GitAccess("shop", SSH),
            DENIED,
            "app.repo",
            "git.lan does not let this site's deploy key read",
            "key --site shop`",
        ),
        (
            SSH,
            GitAccess("shop", SSH),
            f"ERROR: Repository not found.{BOILERPLATE}",
            "app.repo",
            "site's deploy key",
            "Check",
        ),
        (
            SSH,
            None,
            "No ED25519 host key is known for [git.lan]:2222 and you have requested strict checking.\n"
            f"Host key verification failed.{BOILERPLATE}",
            "app.repo",
            "the host key of [git.lan]:2222 is not known yet",
            "--trust [git.lan]:2222",
        ),
        (
            SSH,
            None,
            "Host key for git.lan has changed and you have requested strict checking.\n"
            f"Host key verification failed.{BOILERPLATE}",
            "app.repo",
            "git.lan shows another host key than the one that is trusted",
            "--trust git.lan",
        ),
        (HTTPS, GitAccess("blog", HTTPS), PROMPT, "app.repo", "needs a login, or does not exist", "app.token"),
        (
            HTTPS,
            TOKEN,
            f"fatal: Authentication failed for '{HTTPS}'",
            "app.token",
            "does not accept the token",
            "oauth2",
        ),
        (HTTPS, TOKEN, f"fatal: repository '{HTTPS}/' not found", "app.token", "does not accept the token", "typos"),
        (HTTPS, None, f"fatal: repository '{HTTPS}/' not found", "app.repo", "not found", "Check the address"),
        (
            HTTPS,
            TOKEN,
            "Cloning into '/x/lib'...\nfatal: could not read Username for 'https://other.lan': No such device\n"
            "fatal: clone of 'https://other.lan/lib.git' into submodule path '/x/lib' failed\n"
            "Failed to clone 'lib' a second time, aborting",
            "app.repo",
            "the submodule https://other.lan/lib.git of",
            "must be public",
        ),
        (SSH, None, f"ssh: connect to host git.lan port 22: No route to host{BOILERPLATE}", "app.repo", "reached", ""),
        (
            SSH,
            None,
            f"Connection reset by 192.168.1.9 port 22{BOILERPLATE}",
            "app.repo",
            "drops the connection",
            "wait",
        ),
        (SSH, None, f"kex_exchange_identification: reset{BOILERPLATE}", "app.repo", "kex_exchange_ident", "Check"),
        (SSH, None, "error: cannot run ssh: No such file\nfatal: unable to fork", "app.repo", "not installed", "apt"),
        (HTTPS, None, "fatal: Remote branch x not found in upstream origin", "app.branch", "no branch or tag x", ""),
    ],
)
def test_failure_is_explained(own_places, repo, access, output, key, sentence, hint):
    deploy_key.make_key("shop")
    error = explain_failure(repo, "x", output, access)
    assert error.key == key
    assert error.message.startswith(f"{key}: ")
    assert sentence in error.message
    assert hint in (error.hint or "")
    assert "\n" not in error.message
    assert "s3cret" not in str(error) + str(error.hint)


def test_every_problem_has_an_explanation():
    assert set(EXPLANATIONS) == set(GitProblem)


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (f"Connection closed by 192.168.1.9 port 22{BOILERPLATE}", GitProblem.CONNECTION_DROPPED),
        (f"kex_exchange_identification: reset{BOILERPLATE}", GitProblem.OTHER),
        ("", GitProblem.OTHER),
    ],
)
def test_output_is_classified(output, problem):
    assert classify_failure(SSH, output).problem is problem


def test_braces_in_git_output_are_shown_as_they_are():
    error = explain_failure("https://git.lan/{repo}.git", None, "fatal: {subject} {0} is odd", None)
    assert "{repo}.git cannot be cloned: fatal: {subject} {0} is odd" in error.message


@pytest.mark.parametrize(
    "text", ["Host key for {} has changed", "No host key is known for {} and you have requested strict"]
)
@pytest.mark.parametrize("host", ["x;reboot", "$(reboot)", "`reboot`", "git.lan&&reboot", "x|sh"])
def test_server_cannot_put_a_command_into_a_hint(text: str, host: str) -> None:
    error = explain_failure("ssh://git@git.lan/me/app", None, f"remote: {text.format(host)}\n")
    assert "reboot" not in str(error.hint)
    assert "|" not in str(error.hint)
