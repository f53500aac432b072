"""Simulate Cloudflare's API v4 for DDNS clients and certbot."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from tests.lab.internet.names import Zones
from tests.lab.internet.web import Reply, Request, Site

JSON = {"Content-Type": "application/json"}
ROOT = "/client/v4"


@dataclass
class Record:
    """A record, as the API returns it."""

    id: str
    zone_id: str
    zone_name: str
    name: str
    type: str
    content: str
    ttl: int
    proxied: bool = False


class Cloudflare(Site):
    """The site api.cloudflare.com.

    `account` gives a token its zones; the name servers serve changes at once.
    """

    def __init__(self, zones: Zones) -> None:
        super().__init__(self._answer)
        self._zones = zones
        self._tokens: dict[str, tuple[str, ...]] = {}
        self._records: dict[str, Record] = {}
        self._numbers = 0

    def account(self, token: str, *zones: str) -> None:
        """Add a token that may change these zones."""
        self._tokens[token] = zones
        for zone in zones:
            self._zones.add(zone)

    def record(self, name: str, type: str, content: str) -> None:
        """Set the only record of this name and type, as a user does by hand."""
        self._records = {k: r for k, r in self._records.items() if (r.name, r.type) != (name, type)}
        zone = next(z for zones in self._tokens.values() for z in zones if name == z or name.endswith(f".{z}"))
        self._add(zone, {"name": name, "type": type, "content": content})

    def _answer(self, request: Request) -> Reply:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        parts = request.path.removeprefix(ROOT).strip("/").split("/")
        if token not in self._tokens:
            return _refusal(403, 9109, "Invalid access token") if token else _refusal(400, 9106, "Missing X-Auth-Key")
        zones = self._tokens[token]
        match request.method, parts:
            case "GET", ["user", "tokens", "verify"]:
                return _success({"id": _id(token), "status": "active"})
            case "GET", ["zones"]:
                wanted = request.params.get("name")
                return _listing([_zone(zone) for zone in zones if wanted in (None, zone)])
            case method, ["zones", number, "dns_records", *rest]:
                zone = next((zone for zone in zones if _id(zone) == number), None)
                if zone is None:
                    return _refusal(404, 7003, "Could not route to the zone.")
                return self._of_zone(method, zone, rest, request)
            case "GET", ["zones", number]:
                return next(
                    (_success(_zone(z)) for z in zones if _id(z) == number), _refusal(404, 7003, "No such zone")
                )
        return _refusal(404, 7000, "No route for that URI")

    def _of_zone(self, method: str, zone: str, rest: list[str], request: Request) -> Reply:
        said: dict[str, Any] = json.loads(request.body) if request.body else {}
        if not rest:
            if method == "POST":
                return _success(asdict(self._add(zone, said)))
            asked = {key: request.params[key] for key in ("name", "type", "content") if key in request.params}
            there = [asdict(r) for r in self._records.values() if r.zone_name == zone]
            return _listing([r for r in there if all(r[key] == value for key, value in asked.items())])
        record = self._records.get(rest[0])
        if record is None or record.zone_name != zone:
            return _refusal(404, 81044, "Record does not exist.")
        if method == "DELETE":
            del self._records[record.id]
            self._tell(record.name, record.type)
            return _success({"id": record.id})
        if method in ("PUT", "PATCH"):
            for key in ("content", "ttl", "proxied"):
                setattr(record, key, said.get(key, getattr(record, key)))
            self._tell(record.name, record.type)
        return _success(asdict(record))

    def _add(self, zone: str, said: dict[str, Any]) -> Record:
        self._numbers += 1
        name = said["name"].rstrip(".")
        number = _id(f"{name} {self._numbers}")
        made = Record(number, _id(zone), zone, name, said["type"], said["content"].strip('"'), said.get("ttl", 60))
        self._records[made.id] = made
        self._tell(made.name, made.type)
        return made

    def _tell(self, name: str, type: str) -> None:
        values = [r.content for r in self._records.values() if (r.name, r.type) == (name, type)]
        if values:
            self._zones.set(name, type, *values)
        else:
            self._zones.remove(name, type)


def _id(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _zone(name: str) -> dict[str, Any]:
    return {"id": _id(name), "name": name, "status": "active", "paused": False, "type": "full"}


def _success(result: object) -> Reply:
    said = {"success": True, "errors": [], "messages": [], "result": result}
    return Reply(json.dumps(said), headers=JSON)


def _listing(found: list[Any]) -> Reply:
    info = {"page": 1, "per_page": 100, "total_pages": 1, "count": len(found), "total_count": len(found)}
    said = {"success": True, "errors": [], "messages": [], "result": found, "result_info": info}
    return Reply(json.dumps(said), headers=JSON)


def _refusal(status: int, code: int, message: str) -> Reply:
    said = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return Reply(json.dumps(said), status, JSON)
