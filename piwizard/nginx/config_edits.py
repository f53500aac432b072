"""Edit the text of a configuration and keep everything else unchanged."""

from __future__ import annotations

import re

from piwizard.nginx.config_syntax import Directive, Token


def newline_of(text: str) -> str:
    """Return the line ending of a text."""
    return "\r\n" if "\r\n" in text else "\n"


def line_start(text: str, offset: int) -> int:
    """Return the offset where the line starts."""
    return text.rfind("\n", 0, offset) + 1


def replace_values(text: str, directive: Directive, values: list[str]) -> str:
    """Replace the values of a directive; keep comments between them."""
    first, *rest = directive.words
    previous_end = first.end
    cuts: list[tuple[int, int]] = []
    for word in rest:
        between = text[previous_end : word.start]
        cuts.append((word.start if between.strip() else previous_end, word.end))
        previous_end = word.end
    for start, end in reversed(cuts):
        text = text[:start] + text[end:]
    if len(values) == 1:
        return text[: first.start] + values[0] + text[first.end :]
    name_end = directive.start + len(directive.name)
    start = first.start if text[name_end : first.start].strip() else name_end
    return text[:start] + _list(text, directive.start, values) + text[first.end :]


def remove(text: str, directive: Directive, comments: list[Token]) -> str:
    """Remove a directive, and its line if empty; keep the comments inside it."""
    start, end = line_start(text, directive.start), _line_end(text, directive.end)
    kept = [comment.value for comment in comments if directive.start < comment.start < directive.end]
    if kept:
        gap = newline_of(text) + _indent(text, directive.start)
        behind = gap if text[directive.end : end].strip() else ""
        return text[: directive.start] + gap.join(kept) + behind + text[directive.end :]
    if text[start : directive.start].strip() or text[directive.end : end].strip():
        return text[: directive.start] + text[directive.end :]
    return text[:start] + text[min(end + 1, len(text)) :]


def commented_out(block: Directive, name: str) -> Token | None:
    """Return the comment in a block that is this directive, commented out."""
    pattern = _switched_off(name)
    depth = 0
    for comment in block.comments:
        if depth == 0 and pattern.fullmatch(comment.value):
            return comment
        # Skip directives inside a block that is commented out.
        depth = max(0, depth + comment.value.count("{") - comment.value.count("}"))
    return None


def uncomment(text: str, comment: Token, name: str, values: list[str]) -> str:
    """Uncomment a directive; keep a remark behind it."""
    match = _switched_off(name).fullmatch(comment.value)
    remark = match.group("remark") if match else ""
    line = _written(text, comment.start, name, values) + (f" {remark}" if remark else "")
    return text[: comment.start] + line + text[comment.end :]


def insert_before(text: str, directive: Directive, name: str, values: list[str]) -> str:
    """Insert a directive before another one."""
    start = line_start(text, directive.start)
    indent = text[start : directive.start]
    new = _written(text, directive.start, name, values)
    gap = " " if indent.strip() else newline_of(text) + indent
    return text[: directive.start] + new + gap + text[directive.start :]


def insert_after(text: str, directive: Directive, name: str, values: list[str]) -> str:
    """Insert a directive after another one and the remark in its line."""
    indent = _indent(text, directive.start)
    return _insert(text, directive.end, indent, _written(text, directive.start, name, values))


def insert_first(text: str, block: Directive, name: str, values: list[str]) -> str:
    """Insert a directive at the start of a block."""
    if block.inside is None:
        raise ValueError(f"{block.name} is no block")
    outer = _indent(text, block.start)
    indent = _indent(text, block.children[0].start) if block.children else outer
    if len(indent) <= len(outer):
        indent = outer + "\t"
    return _insert(text, block.inside.start, indent, _written(text, block.start, name, values))


def _insert(text: str, at: int, indent: str, new: str) -> str:
    end = _line_end(text, at)
    rest = text[at:end].strip()
    if end < len(text) and (not rest or rest.startswith("#")):
        end -= text[end - 1] == "\r"
        return text[:end] + newline_of(text) + indent + new + text[end:]
    return f"{text[:at]} {new}{'' if text[at].isspace() else ' '}{text[at:]}"


def _written(text: str, near: int, name: str, values: list[str]) -> str:
    return f"{name}{_list(text, near, values)};" if len(values) > 1 else f"{name} {values[0]};"


def _list(text: str, near: int, values: list[str]) -> str:
    """Format values, one on each line, indented one level deeper."""
    indent = _indent(text, near)
    inner = newline_of(text) + indent + ("    " if indent.startswith(" ") else "\t")
    return "".join(inner + value for value in values)


def _switched_off(name: str) -> re.Pattern[str]:
    return re.compile(rf"#+\s*{re.escape(name)}\s+[^;#{{}}]+;\s*(?P<remark>#.*)?")


def _indent(text: str, offset: int) -> str:
    line = text[line_start(text, offset) : offset]
    return line[: len(line) - len(line.lstrip())]


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end
