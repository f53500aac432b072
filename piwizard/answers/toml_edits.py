"""Change one key of a TOML document and leave the rest as a person wrote it."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.items import InlineTable, Item


def put(document: TOMLDocument, path: Sequence[str], value: object) -> None:
    """Set the key at the end of `path`, creating its tables; None removes the key."""
    *tables, name = path
    table: Any = document
    for depth, title in enumerate(tables, start=1):
        if title not in table:
            if value is None:
                return
            inside = isinstance(table, InlineTable)  # which cannot have tables with headers
            table[title] = tomlkit.inline_table() if inside else tomlkit.table(is_super_table=depth < len(tables))
        table = table[title]
    if value is None:
        table.pop(name, None)
    elif name in table and table[name] == value:
        return
    elif isinstance(value, dict) and _has_own_lines(table.get(name)):
        _update(table[name], value)
    else:
        table[name] = _item(value)


def _has_own_lines(present: object) -> bool:
    """Return whether a table has its own lines below a header."""
    return isinstance(present, MutableMapping) and not isinstance(present, InlineTable)


def _update(table: MutableMapping[str, Any], value: dict[str, Any]) -> None:
    # New keys first: tomlkit forgets the position of a table of dotted keys once it is empty.
    for name, setting in value.items():
        if name not in table or table[name] != setting:
            if _has_own_lines(table.get(name)):
                del table[name]
            table[name] = _item(setting)
    for name in [name for name in table if name not in value]:
        del table[name]


def _item(value: object) -> Item:
    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        for name, setting in value.items():
            inline[name] = _item(setting)
        return inline
    return tomlkit.item(value)
