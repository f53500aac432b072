"""Test which values each kind of answer accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piwizard.answers import validators as v
from piwizard.answers.validators import Invalid

WRONG_TYPES = [None, 5, 1.5, True, [], ["a"], {}, {"a": "b"}, b"app"]
HOSTILE = [
    "",
    " ",
    "a b",
    "two\nlines",
    "a;b",
    "a{b}",
    "a'b",
    'a"b',
    "..",
    "../up",
    "a/../b",
    "-leading",
    "--upload-pack=x",
    "a\x00b",
    "a\tb",
    "a\x1b[31mb",
    "$(reboot)",
    "`reboot`",
    "a|b",
    "a\\b",
    "x" * 1001,
]

GOOD = [
    (v.text, "Hello, world", "Hello, world"),
    (v.text, "x" * 1000, "x" * 1000),
    (v.whole(1, 32), 1, 1),
    (v.whole(1, 32), "32", 32),
    (v.whole(1, 32), " 4 ", 4),
    (v.yes_or_no, False, False),
    (v.one_of("a", "b"), "b", "b"),
    (v.list_of(v.inside, 3), ["a", "b/c/"], ["a", "b/c"]),
    (v.list_of(v.inside, 3), [], []),
    (v.site_name, "myflask", "myflask"),
    (v.site_name, "a", "a"),
    (v.site_name, "a" * 31, "a" * 31),
    (v.host_name, "SongUuli2020.ddns.net", "songuuli2020.ddns.net"),
    (v.host_name, "xn--bcher-kva.example", "xn--bcher-kva.example"),
    (v.host_name, "raspberrypi", "raspberrypi"),
    (v.host_or_address, "192.168.1.5", "192.168.1.5"),
    (v.host_or_address, "fd00::5", "fd00::5"),
    (v.repository, "https://github.com/me/app.git", "https://github.com/me/app.git"),
    (v.repository, "me/app", "https://github.com/me/app"),
    (v.repository, "github.com/me/app", "https://github.com/me/app"),
    (v.repository, "https://github.com/me/app/tree/dev", "https://github.com/me/app"),
    (v.repository, "https://token@example.org/app.git", "https://token@example.org/app.git"),
    (v.repository, "ssh://git@example.org:2222/app.git", "ssh://git@example.org:2222/app.git"),
    (v.login, "gitlab+deploy-token-1", "gitlab+deploy-token-1"),
    (v.login, "me@example.org", "me@example.org"),
    (v.fingerprint, f"SHA256:{'a' * 43}", f"SHA256:{'a' * 43}"),
    (v.given_secret, {"env": "TOKEN"}, {"env": "TOKEN"}),
    (v.repository, "git@github.com:me/app.git", "git@github.com:me/app.git"),
    (v.repository, "git://git.lan/app.git", "git://git.lan/app.git"),
    (v.repository, "file:///srv/git/app.git", "file:///srv/git/app.git"),
    (v.repository, "/home/alex/app", "/home/alex/app"),
    (v.reference, "main", "main"),
    (v.reference, "feature/tea@4", "feature/tea@4"),
    (v.reference, "v1.0", "v1.0"),
    (v.entry, "app:app", "app:app"),
    (v.entry, "package.web:create_app()", "package.web:create_app()"),
    (v.entry, "my server:app", "my server:app"),
    (v.entry, "Smart Home/my server.py", "Smart Home/my server.py"),
    (v.inside, "static/", "static"),
    (v.inside, "a/b.c/d-e_f", "a/b.c/d-e_f"),
    (v.python, "python3", "python3"),
    (v.python, "python3.12", "python3.12"),
    (v.python, "/opt/python/bin/python3", "/opt/python/bin/python3"),
    (v.static, {"/static/": "web/static"}, {"/static/": "web/static"}),
    (v.static, {}, {}),
    (v.environment, {"MODE": "fast", "EMPTY": ""}, {"MODE": "fast", "EMPTY": ""}),
    (v.environment, {"KEY": {"generate": 32}}, {"KEY": {"generate": 32}}),
    (v.secret_source, {"env": "API_KEY"}, {"env": "API_KEY"}),
    (v.secret_source, {"file": "/root/key"}, {"file": "/root/key"}),
    (v.secret_source, {"asked": True}, {"asked": True}),
    (v.secret_text, " spaces count ", " spaces count "),
    (v.command, "flask --app flaskr init-db", "flask --app flaskr init-db"),
    (v.command, "python -m 'my tool'", "python -m 'my tool'"),
    (v.processes, {"logger-2": "python logger.py"}, {"logger-2": "python logger.py"}),
    (v.processes, {}, {}),
    (v.schedule, {"daily 03:00": "flask cleanup"}, {"daily 03:00": "flask cleanup"}),
    (v.schedule, {"Mon..Fri *-*-* 8:00": "x"}, {"Mon..Fri *-*-* 8:00": "x"}),
]


@pytest.mark.parametrize(("validate", "value", "kept"), GOOD)
def test_valid_values_are_accepted(validate, value, kept):
    assert validate(value) == kept
    assert validate(validate(value)) == kept


NAMES = {
    "site_name": v.site_name,
    "host_name": v.host_name,
    "repository": v.repository,
    "reference": v.reference,
    "entry": v.entry,
    "inside": v.inside,
    "python": v.python,
}


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("validate", NAMES.values(), ids=NAMES)
def test_hostile_texts_are_refused(validate, value):
    with pytest.raises(Invalid):
        validate(value)


@pytest.mark.parametrize("value", WRONG_TYPES)
@pytest.mark.parametrize(
    "validate",
    [*NAMES.values(), v.text, v.secret_text, v.command, v.host_or_address, v.one_of("a", "b")],
)
def test_wrong_types_are_refused(validate, value):
    with pytest.raises(Invalid):
        validate(value)


@pytest.mark.parametrize(
    ("validate", "value", "sentence"),
    [
        (v.text, "x" * 1001, "must not be longer than 1000 characters"),
        (v.text, "two\nlines", "must not contain line breaks or control characters"),
        (v.whole(1, 32), 0, "must be a whole number from 1 to 32"),
        (v.whole(1, 32), 33, "must be a whole number from 1 to 32"),
        (v.whole(1, 32), "9" * 5000, "must be a whole number"),
        (v.whole(1, 32), True, "must be a whole number"),
        (v.whole(1, 32), 2.0, "must be a whole number"),
        (v.whole(1, 32), "2; reboot", "must be a whole number"),
        (v.yes_or_no, "true", "must be true or false"),
        (v.yes_or_no, 1, "must be true or false"),
        (v.one_of("a", "b"), "c", "must be one of a, b"),
        (v.list_of(v.inside, 3), "a", "must be a list of at most 3 texts"),
        (v.list_of(v.inside, 3), ["a"] * 4, "must be a list of at most 3 texts"),
        (v.list_of(v.inside, 3, least=1), [], "must be a list of 1 to 3 texts"),
        (v.list_of(v.inside, 3), ["a", "a/"], "must not name anything twice"),
        (v.list_of(v.inside, 3), ["a", "../b"], "must be a path in the repository, not '../b'"),
        (v.site_name, "a" * 32, "must be 1 to 31 lowercase letters"),
        (v.site_name, "MyFlask", "must be 1 to 31 lowercase letters"),
        (v.site_name, "flask-", "must be 1 to 31 lowercase letters"),
        (v.site_name, "1flask", "must be 1 to 31 lowercase letters"),
        (v.site_name, "www-data", "must not be www-data: the system uses that name"),
        (v.site_name, "default", "must not be default"),
        (v.host_name, "a..b", "must look like myapp.ddns.net, with letters, digits and hyphens"),
        (v.host_name, "a.b.", "must look like myapp.ddns.net"),
        (v.host_name, "-a.b", "must look like myapp.ddns.net"),
        (v.host_name, "a-.b", "must look like myapp.ddns.net"),
        (v.host_name, "bücher.example", "must look like myapp.ddns.net"),
        (v.host_name, f"{'a' * 64}.example", "must look like myapp.ddns.net"),
        (v.host_name, ".".join(["a" * 60] * 5), "must look like myapp.ddns.net"),
        (v.host_name, "192.168.1.5", "must look like myapp.ddns.net, not like an IP address"),
        (v.host_name, "https://a.b", "must look like myapp.ddns.net"),
        (v.repository, "app", "must begin with https://"),
        (
            v.repository,
            "https://github_pat_11AA@github.com/me/app.git",
            "must not contain a token: answer app.token instead",
        ),
        (v.repository, "https://glpat-abc@gitlab.com/me/app.git", "must not contain a token: answer app.token instead"),
        (v.login, "a:b", "must be letters, digits and . _ @ + -"),
        (v.login, "a b", "must be letters, digits and . _ @ + -"),
        (v.fingerprint, "MD5:aa:bb", 'must be like "SHA256:'),
        (v.given_secret, {"generate": 32}, "cannot generate it"),
        (v.given_secret, "s3cret", "never the secret itself"),
        (v.repository, "ftp://example.org/app", "must not begin with ftp://"),
        (v.repository, "ext::sh -c reboot", "without spaces"),
        (v.repository, "ext::reboot", "must begin with https://"),
        (v.repository, "https://me:word@example.org/a.git", "must not contain a password"),
        (v.repository, "https://-oProxyCommand=x/a.git", "must look like myapp.ddns.net"),
        (v.repository, "ssh://-oProxyCommand=x/a.git", "must look like myapp.ddns.net"),
        (v.repository, "https:///a.git", "must"),
        (v.repository, "git://b.]3.pz/x", "its host or port is incomplete"),
        (v.repository, "ssh://git@example.org:99999/x", "its host or port is incomplete"),
        (v.repository, "https://\u212aite.example/x", "must have a host name in ASCII"),
        (v.repository, "git@-oProxyCommand=x:y", "must begin with https://"),
        (v.directory, "https://0.[red]aa/0", "its host or port is incomplete"),
        (v.email, "-x@example.org", "must be an email address"),
        (v.email, "x@\u212aite.example", "must be an email address"),
        (v.full_name, "raspberrypi", "must look like myapp.ddns.net, with a dot"),
        (v.static, {f"/{'x' * 5000}/": "static"}, "has the URL prefix"),
        (v.static, {"/.well-known/acme-challenge/": "static"}, "Let's Encrypt needs it"),
        (v.environment, {"LD_AUDIT": "/x"}, "must not set LD_AUDIT"),
        (v.reference, "a..b", "must be the name of a branch or a tag"),
        (v.reference, "a.lock", "must be the name of a branch or a tag"),
        (v.reference, "/a", "must be the name of a branch or a tag"),
        (v.reference, "a/", "must be the name of a branch or a tag"),
        (v.reference, "x" * 201, "must be the name of a branch or a tag"),
        (v.entry, "app", 'must be like "app:app"'),
        (v.entry, "app:app()()", 'must be like "app:app"'),
        (v.entry, "-x.py", 'must be like "app:app"'),
        (v.entry, "a/ .py", 'must be like "app:app"'),
        (v.entry, "a /../b.py", 'must be like "app:app"'),
        (v.entry, "app:create(x)", 'must be like "app:app"'),
        (v.inside, "/etc", "must be a path in the repo"),
        (v.inside, ".git/config", "must not be inside .git"),
        (v.inside, "a//b", "must be a path in the repo"),
        (v.inside, ".", "must be a path in the repo"),
        (v.python, "python2", 'must be "python3"'),
        (v.python, "/opt/../bin/sh", 'must be "python3"'),
        (v.static, [], "must be a table such as"),
        (v.static, {"static": "static"}, "has the URL prefix 'static'"),
        (v.static, {"/": "static"}, "has the URL prefix '/'"),
        (v.static, {"/a/../b/": "static"}, "has the URL prefix"),
        (v.static, {"/a;b/": "static"}, "has the URL prefix"),
        (v.static, {"/a b/": "static"}, "has the URL prefix"),
        (v.static, {"/{}/": "static"}, "has the URL prefix"),
        (v.static, {"/static/": "../up"}, "must be a path in the repo"),
        (v.static, {f"/{number}/": "a" for number in range(21)}, "must be a table"),
        (v.environment, [], "must be a table such as"),
        (v.environment, {"A B": "x"}, "has the name 'A B'"),
        (v.environment, {"A=B": "x"}, "has the name 'A=B'"),
        (v.environment, {"1A": "x"}, "has the name '1A'"),
        (v.environment, {"A": "two\nlines"}, "must not contain line breaks"),
        (v.environment, {"A": 5}, "must set A to a text"),
        (v.environment, {"A": ["x"]}, "must set A to a text"),
        (v.environment, {"LD_PRELOAD": "x"}, "must not set LD_PRELOAD"),
        (v.environment, {"PATH": "x"}, "must not set PATH"),
        (v.environment, {f"A{number}": "x" for number in range(101)}, "must be a table"),
        (v.environment, {"A": {"generate": 15}}, "must be a whole number from 16 to 128"),
        (v.secret_source, "hunter22", "never the secret itself"),
        (v.secret_source, {}, "never the secret itself"),
        (v.secret_source, {"env": "A", "file": "/b"}, "never the secret itself"),
        (v.secret_source, {"value": "hunter22"}, "must be { env = … }"),
        (v.secret_source, {"generate": 129}, "must be a whole number from 16 to 128"),
        (v.secret_source, {"env": "A B"}, "must name an environment variable after env"),
        (v.secret_source, {"env": 5}, "must be a text"),
        (v.secret_source, {"file": "key"}, "must give the full path of a file after file"),
        (v.secret_source, {"asked": "hunter22"}, "must be true after asked"),
        (v.secret_source, {"asked": False}, "must be true after asked"),
        (v.secret_text, "two\nlines", "must not contain line breaks"),
        (v.secret_text, "x" * 1001, "must not be longer"),
        (v.processes, ["a"], "must be a table of at most 10 commands"),
        (v.processes, {f"a{number}": "x" for number in range(11)}, "must be a table of at most 10 commands"),
        (v.processes, {"My Logger": "x"}, "has the name 'My Logger', which must be 1 to 24 lowercase letters"),
        (v.processes, {"-a": "x"}, "has the name '-a'"),
        (v.processes, {"a" * 25: "x"}, "has the name"),
        (v.processes, {"a": 5}, "must be a text in quotes"),
        (v.processes, {"a": "python a.py &"}, "runs without a shell"),
        (v.schedule, "daily", "must be a table of at most 10 commands"),
        (v.schedule, {"daily\n03:00": "x"}, "has the time"),
        (v.schedule, {"%n": "x"}, "has the time '%n', which must be like"),
        (v.schedule, {"every 7 minutes": "x"}, "repeats every 7 minutes; possible are 1, 2, 3, 4, 5, 6, 10"),
        (v.schedule, {"hourly": "a | b"}, "runs without a shell"),
        (v.command, "flask init; reboot", "runs without a shell"),
        (v.command, "flask init && x", "runs without a shell"),
        (v.command, "flask > x", "runs without a shell"),
        (v.command, "$HOME/x", "runs without a shell"),
        (v.command, "flask 'init", "has unbalanced quotes"),
        (v.command, "-m flask", "must begin with the name of a program"),
        (v.command, "''", "must begin with the name of a program"),
    ],
)
def test_error_says_what_the_value_must_be(validate, value, sentence):
    with pytest.raises(Invalid) as refused:
        validate(value)
    assert sentence in str(refused.value)
    assert "hunter22" not in str(refused.value), "the refusal repeats a secret at the wrong place"


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(ANY)
def test_any_value_is_accepted_or_refused_without_other_errors(value):
    for validate in (
        *NAMES.values(),
        v.text,
        v.whole(1, 32),
        v.yes_or_no,
        v.one_of("a"),
        v.list_of(v.command, 3),
        v.static,
        v.environment,
        v.secret_source,
        v.secret_text,
        v.command,
        v.host_or_address,
    ):
        try:
            kept = validate(value)
        except Invalid:
            continue
        assert validate(kept) == kept


@given(st.text())
def test_accepted_values_need_no_quoting(value):
    for validate in (v.site_name, v.host_name, v.reference, v.entry, v.inside, v.python):
        try:
            kept = validate(value)
        except Invalid:
            continue
        assert not set(kept) & set(" \t\n;{}'\"\\$`|&<>*?#%")
        assert not kept.startswith("-")
