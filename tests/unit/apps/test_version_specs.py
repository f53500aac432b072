from __future__ import annotations

import pytest

from piwizard.apps.version_specs import distribution_of, fits, is_too_old, pip_spec


@pytest.mark.parametrize(
    ("specifier", "spec"),
    [
        ("*", ""),
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^3", ">=3,<4"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.2", "~=1.2"),
        (">= 1, < 2", ">=1,<2"),
        ("1.2.3", "==1.2.3"),
        ("^2.0 || ^3.0", ">=3.0,<4"),
    ],
)
def test_pip_spec_translates_specifiers(specifier, spec):
    assert pip_spec(specifier) == spec


@pytest.mark.parametrize(
    ("spec", "version", "expected"),
    [
        (">=3.9", (3, 11, 2), True),
        (">=3.12", (3, 11, 2), False),
        (">3.11", (3, 11, 2), True),
        ("<3.11", (3, 11, 2), False),
        ("<=3.11", (3, 11, 2), True),
        ("==3.11.*", (3, 11, 2), True),
        ("!=3.11.*", (3, 11, 2), False),
        ("~=3.11.1", (3, 12, 0), False),
        ("nonsense", (3, 11, 2), True),
        ("", (3, 11, 2), True),
        (">=3.11.4", (3, 11), True),
        ("!=3.11.4", (3, 11), True),
        ("<3.11.4", (3, 11), True),
        ("==3.11.4", (3, 11), True),
        (">=3.12.1", (3, 11), False),
        ("<3.11", (3, 11), False),
    ],
)
def test_version_fits_a_specifier(spec, version, expected):
    assert fits(spec, version) is expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (">=3.14", True),
        ("==3.14.*", True),
        ("~=3.14", True),
        (">=3.14,<4", True),
        (">=4", True),
        (">=3.9,<3.13", False),
        ("==3.9.*", False),
        ("!=3.13.*", False),
        (">=3.13.9", False),
        ("", False),
    ],
)
def test_version_is_too_old_for_a_specifier(spec, expected):
    assert is_too_old(spec, (3, 13)) is expected


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Flask_Login[x]>=1 ; python_version > '3'", "flask-login"),
        ("https://example.org/x.whl", None),
        ("./here", None),
        ("x @ https://example.org/x.whl", "x"),
        ("", None),
    ],
)
def test_distribution_of_a_requirement_line(line, name):
    assert distribution_of(line) == name
