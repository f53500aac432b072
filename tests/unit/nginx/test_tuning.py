"""Test the nine settings in Debian's files and in edited ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piwizard.errors import PiwizardError
from piwizard.nginx.config_syntax import Directive, parse
from piwizard.nginx.tuning import GZIP_TYPES, SETTINGS, _effective, missing, tune

SAMPLES = Path(__file__).parent / "samples"
SHIPPED = ["buster", "bullseye", "bookworm", "trixie"]
EDITED = sorted(path.name for path in (SAMPLES / "edited").iterdir())
ALL = [f"{name}.conf" for name in SHIPPED] + [f"edited/{name}" for name in EDITED]

GUIDE_TYPES = """
    application/atom+xml application/javascript application/json application/rss+xml application/vnd.ms-fontobject
    application/x-font-ttf application/x-web-app-manifest+json application/xhtml+xml application/xml font/opentype
    image/svg+xml image/x-icon text/css text/plain text/x-component text/javascript text/xml
"""


def settings(text: str) -> dict[str, str]:
    """Return the nine settings as the file itself has them."""
    return _effective(parse(text, "nginx.conf"), SETTINGS)


def read(name: str) -> str:
    return (SAMPLES / name).read_bytes().decode()


def comments(block: Directive) -> list[str]:
    return [c.value for c in block.comments] + [text for child in block.children for text in comments(child)]


def http(text: str) -> Directive:
    return parse(text, "nginx.conf").named("http")[0]


@pytest.mark.parametrize("name", ALL)
def test_nine_settings_apply_afterwards(name):
    after = settings(tune(read(name)))
    assert list(after) != []
    assert {key: value for key, value in after.items() if key != "gzip_types"} == {
        key: value for key, value in SETTINGS.items() if key != "gzip_types"
    }
    assert set(after["gzip_types"].split()) >= set(GUIDE_TYPES.split())
    assert "text/html" not in after["gzip_types"].split()


@pytest.mark.parametrize("name", ALL)
def test_gzip_is_on(name):
    assert [found.args for found in http(tune(read(name))).named("gzip")] == [["on"]]


@pytest.mark.parametrize("name", ALL)
def test_tuning_twice_changes_nothing(name):
    once = tune(read(name))
    assert tune(once) == once


@pytest.mark.parametrize("name", ALL)
def test_comment_lines_stay_but_those_switched_on(name):
    before, after = comments(parse(read(name), name)), comments(parse(tune(read(name)), name))
    gone = Counter(before) - Counter(after)
    assert all(any(text.lstrip("# ").startswith(f"{key} ") for key in SETTINGS) for text in gone)
    kept = [text for text in before if text not in gone]
    assert [text for text in after if text in kept] == kept  # in their order


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_are_edited_in_place(name):
    before, after = read(f"{name}.conf").splitlines(), tune(read(f"{name}.conf")).splitlines()
    assert after.index("\tmulti_accept on;") == before.index("\t# multi_accept on;")
    assert after[after.index("\tgzip_types") - 1] == "\tgzip_min_length 256;"
    changed = [line for line in before if line not in after]
    assert all(any(key in line for key in SETTINGS) for line in changed)
    assert after[-20:] == before[-20:]


def test_comment_after_a_value_stays():
    assert "\tserver_tokens off; # Recommended practice is to turn this off\n" in tune(read("trixie.conf"))
    assert "gzip_comp_level 5; # too slow here\n" in tune(read("edited/blocks.conf"))


def test_server_blocks_and_commented_blocks_stay():
    crlf = tune(read("edited/crlf.conf"))
    server = "    server {\r\n        listen 8080;\r\n        server_tokens on;\r\n        gzip off;"
    assert server in crlf
    assert "        # gzip_proxied off;\r\n" in crlf
    blocks = tune(read("edited/blocks.conf"))
    assert "  #  server_tokens off;\n  #  gzip_comp_level 9;\n  #}\n" in blocks
    assert '"~*^(;|{)" close;     # gzip_vary on;\n' in blocks
    assert 'local s = "server_tokens off; }"' in blocks
    assert "location / { keepalive_timeout 1; }" in blocks


def test_line_endings_and_the_missing_last_one_stay():
    after = tune(read("edited/crlf.conf"))
    assert after.count("\n") == after.count("\r\n")
    assert not after.endswith("\n")


def test_missing_events_block_is_added():
    root = parse(tune("http {\n}\n"), "nginx.conf")
    assert [child.name for child in root.children] == ["events", "http"]


def test_types_added_by_the_user_stay():
    types = settings(tune(read("edited/blocks.conf")))["gzip_types"].split()
    assert {"text/css", "text/x-mine", "text/x-third", *GZIP_TYPES} == set(types)
    assert len(types) == len(set(types))


def test_invalid_utf8_bytes_stay():
    text = b"# f\xfcr alle\nevents {}\nhttp { server_tokens on; }\n".decode("utf-8", "surrogateescape")
    assert tune(text).encode("utf-8", "surrogateescape").startswith(b"# f\xfcr alle\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("events {}\nhttp {\n    sendfile on\n    tcp_nopush on;\n}\n", 3),
        ("events {}\nhttp {\n    gzip on;\n}\n}\n", 5),
        ("events {}\nhttp {\n    gzip on;\n", 3),
        ("events {}\n;\nhttp {}\n", 2),
        ("events {}\nhttp {\n gzip on;\n gzip on;\n}\n", 4),
        ('events {}\nhttp {\n log_format a "b;\n}\n', None),
        ("events {}\nhttp {}\nuser", 3),
    ],
)
def test_syntax_error_names_file_and_line(text, line):
    with pytest.raises(PiwizardError) as caught:
        tune(text, "/etc/nginx/nginx.conf")
    assert "/etc/nginx/nginx.conf, line " in caught.value.message
    assert line is None or f"line {line}:" in caught.value.message


@pytest.mark.parametrize("text", ["events {}\n", "http {}\nhttp {}\n", ""])
def test_missing_http_block_is_refused(text):
    with pytest.raises(PiwizardError, match="http"):
        tune(text)


def test_directive_in_an_included_file_is_named():
    included = {"/etc/nginx/conf.d/mine.conf": "keepalive_timeout 75;\n"}
    with pytest.raises(PiwizardError) as caught:
        tune(read("bookworm.conf"), included=included)
    assert "/etc/nginx/conf.d/mine.conf" in caught.value.message
    assert "keepalive_timeout" in caught.value.message


def test_correct_directive_in_an_included_file_stays():
    after = tune(read("bookworm.conf"), included={"/etc/nginx/conf.d/mine.conf": "server_tokens off;\n"})
    assert "\t# server_tokens off;\n" in after


def test_directive_set_twice_is_named():
    with pytest.raises(PiwizardError, match=r"conf\.d/mine\.conf .* line 20"):
        tune(read("buster.conf"), included={"/etc/nginx/conf.d/mine.conf": "keepalive_timeout 30;\n"})


def test_servers_of_included_files_do_not_count():
    included = {"/etc/nginx/sites-enabled/default": "server { listen 80; server_tokens on; gzip off; }\n"}
    assert tune(read("bookworm.conf"), included=included) == tune(read("bookworm.conf"))


def dump(main: str, **others: str) -> str:
    files = {"/etc/nginx/nginx.conf": main} | {f"/etc/nginx/{k.replace('__', '/')}.conf": v for k, v in others.items()}
    return "".join(f"# configuration file {path}:\n{text}\n" for path, text in files.items())


def test_missing_is_read_from_nginx_t():
    assert missing(dump(tune(read("bookworm.conf")))) == []
    assert missing(dump(read("trixie.conf"))) == [name for name in SETTINGS if name != "server_tokens"]
    assert "gzip" in missing(dump(tune(read("bookworm.conf")).replace("gzip on;", "gzip off;")))


def test_missing_sees_included_files():
    main = tune(read("bookworm.conf"), included={"x": "server_tokens off;"})
    assert missing(dump(main)) == ["server_tokens"]
    assert missing(dump(main, conf__d="server_tokens off;")) == ["server_tokens"]  # not an included file
    assert missing(dump(main, **{"conf.d__x": "server_tokens off;"})) == []
    assert missing(dump(main, **{"conf.d__x": "server { server_tokens off; }"})) == ["server_tokens"]


def test_empty_dump_is_an_error():
    with pytest.raises(PiwizardError):
        missing("nginx: [emerg] something")


LINE = st.sampled_from(
    [
        *(
            f"{indent}{name} {value};"
            for indent in ("", "\t", "  ")
            for name, value in SETTINGS.items()
            if name != "multi_accept"
        ),
        *(f"# {name} off;" for name in SETTINGS if name != "multi_accept"),
        "keepalive_timeout 65 60; # for the old proxy",
        "server_tokens\n  'build';",
        "gzip_types text/html # a\n text/x-own;",
        "gzip_types *;",
        "gzip off; gzip_vary off;",
        'map $a $b { default ""; "~;}" "server_tokens on;"; }',
        "server { keepalive_timeout 1; # gzip_vary on;\n}",
        "#server {\n#  server_tokens on;\n#}",
        "# prose; with { and }",
        "sendfile on; tcp_nopush on;",
        "",
    ]
)


@given(st.lists(LINE), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_tuning_works_on_any_configuration(lines, newline, ends):
    text = "\n".join(["events {", "worker_connections 9; # multi_accept on;", "}", "http {", *lines, "}"])
    text = text.replace("\n", newline) + (newline if ends else "")
    active = Counter(child.name for child in http(text).children if child.name != "gzip_types")
    if any(active[name] > 1 for name in ("gzip", *SETTINGS)):
        with pytest.raises(PiwizardError, match="a second time"):  # nginx would refuse it, too
            tune(text)
        return
    once = tune(text)
    after = settings(once)
    assert {k: v for k, v in after.items() if k != "gzip_types"} == {k: SETTINGS[k] for k in after if k != "gzip_types"}
    assert set(after["gzip_types"].split()) >= set(GZIP_TYPES)
    assert tune(once) == once
    gone = Counter(comments(parse(text, ""))) - Counter(comments(parse(once, "")))
    assert sum(gone.values()) <= len(SETTINGS)
    assert all(any(name in comment for name in SETTINGS) for comment in gone)
