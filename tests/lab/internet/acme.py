"""Simulate Let's Encrypt: its two servers by name, with counters and faults."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tests.lab.internet.authority import Authority
from tests.lab.internet.pebble import Pebble
from tests.lab.internet.web import Reply, Request, Site
from tests.lab.network import HomeNetwork

PRODUCTION, STAGING = "acme-v02.api.letsencrypt.org", "acme-staging-v02.api.letsencrypt.org"

# Pebble's paths, and their names in RFC 8555.
KINDS = {
    "/directory": "directory",
    "/dir": "directory",
    "/nonce-plz": "newNonce",
    "/sign-me-up": "newAccount",
    "/my-account": "account",
    "/order-plz": "newOrder",
    "/my-order": "order",
    "/authZ": "authorization",
    "/chalZ": "challenge",
    "/finalize-order": "finalize",
    "/certZ": "certificate",
    "/revoke-cert": "revoke",
    "/rollover-account-key": "keyChange",
}
LIMITED = (
    "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, "
    "retry after {until:%Y-%m-%d %H:%M:%S} UTC: "
    "see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"
)


@dataclass(frozen=True)
class Refusal:
    """The answer to a kind of request, `times` times (None: always)."""

    kind: str
    problem: str
    detail: str
    status: int
    retry_after: int | None
    times: int | None


class AcmeServer(Site):
    """One of the two servers.

    `counts` counts requests by kind; `fault` and `refuse` cause failures.
    """

    def __init__(self, start: Callable[..., Pebble]) -> None:
        super().__init__(self._pass_on)
        self._start = start
        self._starting = threading.Lock()
        self._pebble: Pebble | None = None
        self.counts: Counter[str] = Counter()
        """By kind: directory, newNonce, newAccount, newOrder, authorization, challenge, challenge-poll, finalize …

        A challenge is a request to validate, a challenge-poll a request for its result.
        """
        self.slow = 0.0
        """Seconds before it validates a challenge."""
        self._refusals: list[Refusal] = []
        self._challenges: dict[str, tuple[str, dict[str, str]]] = {}

    @property
    def pebble(self) -> Pebble:
        """Return the Pebble behind it, started at the first use."""
        with self._starting:
            if self._pebble is None:
                self._pebble = self._begin()
            return self._pebble

    def _begin(self, *, days: int = 90, reuse: int = 0, bad_nonces: int = 0, slow: int = 0) -> Pebble:
        return self._start(days=days, reuse=reuse, bad_nonces=bad_nonces, slow=slow)

    def restart(self, **settings: int) -> None:
        """Start another server without accounts, with a new root for Pis to trust.


        Certificates are valid for `days`, `reuse` percent of authorisations are reused, `bad_nonces` percent of nonces
        are rejected, and validation takes up to `slow` seconds.
        """
        with self._starting:
            if self._pebble is not None:
                self._pebble.stop()
            self._pebble = self._begin(**settings)

    def refuse(
        self,
        kind: str,
        problem: str,
        *,
        detail: str = "",
        status: int = 400,
        retry_after: int | None = None,
        times: int | None = None,
    ) -> None:
        """Refuse a kind of request, such as `refuse("newOrder", "badNonce", times=2)`."""
        self._refusals.append(Refusal(kind, problem, detail or problem, status, retry_after, times))

    def limit_rate(self, retry_after: int, *, kind: str = "newOrder", detail: str = LIMITED) -> None:
        """Enforce a rate limit with this Retry-After in seconds, until `relent`."""
        until = datetime.now(UTC) + timedelta(seconds=retry_after)
        self.refuse(kind, "rateLimited", detail=detail.format(until=until), status=429, retry_after=retry_after)

    def relent(self) -> None:
        """Stop all refusals, delays and faults, and reset the counters."""
        self._refusals.clear()
        self.slow, self.fault = 0.0, None
        self.counts.clear()

    def reply(self, request: Request) -> Reply | None:
        self.counts[_kind(request)] += 1
        return super().reply(request)

    def _pass_on(self, request: Request) -> Reply:
        kind = _kind(request)
        refusal = self._refusal(kind)
        if refusal is not None:
            return self._problem(refusal)
        if kind == "challenge" and self.slow and request.path in self._challenges:
            threading.Timer(self.slow, self._forward, [request]).start()
            link, challenge = self._challenges[request.path]
            headers = self._nonce() | {"Content-Type": "application/json", "Link": link}
            return Reply(json.dumps(challenge | {"status": "processing"}), headers=headers)
        reply = self._forward(request)
        if kind == "authorization":
            self._note_challenges(request, reply)
        return reply

    def _forward(self, request: Request) -> Reply:
        path = "/dir" if request.path == "/directory" else request.path
        # It makes its URLs from the Host header.
        headers = {"Host": request.host, "User-Agent": request.headers.get("user-agent", "")}
        if "content-type" in request.headers:
            headers["Content-Type"] = request.headers["content-type"]
        return self.pebble.ask(request.method, path, body=request.body or None, headers=headers)

    def _refusal(self, kind: str) -> Refusal | None:
        for index, each in enumerate(self._refusals):
            if each.kind == kind:
                if each.times is not None:
                    self._refusals[index : index + 1] = [replace(each, times=each.times - 1)] * (each.times > 1)
                return each
        return None

    def _problem(self, refusal: Refusal) -> Reply:
        said = {"type": f"urn:ietf:params:acme:error:{refusal.problem}", "detail": refusal.detail}
        headers = self._nonce() | {"Content-Type": "application/problem+json"}
        if refusal.retry_after is not None:
            headers["Retry-After"] = str(refusal.retry_after)
        return Reply(json.dumps(said | {"status": refusal.status}), refusal.status, headers)

    def _nonce(self) -> dict[str, str]:
        return {"Replay-Nonce": self.pebble.ask("HEAD", "/nonce-plz").headers["Replay-Nonce"]}

    def _note_challenges(self, request: Request, reply: Reply) -> None:
        link = f'<https://{request.host}{request.path}>;rel="up"'
        for challenge in json.loads(reply.body).get("challenges", ()):
            path = "/" + challenge["url"].split("/", 3)[3]
            self._challenges[path] = (link, challenge)


class Acme:
    """Let's Encrypt: `production` and `staging`, with a Pebble each."""

    def __init__(self, network: HomeNetwork, authority: Authority) -> None:
        def starting(port: int) -> Callable[..., Pebble]:
            return lambda **settings: Pebble(network, authority, port, **settings)

        self.production = AcmeServer(starting(14000))
        self.staging = AcmeServer(starting(14100))
        self.earlier_roots: list[str] = []
        """The roots of production in earlier sessions: machines from a layer still have their certificates."""

    @property
    def root(self) -> str:
        """Return production's root; no client trusts staging's, as in reality."""
        return self.production.pebble.root


def _kind(request: Request) -> str:
    start = "/" + request.path.split("/")[1]
    kind = KINDS.get(start, start)
    return "challenge-poll" if kind == "challenge" and not _payload(request.body) else kind


def _payload(body: bytes) -> bytes:
    """Return the payload of a signed request; empty for a POST-as-GET."""
    try:
        said = json.loads(body)["payload"]
    except (ValueError, KeyError):
        return b""
    return base64.urlsafe_b64decode(said + "=" * (-len(said) % 4))
