"""Simulate deSEC's RRset API for certbot's plugin; its updates are in dyndns2."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.internet.names import Zones
from tests.lab.internet.web import Reply, Request, Site

JSON = {"Content-Type": "application/json"}
ROOT = "/api/v1/domains"


class DesecApi(Site):
    """The site desec.io/api/v1. `account` gives a token its domains."""

    def __init__(self, zones: Zones) -> None:
        super().__init__(self._answer)
        self._zones = zones
        self._tokens: dict[str, tuple[str, ...]] = {}

    def account(self, token: str, *domains: str) -> None:
        """Add a token that may change these domains."""
        self._tokens[token] = domains

    def _answer(self, request: Request) -> Reply:
        token = request.headers.get("authorization", "").removeprefix("Token ")
        if token not in self._tokens:
            return _json({"detail": "Invalid token."}, 401)
        domains = self._tokens[token]
        match request.path.removeprefix(ROOT).strip("/").split("/"):
            case [""]:
                owned = request.params.get("owns_qname")
                return _json([{"name": d, "minimum_ttl": 60} for d in domains if owned is None or _owns(d, owned)])
            case [domain, *rest] if domain in domains:
                return self._of_domain(domain, rest, request)
        return _json({"detail": "Not found."}, 404)

    def _of_domain(self, domain: str, rest: list[str], request: Request) -> Reply:
        match request.method, rest:
            case "GET", []:
                return _json({"name": domain, "minimum_ttl": 60})
            case "GET", ["rrsets", sub, type]:
                found = self._record_set(domain, sub, type)
                return _json(found) if found["records"] else _json({"detail": "Not found."}, 404)
            case "POST" | "PUT" | "PATCH", ["rrsets", *named]:
                said = json.loads(request.body)
                sets = said if isinstance(said, list) else [said]
                if named:
                    sets = [{"subname": named[0], "type": named[1], **sets[0]}]
                found = [self._put(domain, each) for each in sets]
                return _json(found if isinstance(said, list) else found[0], 201 if request.method == "POST" else 200)
            case "DELETE", ["rrsets", sub, type]:
                self._zones.remove(_name(domain, sub), type)
                return Reply(status=204)
        return _json({"detail": "Not found."}, 404)

    def _put(self, domain: str, wanted: dict[str, Any]) -> dict[str, Any]:
        name = _name(domain, wanted["subname"])
        if wanted["records"]:
            self._zones.set(name, wanted["type"], *wanted["records"])
        else:
            self._zones.remove(name, wanted["type"])
        return self._record_set(domain, wanted["subname"], wanted["type"])

    def _record_set(self, domain: str, sub: str, type: str) -> dict[str, Any]:
        records = self._zones.get(_name(domain, sub), type)
        quoted = [f'"{record}"' for record in records] if type == "TXT" else records
        return {
            "domain": domain,
            "subname": sub.rstrip(".").removeprefix("@"),
            "type": type,
            "ttl": 60,
            "records": quoted,
        }


def _name(domain: str, sub: str) -> str:
    # In paths a subname may end in dots, which distinguish it from "." and "..".
    sub = sub.rstrip(".")
    return domain if sub in ("", "@") else f"{sub}.{domain}"


def _owns(domain: str, name: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _json(said: object, status: int = 200) -> Reply:
    return Reply(json.dumps(said), status, JSON)
