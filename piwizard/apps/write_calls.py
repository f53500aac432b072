"""Recognize the calls in an app's code that write files, and their paths."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from piwizard.apps.bindings import decorator_name
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.hardware import STARTERS
from piwizard.apps.name_lookup import external_origin
from piwizard.apps.path_values import PathValue, PathValues
from piwizard.system.lazy_dataclass import dataclass

FILE, FOLDER, SQLITE, DATABASE = "file", "folder", "sqlite", "database"
"""Kinds of paths. A database of kind SQLITE has its journal beside it; one of kind DATABASE is a file alone."""
DATABASE_KINDS = frozenset({SQLITE, DATABASE})
WRITES = "it writes this file"
LOG_HANDLERS = frozenset({"FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler"})
WRITERS: dict[str, tuple[int | str, str, str]] = {
    **dict.fromkeys(("makedirs", "mkdir"), ("first or owner", FOLDER, "it makes this folder")),
    **dict.fromkeys(LOG_HANDLERS, (0, FILE, "its log")),
    "basicConfig": ("filename", FILE, "its log"),
    "TinyDB": (0, DATABASE, "its database"),
    **dict.fromkeys(
        ("SqliteDatabase", "SqliteExtDatabase", "SqliteQueueDatabase", "SqliteDict"), (0, SQLITE, "its database")
    ),
    **dict.fromkeys(("write_text", "write_bytes", "touch"), ("owner", FILE, WRITES)),
    **dict.fromkeys(
        (
            "savefig", "to_csv", "to_json", "to_excel", "to_pickle", "to_parquet",  # matplotlib, pandas
            "imwrite", "imsave", "savetxt", "VideoWriter",  # cv2, skimage, numpy
            "capture_file", "start_and_capture_file", "start_and_capture_files", "start_and_record_video",  # picamera2
            "FileOutput", "FfmpegOutput", "PyavOutput",
            "write_image", "write_html", "render_to_file",  # plotly, pygal
        ),
        (0, FILE, WRITES),
    ),
    **dict.fromkeys(("urlretrieve", "copyfile", "copy2", "copytree"), (1, FILE, WRITES)),
    "FileSystemCache": (0, FOLDER, "its cache"),
}  # fmt: skip
"""Functions, classes and methods that write, by their name alone.

Each has the argument with the path, its kind and the reason.
"""
OF_MODULE: dict[tuple[str, str], tuple[int, str, str]] = {
    **{(module, "connect"): (0, SQLITE, "its SQLite database") for module in ("sqlite3", "aiosqlite")},
    **{(module, "open"): (0, FILE, "its data") for module in ("shelve", "dbm")},
    ("diskcache", "Cache"): (0, FOLDER, "its cache"),
    ("soundfile", "write"): (0, FILE, WRITES),
    ("scipy.io.wavfile", "write"): (0, FILE, WRITES),
    ("numpy", "save"): (0, FILE, WRITES),
    ("joblib", "dump"): (1, FILE, WRITES),
    ("shutil", "copy"): (1, FILE, WRITES),
    ("shutil", "move"): (1, FILE, WRITES),
    ("os", "rename"): (1, FILE, WRITES),
    ("os", "replace"): (1, FILE, WRITES),
}  # fmt: skip
"""Functions whose names say little without their module."""
OPENERS = frozenset({
    ("io", "open"), ("codecs", "open"), ("gzip", "open"), ("bz2", "open"), ("lzma", "open"), ("aiofiles", "open"),
    ("wave", "open"), ("tarfile", "open"), ("zipfile", "ZipFile"),
})  # fmt: skip
"""Functions whose first argument is a path and whose second is a mode."""
MODE = re.compile(r"[rwaxbtU+:gz]*[wax+][rwaxbtU+:gz2]*")
STREAMS = ("main", "lores", "raw")
"""Of picamera2, whose `save` has the path behind the stream."""
OUTPUT_OPTIONS = ("-o", "--output", "-O", "-w")
OUTPUT_PROGRAMS = frozenset({
    "raspistill", "raspivid", "libcamera-still", "libcamera-jpeg", "libcamera-vid", "rpicam-still", "rpicam-jpeg",
    "rpicam-vid", "wget", "curl", "espeak", "espeak-ng", "pico2wave",
})  # fmt: skip
"""Programs whose option -o, -O or -w names the file that they write."""
LAST_WORD_PROGRAMS = frozenset({"fswebcam", "arecord", "ffmpeg"})
"""Programs whose last argument is the file that they write."""
WRITING_PROGRAMS = OUTPUT_PROGRAMS | LAST_WORD_PROGRAMS
WRITING_WORDS = (
    b"open(", b"write", b"mkdir", b"makedirs", b"FileHandler", b"basicConfig", b"Sqlite", b"sqlite", b"TinyDB",
    b"touch(", b"save", b"to_csv", b"to_json", b"to_excel", b"to_p", b"VideoWriter", b"capture_", b"record_video",
    b"Output(", b"render_to_file", b"urlretrieve", b"copy", b"move(", b"rename(", b"replace(", b"FileSystemCache",
    b"Cache(", b"dump(", b"still", b"-vid", b"wget", b"curl", b"espeak", b"fswebcam", b"arecord", b"ffmpeg", b"ZipFile",
)  # fmt: skip
"""Every file that writes something has one of these words."""


@dataclass(frozen=True)
class WrittenPath:
    """A path that a call writes: its expression, or its value."""

    path: ast.expr | PathValue
    kind: str
    why: str
    sure: bool = True
    """Whether a text without a folder and a suffix is a path, too."""


def find_writes(code: CodeIndex, file: str, call: ast.Call) -> Iterator[WrittenPath]:
    """Yield the paths that a call writes."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = decorator_name(call.func)
    first = call.args[0] if call.args else None
    origin = external_origin(code, file, call.func)
    if name in {"open", "ZipFile"} and origin not in OF_MODULE:
        builtin = owner is None or origin in OPENERS
        mode = keyword_value(call, "mode") or next(iter(call.args[1 if builtin else 0 :]), None)
        path = (first or keyword_value(call, "file")) if builtin else owner
        if path is not None and isinstance(mode, ast.Constant) and MODE.fullmatch(str(mode.value)):
            yield WrittenPath(path, FILE, WRITES)
        return
    if name == "save" and first is not None and origin not in OF_MODULE:  # of a picture, an upload or picamera2
        of_stream = isinstance(first, ast.Constant) and first.value in STREAMS and len(call.args) > 1
        yield WrittenPath(call.args[1] if of_stream else first, FILE, WRITES, sure=False)
        return
    writer = OF_MODULE.get(origin or ("", "")) or WRITERS.get(name)
    if writer and (path := _argument(call, writer[0], owner)) is not None:
        yield WrittenPath(path, *writer[1:])
    if name in STARTERS and first is not None:
        yield from _of_program(code, file, first)


def _of_program(code: CodeIndex, file: str, command: ast.expr) -> Iterator[WrittenPath]:
    """Yield the files that a started program writes."""
    words: list[ast.expr | PathValue] = []
    if isinstance(command, ast.List | ast.Tuple):
        words = [*command.elts]
    else:
        for value in PathValues(code, file).of(command)[:1]:
            texts = value.text.split(" ")
            words = [PathValue(text) for text in texts if text]
            if not value.whole:
                words = [*(PathValue(text) for text in texts[:-1] if text), PathValue(texts[-1], whole=False)]
    known = [_word(word) for word in words]
    program = next((name for word in known[:3] if (name := word.rpartition("/")[2]) in WRITING_PROGRAMS), "")
    for number, word in enumerate(known[1:], 1):
        option = number > 1 and program in OUTPUT_PROGRAMS and known[number - 1] in OUTPUT_OPTIONS
        last = program in LAST_WORD_PROGRAMS and number == len(words) - 1
        redirected = known[number - 1] in {">", ">>"} and isinstance(words[number], PathValue)
        if (option or last or redirected) and not word.startswith("-"):
            yield WrittenPath(words[number], FILE, f"{program} writes this file" if program else WRITES)


def _word(word: ast.expr | PathValue) -> str:
    if isinstance(word, PathValue):
        return word.text
    return word.value if isinstance(word, ast.Constant) and isinstance(word.value, str) else ""


def _argument(call: ast.Call, place: int | str, owner: ast.expr | None) -> ast.expr | None:
    match place:
        case "owner":
            return owner
        case "first or owner":
            return call.args[0] if call.args and not isinstance(call.args[0], ast.Starred) else owner
        case int() if 0 <= place < len(call.args):
            return call.args[place]
    names = {place} if isinstance(place, str) else {"filename", "fname", "path", "file"}
    return next((word.value for word in call.keywords if word.arg in names), None)


def keyword_value(call: ast.Call, name: str) -> ast.expr | None:
    """Return a keyword argument of a call."""
    return next((word.value for word in call.keywords if word.arg == name), None)
