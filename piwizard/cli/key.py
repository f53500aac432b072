"""`piwizard key`: the site's own ssh key, where to add it, whether it is taken; and which servers are trusted."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from piwizard.apps import forges
from piwizard.apps.forges import RepositoryPage
from piwizard.cli import output
from piwizard.errors import AnswerRefused, MissingAnswer, PiwizardError
from piwizard.git import deploy_key, git_address, git_command, git_errors, host_keys
from piwizard.git.git_access import Access
from piwizard.git.host_keys import HostKey
from piwizard.setup import kept_answers, workspace
from piwizard.system import commands, console

SECONDS = 60


@dataclass(frozen=True)
class Tried:
    """Whether the repository could be read with the key, and what was said."""

    ok: bool
    words: str


def show(answers: Path | None, site: str | None, *, as_json: bool) -> int:
    """Prints the public key and what to do with it; tries it. Returns the exit code."""
    access = _access(answers, site)
    address = access.address
    if address.scheme not in ("ssh", "https", "http"):
        raise PiwizardError(f"app.repo: {access.repo} needs no key.", key="app.repo")
    public, place = deploy_key.make(access.site), forges.place_of(address)
    if as_json:
        tried = _try(access)
        found = {"accepted": tried.ok, "detail": tried.words}
        output.dump({"site": access.site, "key": public, "repo": access.repo, **asdict(place), **found})
        return 0
    _explain(access, public, place)
    if not address.ssh:
        return 0
    if sys.stdin.isatty() and not _known(access):
        _ask_to_trust(access.site, host_keys.scan(address.host, address.port))
    tried = _try(access)
    while not tried.ok and sys.stdin.isatty():
        console.show(f"Not yet: {tried.words}")
        if _asked("Enter tries it again, q leaves it for later:") != "":
            return 0
        tried = _try(access)
    console.show(tried.words if tried.ok else f"Not yet: {tried.words}")
    return 0


def trust(host: str, answers: Path | None, site: str | None, *, yes: bool, as_json: bool) -> int:
    """Shows the host keys of a server, and believes them from now on if somebody says so."""
    access = _access(answers, site)
    name, port = _host_and_port(host, access)
    known = git_address.known_as(name, port)
    if host_keys.of(known, host_keys.read(host_keys.pinned_file())):
        raise PiwizardError(f"The keys that {known} publishes come with piwizard: no others are taken for it.")
    shown = host_keys.scan(name, port)
    if as_json:
        if yes:
            host_keys.trust(access.site, shown)
        keys = [{"type": key.name, "fingerprint": key.fingerprint} for key in shown]
        output.dump({"site": access.site, "host": known, "keys": keys, "trusted": yes})
        return 0
    if not yes and not sys.stdin.isatty():
        _print_keys(access.site, shown)
        raise PiwizardError(f"{known} is not trusted yet.", hint="--yes keeps these keys without asking.")
    return 0 if _ask_to_trust(access.site, shown, yes=yes) else 1


def _access(answers: Path | None, site: str | None) -> Access:
    planner = workspace.planner(answers)
    sites = list(planner.answers.sites)
    if not sites:
        raise PiwizardError(
            "There is no site in the answers yet, so there is nothing to make a key for.",
            key="site.name",
            hint="`piwizard` asks for its name and repository; `piwizard key --answers FILE` takes them from a file.",
        )
    added = kept_answers.added(answers) if answers else ()
    sites = [site for site in sites if site not in added] or sites
    if site is None and len(sites) > 1:
        raise PiwizardError(
            "Each site has a key of its own: say which with --site.", hint=f"Sites: {', '.join(sites)}."
        )
    site = site or sites[0]
    if "app.repo" not in planner.answers.of(site).values:
        missing = MissingAnswer("app.repo is missing.", key="app.repo", hint="Write it into the answers.")
        planner.answers.locate(missing, site)
        raise missing
    return planner.context.access(site)


def _explain(access: Access, public: str, place: RepositoryPage) -> None:
    console.say(f"The key of {access.site}, which can read its repository once it is known there:", "", public, "")
    console.say("Where to add it:", f"  {place.page or access.repo}", f"  {place.words}", "")
    if not access.address.ssh:
        console.say(
            f"app.repo is {access.repo}, and keys are for ssh. Once the key is added, set it to",
            f"  {forges.ssh_form(access.address)}",
            "and `piwizard key` tries it.",
        )


def _try(access: Access) -> Tried:
    if not access.address.ssh:
        return Tried(False, f"Keys are for ssh: set app.repo to {forges.ssh_form(access.address)}.")
    try:
        argv = ("git", "ls-remote", "--quiet", "--", access.repo, "HEAD")
        result = commands.run(argv, env=git_command.environment(access), timeout=SECONDS)
        if not result.ok:
            raise git_errors.explain(access.repo, None, result.last_words, access)
    except AnswerRefused as refusal:
        return Tried(False, refusal.reason)
    except PiwizardError as error:
        return Tried(False, error.message)
    return Tried(True, f"The key is taken: {access.repo} can be read with it.")


def _known(access: Access) -> bool:
    name = access.address.known_as
    files = (host_keys.pinned_file(), host_keys.trusted_file(access.site))
    return bool(access.host_key or any(host_keys.of(name, host_keys.read(file)) for file in files))


def _ask_to_trust(site: str, shown: list[HostKey], *, yes: bool = False) -> bool:
    host = shown[0].host
    before = host_keys.of(host, host_keys.read(host_keys.trusted_file(site)))
    _print_keys(site, shown)
    if set(before) == set(shown):
        console.say(f"{host} is trusted already.")
        return True
    if before and not set(before) & set(shown):
        known = ", ".join(key.fingerprint for key in before)
        console.say(f"These are NOT the keys that were trusted before ({known}).")
    if not yes:
        console.say("Compare them with what the owner of that server says its keys are; on the server itself:")
        console.say("  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
        yes = _asked(f"Trust {host}?", "[y/N]") in ("y", "yes")
    if yes:
        host_keys.trust(site, shown)
    console.say(f"{host} is trusted from now on." if yes else "Nothing was kept.")
    return yes


def _asked(question: str, choices: str = "") -> str | None:
    """What was typed, in small letters; None where the terminal was closed."""
    typed = console.ask(question, choices)
    return None if typed is None else typed.lower()


def _print_keys(site: str, shown: list[HostKey]) -> None:
    console.say(f"{shown[0].host} shows these keys to {site}:")
    for key in shown:
        console.say(f"  {key.name:8}{key.fingerprint}")


def _host_and_port(given: str, access: Access) -> tuple[str, int | None]:
    """A host as a person may name it: git.example.org, git.example.org:2222 or [git.example.org]:2222."""
    name, _, port = given.lower().replace("[", "").replace("]", "").partition(":")
    if not name or name.startswith("-") or (port and not port.isdigit()):
        raise PiwizardError(
            f"{given!r} is no name of a server.", hint="As in git.example.org, or git.example.org:2222."
        )
    if port:
        return name, int(port)
    return name, access.address.port if name == access.address.host and access.address.ssh else None
