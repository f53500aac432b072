"""Apply the nine settings of the guide to the existing nginx.conf, in place."""

from __future__ import annotations

from collections.abc import Mapping

from piwizard.errors import PiwizardError
from piwizard.nginx import config_edits
from piwizard.nginx.config_dump import read_dump
from piwizard.nginx.config_syntax import Directive, line_of, parse, refuse

NGINX_CONF = "/etc/nginx/nginx.conf"

#: What is worth compressing: the guide's list, and the names that today's browsers and mime.types use for the same
#: things. Never text/html: nginx always compresses it and warns where it is named.
GZIP_TYPES: tuple[str, ...] = (
    "application/atom+xml",
    "application/geo+json",
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/manifest+json",
    "application/rss+xml",
    "application/vnd.google-earth.kml+xml",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-font-ttf",
    "application/x-web-app-manifest+json",
    "application/xhtml+xml",
    "application/xml",
    "font/opentype",
    "font/otf",
    "font/ttf",
    "image/svg+xml",
    "image/x-icon",
    "text/calendar",
    "text/css",
    "text/csv",
    "text/javascript",
    "text/markdown",
    "text/plain",
    "text/x-component",
    "text/xml",
)

#: Each of the nine directives with the value it must have.
SETTINGS: Mapping[str, str] = {
    "multi_accept": "on",
    "keepalive_timeout": "30",
    "server_tokens": "off",
    "gzip_vary": "on",
    "gzip_proxied": "any",
    "gzip_comp_level": "5",
    "gzip_http_version": "1.1",
    "gzip_min_length": "256",
    "gzip_types": " ".join(GZIP_TYPES),
}

#: Without it the gzip settings mean nothing.
_ALL: Mapping[str, str] = {"gzip": "on", **SETTINGS}

#: The directives after which a missing directive is inserted, in order of preference.
_PLACES: Mapping[str, tuple[str, ...]] = {
    "keepalive_timeout": ("tcp_nodelay", "tcp_nopush", "sendfile"),
    "server_tokens": ("types_hash_max_size", "keepalive_timeout"),
    "gzip_vary": ("gzip",),
    "gzip_proxied": ("gzip_vary",),
    "gzip_comp_level": ("gzip_proxied",),
    "gzip_http_version": ("gzip_buffers", "gzip_comp_level"),
    "gzip_types": ("gzip_http_version",),
    "multi_accept": ("worker_connections",),
}


def readable(included: Mapping[str, str]) -> dict[str, str]:
    """Return the included files that parse; `nginx -t` reports errors in the others."""
    found = {}
    for path, text in included.items():
        try:
            parse(text, path)
        except PiwizardError:
            continue
        found[path] = text
    return found


def tune(text: str, path: str = NGINX_CONF, included: Mapping[str, str] | None = None) -> str:
    """Return the file with the nine settings, with its order and comments kept.

    `included` maps the paths of the files that http{} includes (conf.d, sites-enabled) to their texts, so that
    a directive set there is named instead of being set twice, which nginx refuses.
    """
    others = {name: parse(other, name) for name, other in (included or {}).items()}
    root = parse(text, path)
    if not root.named("events"):
        text = _with_events(text, _http(root, path))
        root = parse(text, path)
    # gzip_types before gzip_min_length, which the guide puts in front of it.
    for name in sorted(_ALL, key="gzip_min_length".__eq__):
        block = root.named("events")[0] if name == "multi_accept" else _http(root, path)
        if not _set_elsewhere(name, block, path, text, {} if name == "multi_accept" else others):
            before, text = text, _set(text, block, name, path)
            if text != before:
                root = parse(text, path)
    return text


def missing(nginx_dump: str) -> list[str]:
    """Return the directives whose value in `nginx -T` is not the wanted one."""
    effective = _effective(read_dump(nginx_dump), _ALL)
    return [name for name in _ALL if not _satisfied(name, effective.get(name, "").split())]


def _http(root: Directive, path: str) -> Directive:
    blocks = root.named("http")
    if len(blocks) != 1:
        raise PiwizardError(
            f"{path} has {'no' if not blocks else 'more than one'} http{{}} block.",
            hint="piwizard edits the nginx.conf of Debian's package and what people made of it; put one http{} in it.",
        )
    return blocks[0]


def _effective(root: Directive, names: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in (*root.named("events"), *root.named("http")):
        for child in block.children:
            if child.name in names and (child.name == "multi_accept") == (block.name == "events"):
                # Types add up, everything else can be there only once.
                before = f"{found[child.name]} " if child.name in found else ""
                found[child.name] = before + " ".join(child.args)
    return found


def _satisfied(name: str, args: list[str]) -> bool:
    if name == "gzip_types":
        return set(args) >= set(GZIP_TYPES) and "text/html" not in args
    return args == _ALL[name].split()


def _set_elsewhere(name: str, block: Directive, path: str, text: str, others: Mapping[str, Directive]) -> bool:
    """Whether an included file already sets it as it should be; one that sets it otherwise is an error."""
    for other, root in others.items():
        for found in root.named(name):
            here = block.named(name)
            if name == "gzip_types":
                continue  # may be there more than once: they add up
            if here:
                line = line_of(text, here[0].start)
                raise PiwizardError(
                    f'{other} sets "{name}", which {path} sets too, in line {line}: nginx takes only one.',
                    hint=f"Remove the line from {other}.",
                )
            if not _satisfied(name, found.args):
                raise PiwizardError(
                    f'{other} sets "{name} {" ".join(found.args)}", where "{name} {_ALL[name]}" is wanted.',
                    hint=f"Remove the line from {other}; piwizard sets it in {path}.",
                )
            return True
    return False


def _set(text: str, block: Directive, name: str, path: str) -> str:
    active = block.named(name)
    if len(active) > 1 and name != "gzip_types":
        raise refuse(path, line_of(text, active[1].start), f'"{name}" is set a second time')
    if len(active) == 1 and _satisfied(name, active[0].args):
        return text
    if active:
        values = _values(name, [arg for found in active for arg in found.args])
        for extra in reversed(active[1:]):
            text = config_edits.remove(text, extra, block.comments)
        return config_edits.replace_values(text, active[0], values)
    values = _values(name, [])
    commented = config_edits.commented_out(block, name)
    if commented:
        return config_edits.uncomment(text, commented, name, values)
    if name == "gzip_min_length" and (types := block.named("gzip_types")):
        return config_edits.insert_before(text, types[0], name, values)
    for place in _PLACES.get(name, ()):
        if beside := block.named(place):
            return config_edits.insert_after(text, beside[-1], name, values)
    return config_edits.insert_first(text, block, name, values)


def _values(name: str, present: list[str]) -> list[str]:
    """The wanted values; of gzip_types also those that a person added to the list."""
    if name != "gzip_types":
        return _ALL[name].split()
    return sorted({*GZIP_TYPES, *present} - {"text/html", "*"})


def _with_events(text: str, http: Directive) -> str:
    newline = config_edits.newline_of(text)
    block = newline.join(("events {", "\tworker_connections 768;", "}", "", ""))
    start = config_edits.line_start(text, http.start)
    at = http.start if text[start : http.start].strip() else start
    return text[:at] + block + text[at:]
