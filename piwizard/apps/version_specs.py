"""Translate version specifiers to pip's (PEP 440), and check versions."""

from __future__ import annotations

import re

DISTRIBUTION_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
VERSION_CLAUSE = re.compile(r"\s*(===|==|~=|!=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?[A-Za-z0-9.+-]*\s*$")
PLAIN_VERSION = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,9})(?!\.?\d)")
MAX_NAME_LENGTH = 100
MAX_SPEC_LENGTH = 200


def normalized_name(name: str) -> str:
    """Return the name of a distribution, normalized as on PyPI."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distribution_of(line: str) -> str | None:
    """Return the distribution of a requirement line; None for options and paths."""
    if "://" in line.partition("@")[0] or line.lstrip().startswith((".", "/")):
        return None
    found = DISTRIBUTION_NAME.match(line)
    return normalized_name(found[1]) if found and len(found[1]) <= MAX_NAME_LENGTH else None


def pip_spec(specifier: str) -> str:
    """Return pip's form of a specifier of poetry or Pipenv: `^1.2`, `~1.2`, `*`.

    One that is longer than any real one, or unreadable, becomes empty.
    """
    if len(specifier) > MAX_SPEC_LENGTH:
        return ""
    clauses: list[str] = []
    for part in (piece.strip() for piece in specifier.rpartition("||")[2].split(",")):
        if part in {"", "*"}:
            continue
        if part[0] not in "^~=!<>":
            clauses.append(f"=={part}")
        elif part[0] == "^" or (part[0] == "~" and not part.startswith("~=")):
            found = PLAIN_VERSION.match(part[1:].strip())
            if found:
                clauses.append(f">={found[1]},<{_next_version(found[1], caret=part[0] == '^')}")
        else:
            clauses.append(part.replace(" ", ""))
    return ",".join(clauses)


def fits(spec: str, version: tuple[int, ...]) -> bool:
    """Return whether a version such as (3, 13) meets a specifier: `>=3.9,<4`.

    An unreadable clause counts as met, and so does one that only a longer version number could decide.
    """
    return not _unmet(spec, version)


def is_too_old(spec: str, version: tuple[int, ...]) -> bool:
    """Return whether a version is older than a specifier such as `>=3.9,<4` allows."""
    return any(wanted > version[: len(wanted)] for wanted in _unmet(spec, version))


def excludes_from(spec: str, version: tuple[int, ...]) -> bool:
    """Return whether a specifier excludes a version and all later ones.

    `==20.0.4` excludes (23,) and all later ones. An unreadable clause excludes nothing.
    """
    clauses = (VERSION_CLAUSE.match(clause) for clause in pip_spec(spec).split(",") if clause)
    for clause in filter(None, clauses):
        sign, number = clause[1], tuple(int(part) for part in clause[2].split("."))
        last = number[:-1] if sign == "~=" else number
        if sign in {"==", "===", "~=", "<="} and last < version[: len(last)]:
            return True
        if sign == "<" and number <= version:
            return True
    return False


def _unmet(spec: str, version: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the version numbers in the clauses that a version does not meet."""
    if len(spec) > MAX_SPEC_LENGTH:
        return []
    clauses = (VERSION_CLAUSE.match(clause) for clause in pip_spec(spec).split(",") if clause)
    numbered = [(found[1], tuple(int(part) for part in found[2].split("."))) for found in clauses if found]
    return [wanted for sign, wanted in numbered if not _is_met(sign, wanted, version)]


def _next_version(version: str, *, caret: bool) -> str:
    numbers = [int(part) for part in version.split(".")]
    if not caret:
        raised = numbers[:1] if len(numbers) == 1 else numbers[:2]
    else:
        first = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
        raised = numbers[: first + 1]
    raised[-1] += 1
    return ".".join(str(number) for number in raised)


def _is_met(sign: str, wanted: tuple[int, ...], version: tuple[int, ...]) -> bool:
    if len(wanted) > len(version) and wanted[: len(version)] == version:
        return True
    # With `python = "3.11"` and `==3.11` people mean any 3.11.
    start = version[: len(wanted)] == wanted
    padded = wanted + (0,) * (len(version) - len(wanted))
    match sign:
        case "==" | "===":
            return start
        case "!=":
            return not start
        case "~=":
            return version >= wanted and version[: len(wanted) - 1] == wanted[:-1]
        case ">=":
            return version >= wanted
        case "<=":
            return version <= padded or start
        case ">":
            return version >= padded
    return version < padded
