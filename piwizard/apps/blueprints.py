"""Find a Flask app's blueprints and the URL prefixes they are registered with."""

from __future__ import annotations

import ast
from dataclasses import replace

from piwizard.apps.bindings import Assignment
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import ConstantEvaluator
from piwizard.apps.name_lookup import external_origin, find_definition
from piwizard.system.lazy_dataclass import dataclass

BLUEPRINT_CLASSES = {
    ("flask", "Blueprint"), ("flask.blueprints", "Blueprint"), ("flask_smorest", "Blueprint"),
    ("apiflask", "APIBlueprint"), ("flask_openapi3", "APIBlueprint"),
}  # fmt: skip
MAX_NESTING = 3
MAX_REGISTRATIONS = 10
Definition = tuple[str, str]


@dataclass(frozen=True)
class Blueprint:
    """A blueprint and the URL prefixes of its routes; "" if it has no prefix."""

    name: str
    file: str
    variable: str
    call: ast.Call
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registration:
    """One register_blueprint() call.

    `prefix`: None for the blueprint's own. `parent`: the blueprint that it is nested in.
    """

    prefix: str | None
    parent: Definition | None


def find_blueprints(code: CodeIndex) -> list[Blueprint]:
    """Return the blueprints of a checkout."""
    made: dict[Definition, Blueprint] = {}
    for file in code.checkout.python:
        if code.checkout.mentions(file, b"Blueprint"):
            made.update(_defined_in(code, file))
    registered: dict[Definition, list[Registration]] = {}
    for file in code.checkout.python:
        if code.checkout.mentions(file, b"register_blueprint"):
            for place, registration in _registered_in(code, file):
                registered.setdefault(place, []).append(registration)
    return [
        replace(blueprint, prefixes=tuple(dict.fromkeys(_url_prefixes(code, made, registered, place, MAX_NESTING))))
        for place, blueprint in made.items()
    ]


def _defined_in(code: CodeIndex, file: str) -> dict[Definition, Blueprint]:
    found: dict[Definition, Blueprint] = {}
    for variable, sources in code.everything(file).names.items():
        for source in sources:
            call = source.value if isinstance(source, Assignment) else None
            if isinstance(call, ast.Call) and external_origin(code, file, call.func) in BLUEPRINT_CLASSES:
                named = next((k.value for k in call.keywords if k.arg == "name"), call.args[0] if call.args else None)
                name = ConstantEvaluator(code, file).text(named) or variable
                found[file, variable] = Blueprint(name, file, variable, call)
    return found


def _registered_in(code: CodeIndex, file: str) -> list[tuple[Definition, Registration]]:
    found: list[tuple[Definition, Registration]] = []
    for node in code.checkout.nodes(file):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="register_blueprint"), args=[target, *_]):
                place = find_definition(code, file, target)
                given = next((k.value for k in node.keywords if k.arg == "url_prefix"), None)
                prefix = ConstantEvaluator(code, file).text(given)
                if place and (given is None or prefix is not None):
                    found.append((place, Registration(prefix, find_definition(code, file, owner))))
    return found


def _url_prefixes(
    code: CodeIndex,
    made: dict[Definition, Blueprint],
    registered: dict[Definition, list[Registration]],
    place: Definition,
    left: int,
) -> list[str]:
    blueprint = made[place]
    given = next((k.value for k in blueprint.call.keywords if k.arg == "url_prefix"), None)
    own = ConstantEvaluator(code, blueprint.file).text(given)
    if left <= 0 or (given is not None and own is None):
        return []
    calls = registered.get(place)
    if not calls:
        return [own] if own else []
    found: list[str] = []
    for call in calls[:MAX_REGISTRATIONS]:
        prefix = call.prefix if call.prefix is not None else own or ""
        above = [""]
        if call.parent in made and call.parent != place:
            above = _url_prefixes(code, made, registered, call.parent, left - 1)
        found += ["/".join(part.strip("/") for part in (outer, prefix) if part.strip("/")) for outer in above]
    return found
