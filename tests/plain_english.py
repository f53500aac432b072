"""Print sentences that are not plain English: `python -m tests.plain_english [piwizard/apps …]`.

tests/unit/test_plain_english.py holds the rules.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ("piwizard", "screens", "templates")
LINKED = (ROOT / "piwizard/screens", ROOT / "piwizard/templates")
NO_SENTENCES = frozenset({".pem", ".css", ".tcss"})

SAY_INSTEAD = {
    "fix": r"mend(s|ed|ing|able)?|put(s|ting)? (it |them |this )?right",
    "again": r"anew|once more",
    "apply? / must / will": r"shall",
    "points to": r"lead(s|ing)? (to|here|there|elsewhere|nowhere|into|home)|led (to|here|elsewhere)",
    "is in place already": r"holds? already|already holds?",
    "still applies / is as planned": r"no longer holds?|(does|do|did) not hold|what holds|whether (it|all|they) holds?",
    "delays": r"holds? (nothing|everything|it|them|a run|the run) up",
    "continues": r"go(es|ing)? on(?! (top|a|an|the|strike))|gone on with|goes? on with|went on",
    "stops, cancels, interrupts": r"(break|breaks|broke|broken|breaking) off",
    "passed, OK": r"all (is|was|are) well|all well|every ?thing is well",
    "a label such as: File locations": r"what is where|whose the \w+ (is|are)|which is where",
    "port forwarding": r"let(s|ting)? (its |the )?visitors in",
    "one by one, in turn": r"one after the other",
    "public IP, local IP": r"outside address(es)?|address(es)? at home",
    "skip, omit": r"leav(e|es|ing) (\w+ )?out|left out",
    "roll back, undo": r"(take|takes|taken|taking|took) (it |them |all |this |everything |a step |all of it )?back",
    "background job": r"lanes?",
    "checks": r"look(s|ed|ing) at|look(s|ed|ing)? whether|(is|are|was|were) looked(?! up)",
    "generated": r"made up(?! of)",
    "characters": r"(no|any|all|some|these|those|of|the|other|which|\d+|\w+ing) signs|small letters|[\d,]+ letters",
    "is shown, is notified": r"(is|are|be|been|being|was|were) told(?! apart)",
    "valid for N more days": r"counts? for \S+ more",
    "even if, even when": r"also (where|if|when|while)",
    "is": r"stands(?! for)",
    "resume": r"(take|takes|taken|taking|took) up again|taken up|takes? (it|them) up",
    "message, output": r"(its|their|own|last|whose|\w+'s) words",
    "a forwarded port, port forwarding": r"(a|no|its|whose|which|these|those|every|each|other|router's) forwards?",
    "run log": r"run's record|records? of (a|the|its|old)? ?runs?",
    "spare port, smoke test": r"spare socket",
    "preflight checks": r"the gate",
    "system service": r"units? of the system",
    "provider": r"providers? of (the )?(names?|internet)",
    "1 check failed": r"something needs you",
}
"""What to say, and a pattern of what not to say. Spaces in a pattern match any white space."""
RULES = {
    say: re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])".replace(" ", r"\s+"), re.IGNORECASE)
    for say, pattern in SAY_INSTEAD.items()
}
KEY = re.compile(r"[\w.:/-]*")
"""A string that is a name for the program, not a sentence."""
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#{1,4} (What|Who|Whose|Where|Whether|Which|How)\b.*[^?\n]$", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """A sentence, where it is, and what is wrong with it."""

    path: str
    line: int
    fault: str

    @property
    def package(self) -> str:
        """Return the part of the tree that the file belongs to: "piwizard/apps", "tests/unit/apps", "docs/undo.md"."""
        top, *inner = self.path.split("/")
        match top:
            case "templates":
                return top
            case "piwizard" | "screens":
                return "/".join([top, *inner[:-1][:1]])
            case "tests" if not self.path.endswith(".md"):
                return "/".join([top, *inner[:-1][:2]])
        return self.path

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.fault}"


def find_words(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line within a text, and the fault, of each phrase that language.md forbids."""
    for say, pattern in RULES.items():
        for hit in pattern.finditer(text):
            yield text.count("\n", 0, hit.start()), f'"{" ".join(hit[0].split())}": say "{say}"'


@cache
def modules() -> tuple[Path, ...]:
    """Return every Python file of the product, each once."""
    return tuple(
        path
        for folder in SOURCES
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not any(path.is_relative_to(link) for link in LINKED)
    )


def text_files() -> list[Path]:
    """Return the documents, install.sh and the templates that are no Python."""
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
    readmes = sorted((ROOT / "tests").rglob("README.md"))
    templates = [
        path
        for path in sorted((ROOT / "templates").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".py", *NO_SENTENCES}
    ]
    return [*documents, *readmes, ROOT / "install.sh", *templates]


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string, docstrings too; the fields of an f-string become {}."""
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every comment; neighbouring lines are one."""
    block: list[str] = []
    start = end = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        text = token.string.lstrip("# ")
        if block and token.start[0] == end + 1:
            block.append(text)
        else:
            if block:
                yield start, "\n".join(block)
            start, block = token.start[0], [text]
        end = token.start[0]
    if block:
        yield start, "\n".join(block)


def forbidden_words() -> Iterator[Finding]:
    """Yield each forbidden phrase in documents, templates, install.sh, source and names of tests."""
    for path in text_files():
        name, text = _name(path), path.read_text()
        if path.suffix == ".md":
            text = CODE.sub("`code`", text)
            for hit in HEADING.finditer(text):
                yield Finding(name, text.count("\n", 0, hit.start()) + 1, "a heading is a noun or a verb")
        for line, fault in find_words(re.sub(r"^(\s*)#+ ?", r"\1", text, flags=re.MULTILINE)):
            yield Finding(name, line + 1, fault)
    for path in modules():
        source = path.read_text()
        for start, text in (*strings(ast.parse(source)), *comments(source)):
            for line, fault in () if KEY.fullmatch(text) else find_words(CODE.sub("`code`", text)):
                yield Finding(_name(path), start + line, fault)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if test := re.match(r"\s*(?:async )?def (test_\w+)", line):
                for _, fault in find_words(test[1].replace("_", " ")):
                    yield Finding(_name(path), number, f"{test[1]}: {fault}")


NOUN_CLAUSES = frozenset({"What", "Whether", "Where", "Which", "Who", "Whose", "Why", "When", "How", "That", "Those"})
NO_VERBS = NOUN_CLAUSES | {
    *("A", "An", "The", "All", "One", "Each", "Every", "No", "Not", "Of", "From", "As", "This", "These", "It", "There"),
    *("Everything", "Nothing", "Something", "Everybody", "Nobody", "Somebody", "Another", "Until", "Without", "More"),
}
VERBS_IN_ING = frozenset({"Bring", "Ping", "String"})
MAX_FIRST_LINE = 79
SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)[.!?][\"')]?\s+\S")


def docstring_fault(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """Return what is wrong with the first line of a docstring. A class may be described by a noun phrase."""
    first, _, _ = (ast.get_docstring(node) or "").partition("\n")
    if not first:
        return None
    if len(first) > MAX_FIRST_LINE:
        return f"first line of the docstring has {len(first)} characters, at most {MAX_FIRST_LINE} are allowed"
    word = re.split(r"[\s,:.;]", first, maxsplit=1)[0]
    if isinstance(node, ast.ClassDef):
        return f'docstring starts with "{word}": name what the class is' if word in NOUN_CLAUSES else None
    third_person = word.endswith("s") and not word.endswith("ss")
    gerund = word.endswith("ing") and word not in VERBS_IN_ING
    if word in NO_VERBS or third_person or gerund or word.endswith("Error") or not word[:1].isupper():
        return f'docstring starts with "{word}": start with a verb in the imperative'
    return None


def docstring_faults() -> Iterator[Finding]:
    """Yield each docstring of a public module, class or function of piwizard/ and screens/ that breaks the rules."""
    for path in modules():
        for node in _public(ast.parse(path.read_text())):
            if fault := docstring_fault(node):
                yield Finding(_name(path), getattr(node, "lineno", 1), fault)


def is_one_sentence(text: str) -> bool:
    """Return whether a text has no second sentence. The word "Optional." at the end is none."""
    return not SENTENCE_END.search(text.removesuffix(" Optional."))


def _public(
    node: ast.Module | ast.ClassDef,
) -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    yield node
    for inner in node.body:
        if isinstance(inner, ast.ClassDef) and not inner.name.startswith("_"):
            yield from _public(inner)
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith("_"):
            yield inner


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def main(packages: list[str]) -> int:
    """Print what is found in these packages, or in all, and how much that is. Return 1 where there is any."""
    found = [one for one in (*forbidden_words(), *docstring_faults()) if not packages or one.package in packages]
    for one in found:
        print(one)
    for package, count in sorted(Counter(one.package for one in found).items()):
        print(f"{count:6} {package}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
