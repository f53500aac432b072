"""Libraries that a program lacks, and the packages that have them."""

from __future__ import annotations

import pytest

from piwizard.system.shared_libraries import missing_libraries, packages_with


@pytest.mark.parametrize(
    ("library", "packages"),
    [
        ("libGL.so.1", ("libgl1",)),
        ("libgthread-2.0.so.0", ("libglib2.0-0t64", "libglib2.0-0")),
        ("libopenblas.so.0", ("libopenblas0",)),
        ("libavcodec.so.61", ("libavcodec61",)),
        ("libwebp.so.7", ("libwebp7",)),
        ("libsecret-stuff.so.3", ()),
        ("libfoo;reboot.so.1", ()),
    ],
)
def test_library_has_its_package(library, packages):
    assert packages_with(library) == packages


def test_libraries_are_read_from_the_loaders_message():
    lines = [
        "ImportError: libGL.so.1: cannot open shared object file: No such file or directory",
        "Original error was: libopenblas.so.0: cannot open shared object file: No such file or directory",
        "libGL.so.1: cannot open shared object file",
        "libGL.so.1 is fine",
    ]
    assert missing_libraries(lines) == ("libGL.so.1", "libopenblas.so.0")
