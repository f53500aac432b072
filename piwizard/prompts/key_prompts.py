"""Give piwizard access to a private repository, line by line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from piwizard.answers.validators import Invalid
from piwizard.errors import PiwizardError
from piwizard.prompts.prompt_console import Console, choose, yes
from piwizard.prompts.prompt_service import PromptService
from piwizard.setup.repository_key import KeyOffer

WAYS = {
    "key": "deploy key: read-only, for this repository only (recommended)",
    "token": "access token, if you already have one",
    "no": "not now, or another address",
}


def ask_for_access(console: Console, service: PromptService, site: str) -> bool:
    """Ask for a deploy key or a token. Return whether anything was changed."""
    console.say("This repository is private, or its address is wrong.")
    match choose(console, "How should piwizard read it?", WAYS, "key"):
        case "key":
            return _deploy_key(console, service, site)
        case "token":
            return _token(console, service, site)
    typed = console.line("Git repository (Enter to do this later):")
    if not typed:
        return False
    _save(console, "address", partial(service.answering.set, site, "app.repo", typed))
    return True


def _token(console: Console, service: PromptService, site: str) -> bool:
    typed = console.secret("Access token (not shown; Enter to go back):")
    if not typed:
        return False
    _save(console, "token", partial(service.answering.set_secret, site, "app.token", typed))
    return True


def _save(console: Console, subject: str, save: Callable[[], object]) -> None:
    """Save an answer, or show why it is refused."""
    try:
        save()
    except Invalid as error:
        console.show(f"  ! The {subject} {error}.")


def _deploy_key(console: Console, service: PromptService, site: str) -> bool:
    """Show the key and where to add it, and wait until the server accepts it."""
    try:
        offer = service.key_offer(site)
        console.say(f"1. Open {offer.page.page or offer.address}")
        console.say(f"2. {offer.page.words} The key, one line:", "")
        console.copy(offer.public)
        console.say("")
        _trust_server(console, service, offer)
    except PiwizardError as error:
        console.show(f"  ! {error.sentence}")
        return False
    while True:
        if console.line("Press Enter when the key is added, or type q to do this later:").lower() == "q":
            return False
        test = service.test_key(offer)
        if test.ok:
            console.say(test.detail)
            service.answering.set(site, "app.repo", offer.address)
            return True
        console.say(f"Not yet: {test.detail}")


def _trust_server(console: Console, service: PromptService, offer: KeyOffer) -> None:
    keys = service.unknown_host_keys(offer)
    if not keys:
        return
    console.say(f"piwizard does not know the server {keys[0].host} yet. Its host keys:")
    for key in keys:
        console.say(f"  {key.name} {key.fingerprint}")
    console.say("Compare the fingerprints with those from the owner of the server.")
    if yes(console, f"Trust {keys[0].host}?", default=False):
        service.trust_server(offer.site, keys)
