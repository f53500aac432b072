"""Finds a Flask app's blueprints and the URL prefixes they are registered under."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from piwizard.apps.app_resolver import Code
from piwizard.apps.bindings import Assigned
from piwizard.apps.const_eval import Constants

CLASSES = {
    ("flask", "Blueprint"), ("flask.blueprints", "Blueprint"), ("flask_smorest", "Blueprint"),
    ("apiflask", "APIBlueprint"), ("flask_openapi3", "APIBlueprint"),
}  # fmt: skip
DEEPEST = 3
MOST = 10
Place = tuple[str, str]


@dataclass(frozen=True)
class Blueprint:
    """A blueprint, and the URL prefixes its routes get; an empty one where it has none."""

    name: str
    file: str
    variable: str
    call: ast.Call
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registration:
    """One register_blueprint() call. No `prefix`: the blueprint's own. `parent`: the blueprint it is put into."""

    prefix: str | None
    parent: Place | None


def find_blueprints(code: Code) -> list[Blueprint]:
    """The blueprints of a checkout."""
    made: dict[Place, Blueprint] = {}
    for file in code.checkout.python:
        if code.checkout.mentions(file, b"Blueprint"):
            made.update(_made(code, file))
    registered: dict[Place, list[Registration]] = {}
    for file in code.checkout.python:
        if code.checkout.mentions(file, b"register_blueprint"):
            for place, registration in _registered(code, file):
                registered.setdefault(place, []).append(registration)
    return [
        replace(blueprint, prefixes=tuple(dict.fromkeys(_prefixes(code, made, registered, place, DEEPEST))))
        for place, blueprint in made.items()
    ]


def _made(code: Code, file: str) -> dict[Place, Blueprint]:
    found: dict[Place, Blueprint] = {}
    for variable, sources in code.everything(file).names.items():
        for source in sources:
            call = source.value if isinstance(source, Assigned) else None
            if isinstance(call, ast.Call) and code.origin(file, call.func) in CLASSES:
                named = next((k.value for k in call.keywords if k.arg == "name"), call.args[0] if call.args else None)
                name = Constants(code, file).text(named) or variable
                found[file, variable] = Blueprint(name, file, variable, call)
    return found


def _registered(code: Code, file: str) -> list[tuple[Place, Registration]]:
    found: list[tuple[Place, Registration]] = []
    for node in code.checkout.nodes(file):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="register_blueprint"), args=[target, *_]):
                place = code.definition(file, target)
                given = next((k.value for k in node.keywords if k.arg == "url_prefix"), None)
                prefix = Constants(code, file).text(given)
                if place and (given is None or prefix is not None):
                    found.append((place, Registration(prefix, code.definition(file, owner))))
    return found


def _prefixes(
    code: Code, made: dict[Place, Blueprint], registered: dict[Place, list[Registration]], place: Place, left: int
) -> list[str]:
    blueprint = made[place]
    given = next((k.value for k in blueprint.call.keywords if k.arg == "url_prefix"), None)
    own = Constants(code, blueprint.file).text(given)
    if left <= 0 or (given is not None and own is None):
        return []
    calls = registered.get(place)
    if not calls:
        return [own] if own else []
    found: list[str] = []
    for call in calls[:MOST]:
        prefix = call.prefix if call.prefix is not None else own or ""
        above = [""]
        if call.parent in made and call.parent != place:
            above = _prefixes(code, made, registered, call.parent, left - 1)
        found += ["/".join(part.strip("/") for part in (outer, prefix) if part.strip("/")) for outer in above]
    return found
