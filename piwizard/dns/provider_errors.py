"""What a provider's refusal means, in a person's words, and how long it wants to be left alone."""

from __future__ import annotations

from dataclasses import dataclass

from piwizard.dns.ddns_account import Account

WRONG, SOON, HALF_AN_HOUR, AN_HOUR = 5, 1, 30, 60
"""Minutes. As long as nothing has changed here, the same question gets the same answer."""
MEND_ACCOUNT = "{account} Then apply again."
LATER = "Nothing is wrong here. Apply again later."
OTHERS = "Stop other clients that update the same name, then apply again."
CAPTIVE = "Look whether ddns.server is right, and whether the network wants a login first."


@dataclass(frozen=True)
class ProviderError:
    """`wait` is in minutes: not asked again with the same account before."""

    sentence: str
    hint: str
    wait: int
    key: str | None = None


UNKNOWN = ProviderError("{server} answered with something that is no answer to an update.", CAPTIVE, SOON)
NO_NAME = ProviderError("{title} knows no name {name} in this account.", MEND_ACCOUNT, WRONG, "ddns.hostname")
REFUSALS = {
    "badauth": ProviderError("{title} does not accept the {credentials}.", MEND_ACCOUNT, WRONG, "ddns.password"),
    "ko": ProviderError(
        "{title} refuses: the {secret} is wrong, or {name} is not a name of this account.",
        MEND_ACCOUNT,
        WRONG,
        "ddns.password",
    ),
    "failed": ProviderError(
        "{title} refused the last update.", "`journalctl -u ddclient` has its words. " + MEND_ACCOUNT, WRONG
    ),
    "nohost": NO_NAME,
    "notfqdn": NO_NAME,
    "numhost": NO_NAME,
    "!yours": NO_NAME,
    "!active": NO_NAME,
    "nozone": ProviderError(
        "{title} knows no zone {zone} that this {secret} may see.", MEND_ACCOUNT, WRONG, "ddns.zone"
    ),
    "norecord": ProviderError(
        "{title} has no A record for {name} yet, and a client can only change one that is there.",
        MEND_ACCOUNT,
        SOON,
        "ddns.hostname",
    ),
    "noedit": ProviderError(
        "{title} lets this {secret} look at {zone}, but not change it.", MEND_ACCOUNT, WRONG, "ddns.password"
    ),
    "badagent": ProviderError(
        "{title} has blocked this kind of client.",
        "Nothing here mends that: ask the support of {title}, or take another provider.",
        AN_HOUR,
    ),
    "!donator": ProviderError(
        "{title} refuses: the update asks for something that only paying accounts have.",
        "Look at the name in the account: an offline or group setting does that.",
        HALF_AN_HOUR,
    ),
    "abuse": ProviderError(
        "{title} has blocked the account or the name for too many updates, or for breaking its rules.",
        "Only {title} lifts that: log in there. " + OTHERS,
        AN_HOUR,
    ),
    "911": ProviderError(
        "{title} has a failure of its own right now, and asks to be left alone for 30 minutes.", LATER, HALF_AN_HOUR
    ),
    "dnserr": ProviderError("{title} has a failure of its own right now.", LATER, HALF_AN_HOUR),
    "down": ProviderError("{title} has a failure of its own right now.", LATER, WRONG),
    "throttled": ProviderError(
        "{title} was asked too often, and wants to be left alone for a while.", OTHERS, HALF_AN_HOUR
    ),
    "time-out": ProviderError("{server} did not answer in time.", "Apply again in a few minutes.", SOON),
    "cut": ProviderError("{server} cut the connection.", "Apply again in a few minutes.", SOON),
    "certificate": ProviderError(
        "The certificate of {server} is not right, so the {secret} was not sent there.",
        "Look at the clock of this machine (`timedatectl`), and whether the network wants a login first.",
        0,
    ),
    "unreachable": ProviderError(
        "{server} cannot be reached.", "Look whether this machine has a connection, and at ddns.server if set.", 0
    ),
}


def explain(code: str, account: Account) -> ProviderError:
    """The meaning of an answer that is not "good" (see `asking.Answer`)."""
    provider, known = account.provider, REFUSALS.get(code, UNKNOWN)
    words = {
        "title": provider.title if provider.name != "custom" else account.server,
        "account": provider.account,
        "secret": provider.secret,
        "credentials": provider.secret if provider.login else f"user name or the {provider.secret}",
        "server": account.server.partition("/")[0],
        "name": account.hostname,
        "zone": account.zone,
    }
    return ProviderError(known.sentence.format(**words), known.hint.format(**words), known.wait, known.key)
