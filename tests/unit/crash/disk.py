"""Model a file system that keeps only what was synced.

fsync of a file keeps its content, fsync of a folder its names. Everything written since may be missing or not, in any
order: a rename before the content of the renamed file, a later write before an earlier one; content may be cut short,
or be zeros. One rename is atomic, as every file system promises.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.crash.tracing import Call

WHOLE_SETS = 6
"""Up to this many unsynced names are tried in all subsets; of more: each alone, all but each, and some others."""
MOST_AT_A_POINT = 150

Tree = tuple[tuple[str, str, bytes], ...]
"""Path, kind (folder, file, link) and content or target, sorted."""


@dataclass(eq=False)
class Node:
    """A file, folder or link as programs see it.

    `names` are those of a folder, `content` that of a file.
    """

    kind: str
    target: bytes = b""
    content: bytes = b""
    names: dict[str, Node] = field(default_factory=dict)
    synced_content: bytes = b""
    synced_names: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class Naming:
    """Names that are set or removed together."""

    names: tuple[tuple[Node, str, Node | None], ...]


@dataclass(frozen=True)
class Writing:
    """Bytes at an offset; `data` None: truncated to that length."""

    node: Node
    offset: int
    data: bytes | None


class Disk:
    """A disk that takes calls one by one.

    `states` yields what a power cut at this moment may leave.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._top = Node("folder")
        self._namings: list[Naming] = []
        self._writings: list[Writing] = []

    def take(self, call: Call) -> bool:
        """Carry out a call; return False if no power cut could reveal it."""
        if call.name in ("sync", "syncfs"):
            self.settle()
            return True
        inside = [path for path in call.paths if path.is_relative_to(self._root) and path != self._root]
        if call.name in ("fsync", "fdatasync"):
            return self._sync(call.paths[0])
        if not inside:
            return False
        act = getattr(self, f"call_{call.name}", None)
        assert act is not None, f"the model does not know {call.name}"
        return bool(act(call))

    def settle(self) -> None:
        """Write everything to the disk."""
        for node in self._all_nodes():
            node.synced_names, node.synced_content = dict(node.names), node.content
        self._namings, self._writings = [], []

    # Calls

    def call_openat(self, call: Call) -> bool:
        path = call.paths[0]
        folder, name = self._find(path.parent), path.name
        altered = False
        if "O_CREAT" in call.flags and folder is not None and name not in folder.names:
            self._name(Naming(((folder, name, Node("file")),)))
            altered = True
        node = self._find(path)
        if "O_TRUNC" in call.flags and node is not None and node.content:
            altered |= self._write(Writing(node, 0, None))
        return altered

    call_open = call_openat

    def call_write(self, call: Call) -> bool:
        node = self._find(call.paths[0])
        if node is None:  # removed meanwhile, so it is not visible
            return False
        return self._write(Writing(node, len(node.content), call.data))  # piwizard only appends, even to a new file

    call_writev = call_write

    def call_pwrite64(self, call: Call) -> bool:
        node = self._find(call.paths[0])
        return node is not None and self._write(Writing(node, call.number, call.data))

    def call_ftruncate(self, call: Call) -> bool:
        node = self._find(call.paths[0])
        return node is not None and self._write(Writing(node, call.number, None))

    call_truncate = call_ftruncate

    def call_mkdir(self, call: Call) -> bool:
        folder = self._find(call.paths[0].parent)
        assert folder is not None
        return self._name(Naming(((folder, call.paths[0].name, Node("folder")),)))

    call_mkdirat = call_mkdir

    def call_unlink(self, call: Call) -> bool:
        folder = self._find(call.paths[0].parent)
        return folder is not None and self._name(Naming(((folder, call.paths[0].name, None),)))

    call_unlinkat = call_rmdir = call_unlink

    def call_rename(self, call: Call) -> bool:
        before, after = call.paths
        old, new = self._find(before.parent), self._find(after.parent)
        assert old is not None
        assert new is not None
        node = old.names[before.name]
        return self._name(Naming(((old, before.name, None), (new, after.name, node))))

    call_renameat = call_renameat2 = call_rename

    def call_link(self, call: Call) -> bool:
        folder, node = self._find(call.paths[1].parent), self._find(call.paths[0])
        assert folder is not None
        return self._name(Naming(((folder, call.paths[1].name, node),)))

    call_linkat = call_link

    def call_symlink(self, call: Call) -> bool:
        folder = self._find(call.paths[0].parent)
        assert folder is not None
        return self._name(Naming(((folder, call.paths[0].name, Node("link", target=call.data)),)))

    call_symlinkat = call_symlink

    # The disk

    def _find(self, path: Path) -> Node | None:
        node: Node | None = self._top
        for part in path.relative_to(self._root).parts:
            node = node.names.get(part) if node else None
        return node

    def _name(self, naming: Naming) -> bool:
        _set(naming, synced=False)
        self._namings.append(naming)
        return True

    def _write(self, writing: Writing) -> bool:
        writing.node.content = _written(writing.node.content, writing)
        self._writings.append(writing)
        return True

    def _sync(self, path: Path) -> bool:
        node = self._find(path) if path.is_relative_to(self._root) else None
        if node is None:
            return False
        for writing in [one for one in self._writings if one.node is node]:
            node.synced_content = _written(node.synced_content, writing)
            self._writings.remove(writing)
        for naming in [one for one in self._namings if any(folder is node for folder, _, _ in one.names)]:
            _set(naming, synced=True)
            self._namings.remove(naming)
        return True

    def _all_nodes(self) -> list[Node]:
        found, todo = [], [self._top]
        while todo:
            node = todo.pop()
            found.append(node)
            todo += [*node.names.values(), *node.synced_names.values()]
        return list({id(node): node for node in found}.values())

    # States after a power cut

    def states(self) -> Iterator[Tree]:
        """Yield every possible state after a power cut now; the first has no lost writes."""
        yield self._tree(self._namings, {id(one.node): one.node.content for one in self._writings})
        choices = list(_subsets(self._namings))
        touched = list({id(one.node): one.node for one in self._writings}.values())
        contents = [list(_contents(node, [one for one in self._writings if one.node is node])) for node in touched]
        every = itertools.product(choices, *contents)
        total = len(choices)
        for some in contents:
            total *= len(some)
        chosen = every if total <= MOST_AT_A_POINT else _some(choices, contents)
        for namings, *content in chosen:
            yield self._tree(namings, {id(node): data for node, data in zip(touched, content, strict=True)})

    def _tree(self, namings: list[Naming], contents: dict[int, bytes]) -> Tree:
        names: dict[int, dict[str, Node]] = {}
        for naming in namings:
            for folder, name, node in naming.names:
                entries = names.setdefault(id(folder), dict(folder.synced_names))
                if node is None:
                    entries.pop(name, None)
                else:
                    entries[name] = node
        found: list[tuple[str, str, bytes]] = []

        def walk(folder: Node, path: str) -> None:
            for name, node in sorted(names.get(id(folder), folder.synced_names).items()):
                content = node.target if node.kind == "link" else contents.get(id(node), node.synced_content)
                found.append((f"{path}{name}", node.kind, content))
                if node.kind == "folder":
                    walk(node, f"{path}{name}/")

        walk(self._top, "")
        return tuple(found)


def _set(naming: Naming, *, synced: bool) -> None:
    for folder, name, node in naming.names:
        entries = folder.synced_names if synced else folder.names
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


def _written(content: bytes, writing: Writing, data: bytes | None = None) -> bytes:
    if writing.data is None:
        return content[: writing.offset].ljust(writing.offset, b"\0")
    data = writing.data if data is None else data
    return content[: writing.offset].ljust(writing.offset, b"\0") + data + content[writing.offset + len(data) :]


def _subsets(namings: list[Naming]) -> Iterator[list[Naming]]:
    if len(namings) <= WHOLE_SETS:
        for bits in itertools.product((False, True), repeat=len(namings)):
            yield [one for one, kept in zip(namings, bits, strict=True) if kept]
        return
    yield from (namings[:count] for count in range(len(namings) + 1))
    for number, one in enumerate(namings):
        yield [one]
        yield [*namings[:number], *namings[number + 1 :]]
    chance = random.Random(len(namings))
    for _ in range(64):
        yield [one for one in namings if chance.random() < 0.5]


def _contents(node: Node, writings: list[Writing]) -> Iterator[bytes]:
    """Return the possible contents of a file: some writes, the last incomplete."""
    counts = (
        range(len(writings) + 1) if len(writings) <= 8 else (0, 1, len(writings) // 2, len(writings) - 1, len(writings))
    )
    found = []
    for count in counts:
        content = node.synced_content
        for number, writing in enumerate(writings[:count]):
            if number == count - 1 and writing.data:
                size = len(writing.data)
                cut = writing.data[: size // 2]
                zeros = b"\0" * size
                found += [_written(content, writing, torn) for torn in (cut, writing.data[:-1], zeros)]
                found.append(_written(content, writing, cut.ljust(size, b"\0")))
                found.append(_written(content, writing, zeros[: size // 2] + writing.data[size // 2 :]))
            content = _written(content, writing)
        found.append(content)
    for number, writing in enumerate(writings[:-1][:8]):
        content = node.synced_content
        for other, later in enumerate(writings):
            content = _written(content, later, b"\0" * len(writing.data or b"") if other == number else None)
        found.append(content)
    yield from dict.fromkeys(found)


def _some(choices: list[list[Naming]], contents: list[list[bytes]]) -> Iterator[tuple[object, ...]]:
    """Choose from too many combinations: each choice once, and some at random."""
    parts: list[list[object]] = [list(choices), *(list(some) for some in contents)]
    last = [part[-1] for part in parts]
    for number, part in enumerate(parts):
        for one in part:
            yield tuple([*last[:number], one, *last[number + 1 :]])
    chance = random.Random(sum(map(len, parts)))
    for _ in range(MOST_AT_A_POINT):
        yield tuple(chance.choice(part) for part in parts)
