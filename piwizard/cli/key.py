"""Show and test the deploy key of a site, and trust the host keys of Git servers."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

from piwizard.cli import output
from piwizard.errors import MissingAnswer, PiwizardError
from piwizard.git import git_address, host_keys
from piwizard.git.git_access import GitAccess
from piwizard.git.host_keys import HostKey
from piwizard.setup import kept_answers, repository_key, workspace
from piwizard.setup.repository_key import KeyOffer
from piwizard.system import console


def show_key(answers: Path | None, site: str | None, *, as_json: bool) -> int:
    """Print the public key and where to add it, then test it. Return the exit code."""
    access = _access(answers, site)
    offer = repository_key.offer_key(access)
    if as_json:
        test = repository_key.test_key(access)
        found = {"accepted": test.ok, "detail": test.detail}
        output.dump({"site": access.site, "key": offer.public, "repo": access.repo, **asdict(offer.page), **found})
        return 0
    _print_key(access, offer)
    if not access.address.ssh:
        return 0
    if sys.stdin.isatty() and (unknown := repository_key.unknown_host_keys(access)):
        _ask_to_trust(access.site, unknown)
    test = repository_key.test_key(access)
    while not test.ok and sys.stdin.isatty():
        console.show(f"Not yet: {test.detail}")
        if _ask("Press Enter to try again, or q to do this later:") != "":
            return 0
        test = repository_key.test_key(access)
    console.show(test.detail if test.ok else f"Not yet: {test.detail}")
    return 0


def trust_host(host: str, answers: Path | None, site: str | None, *, yes: bool, as_json: bool) -> int:
    """Show the host keys of a server and trust them if the user confirms.

    Return the exit code.
    """
    access = _access(answers, site)
    name, port = _parse_host(host, access)
    known = git_address.known_hosts_name(name, port)
    if host_keys.keys_of_host(known, host_keys.read_keys(host_keys.pinned_file())):
        raise PiwizardError(
            f"piwizard includes the published host keys of {known} and trusts no others for it.",
            hint="There is nothing to do: run `piwizard key`.",
        )
    shown = host_keys.scan_host(name, port)
    if as_json:
        if yes:
            host_keys.trust_keys(access.site, shown)
        keys = [{"type": key.name, "fingerprint": key.fingerprint} for key in shown]
        output.dump({"site": access.site, "host": known, "keys": keys, "trusted": yes})
        return 0
    if not yes and not sys.stdin.isatty():
        _print_keys(access.site, shown)
        raise PiwizardError(f"{known} is not trusted yet.", hint="Add --yes to trust these keys without confirmation.")
    return 0 if _ask_to_trust(access.site, shown, yes=yes) else 1


def _access(answers: Path | None, site: str | None) -> GitAccess:
    planner = workspace.planner(answers)
    sites = list(planner.answers.sites)
    if not sites:
        raise PiwizardError(
            "There is no site in the answers yet, so there is no deploy key to show.",
            key="site.name",
            hint="Run `piwizard` to add a site, or `piwizard key --answers FILE` to read it from a file.",
        )
    added = kept_answers.added(answers) if answers else ()
    sites = [site for site in sites if site not in added] or sites
    if site is None and len(sites) > 1:
        raise PiwizardError("Each site has its own deploy key. Add --site NAME.", hint=f"Sites: {', '.join(sites)}.")
    site = site or sites[0]
    if "app.repo" not in planner.answers.of(site).values:
        missing = MissingAnswer("app.repo is missing.", key="app.repo", hint="Add the address of the repository.")
        planner.answers.locate(missing, site)
        raise missing
    return planner.context.access(site)


def _print_key(access: GitAccess, offer: KeyOffer) -> None:
    console.say(f"Deploy key of {access.site}, which gives read access to its repository once you add it:")
    console.say("", offer.public, "", wrap=False)
    console.say("Add it here:", f"  {offer.page.page or access.repo}", f"  {offer.page.words}", "")
    if not access.address.ssh:
        console.say(
            f"app.repo is {access.repo}, but deploy keys work only over SSH. After you add the key, set app.repo to",
            f"  {offer.address}",
            "and run `piwizard key` again to test it.",
        )


def _ask_to_trust(site: str, shown: list[HostKey], *, yes: bool = False) -> bool:
    host = shown[0].host
    before = host_keys.keys_of_host(host, host_keys.read_keys(host_keys.trusted_file(site)))
    _print_keys(site, shown)
    if set(before) == set(shown):
        console.say(f"{host} is already trusted.")
        return True
    if before and not set(before) & set(shown):
        known = ", ".join(key.fingerprint for key in before)
        console.say(f"These are NOT the keys that you trusted before ({known}).")
    if not yes:
        console.say("Compare the fingerprints with those from the owner of the server. On the server itself, run:")
        console.say("  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
        yes = _ask(f"Trust {host}?", "[y/N]") in ("y", "yes")
    if yes:
        host_keys.trust_keys(site, shown)
    console.say(f"{host} is now trusted." if yes else f"{host} is not trusted. Nothing was saved.")
    return yes


def _ask(question: str, choices: str = "") -> str | None:
    """Return what the user typed, in lowercase; None if the terminal was closed."""
    typed = console.ask(question, choices)
    return None if typed is None else typed.lower()


def _print_keys(site: str, shown: list[HostKey]) -> None:
    console.say(f"Host keys of {shown[0].host}, for the site {site}:")
    for key in shown:
        console.say(f"  {key.name:8}{key.fingerprint}")


def _parse_host(given: str, access: GitAccess) -> tuple[str, int | None]:
    """Split host and port: git.example.org, git.example.org:2222 or [git.example.org]:2222."""
    name, _, port = given.lower().replace("[", "").replace("]", "").partition(":")
    if not name or name.startswith("-") or (port and not port.isdigit()):
        raise PiwizardError(
            f"{given!r} is not a host name.", hint="Enter a host name such as git.example.org or git.example.org:2222."
        )
    if port:
        return name, int(port)
    return name, access.address.port if name == access.address.host and access.address.ssh else None
