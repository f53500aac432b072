"""Explain the error codes of providers, with a fix and a waiting time."""

from __future__ import annotations

from piwizard.dns.ddns_account import Account
from piwizard.system.lazy_dataclass import dataclass

WRONG, SOON, HALF_AN_HOUR, AN_HOUR = 5, 1, 30, 60
"""Minutes before the same request is sent again with unchanged answers."""
FIX_ACCOUNT = "{account} Then apply again."
LATER = "Your settings are fine. Apply again later."
OTHERS = "Stop other clients that update the same name, then apply again."
CAPTIVE = "Check ddns.server, and check whether your network requires a login first."


@dataclass(frozen=True)
class ProviderError:
    """An explained error; `wait` is the time in minutes before the next request."""

    sentence: str
    hint: str
    wait: int
    key: str | None = None


UNKNOWN = ProviderError("{server} sent an unexpected answer to an update.", CAPTIVE, SOON)
NO_NAME = ProviderError("{title} has no host name {name} in this account.", FIX_ACCOUNT, WRONG, "ddns.hostname")
REFUSALS = {
    "badauth": ProviderError("{title} does not accept the {credentials}.", FIX_ACCOUNT, WRONG, "ddns.password"),
    "ko": ProviderError(
        "{title} refused the update: the {secret} is wrong, or {name} does not belong to this account.",
        FIX_ACCOUNT,
        WRONG,
        "ddns.password",
    ),
    "failed": ProviderError(
        "{title} refused the last update.", "`journalctl -u ddclient` shows its message. " + FIX_ACCOUNT, WRONG
    ),
    "nohost": NO_NAME,
    "notfqdn": NO_NAME,
    "numhost": NO_NAME,
    "!yours": NO_NAME,
    "!active": NO_NAME,
    "nozone": ProviderError("{title} has no zone {zone} that this {secret} can read.", FIX_ACCOUNT, WRONG, "ddns.zone"),
    "norecord": ProviderError(
        "{title} has no A record for {name} yet, and updates can only change an existing one.",
        FIX_ACCOUNT,
        SOON,
        "ddns.hostname",
    ),
    "noedit": ProviderError(
        "The {secret} can read the zone {zone} at {title}, but not change it.", FIX_ACCOUNT, WRONG, "ddns.password"
    ),
    "badagent": ProviderError(
        "{title} blocked this client.",
        "Contact the support of {title}, or use another provider.",
        AN_HOUR,
    ),
    "!donator": ProviderError(
        "{title} refused the update: it needs a feature of paid accounts.",
        "Check the settings of the host name in your account: offline and group settings are paid features.",
        HALF_AN_HOUR,
    ),
    "abuse": ProviderError(
        "{title} blocked the account or the host name for too many updates or for breaking its rules.",
        "Log in at {title} to unblock it. " + OTHERS,
        AN_HOUR,
    ),
    "911": ProviderError("{title} has an internal error and asks clients to wait 30 minutes.", LATER, HALF_AN_HOUR),
    "dnserr": ProviderError("{title} has an internal error.", LATER, HALF_AN_HOUR),
    "down": ProviderError("{title} has an internal error.", LATER, WRONG),
    "throttled": ProviderError("{title} received too many requests.", OTHERS, HALF_AN_HOUR),
    "time-out": ProviderError("{server} did not answer in time.", "Apply again in a few minutes.", SOON),
    "cut": ProviderError("{server} closed the connection.", "Apply again in a few minutes.", SOON),
    "certificate": ProviderError(
        "The certificate of {server} is not valid, so the {secret} was not sent.",
        "Check the clock with `timedatectl`, and check whether your network requires a login first.",
        0,
    ),
    "unreachable": ProviderError(
        "{server} cannot be reached.", "Check this Pi's Internet connection, and ddns.server if set.", 0
    ),
}


def explain(code: str, account: Account) -> ProviderError:
    """Explain an error code of an UpdateReply."""
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
