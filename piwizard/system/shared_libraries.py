"""Map shared libraries that Python packages load to Debian's packages."""

from __future__ import annotations

import re
from collections.abc import Iterable

LOADER_ERROR = re.compile(r"(lib[\w.+-]{1,80}\.so[\w.]{0,20}): cannot open shared object file")
SONAME = re.compile(r"(lib[\w+.-]+?)\.so(?:\.(\d+))?[\d.]*$")
PACKAGES: dict[str, tuple[str, ...]] = {
    "libEGL.so.1": ("libegl1",),
    "libGL.so.1": ("libgl1",),
    "libGLESv2.so.2": ("libgles2",),
    "libICE.so.6": ("libice6",),
    "libSDL2-2.0.so.0": ("libsdl2-2.0-0",),
    "libSM.so.6": ("libsm6",),
    "libX11.so.6": ("libx11-6",),
    "libXext.so.6": ("libxext6",),
    "libXrender.so.1": ("libxrender1",),
    "libasound.so.2": ("libasound2t64", "libasound2"),
    "libatomic.so.1": ("libatomic1",),
    "libbluetooth.so.3": ("libbluetooth3",),
    "libcairo.so.2": ("libcairo2",),
    "libcap.so.2": ("libcap2",),
    "libcblas.so.3": ("libatlas3-base",),
    "libdmtx.so.0": ("libdmtx0t64", "libdmtx0b"),
    "libespeak.so.1": ("libespeak1",),
    "libespeak-ng.so.1": ("libespeak-ng1",),
    "libf77blas.so.3": ("libatlas3-base",),
    "libfontconfig.so.1": ("libfontconfig1",),
    "libgfortran.so.5": ("libgfortran5",),
    "libgio-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libglib-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libgobject-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libgomp.so.1": ("libgomp1",),
    "libgphoto2.so.6": ("libgphoto2-6t64", "libgphoto2-6"),
    "libgpiod.so.2": ("libgpiod2",),
    "libgpiod.so.3": ("libgpiod3",),
    "libgthread-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libharfbuzz.so.0": ("libharfbuzz0b",),
    "libjpeg.so.62": ("libjpeg62-turbo",),
    "liblgpio.so.1": ("liblgpio1",),
    "libmagic.so.1": ("libmagic1t64", "libmagic1"),
    "libmariadb.so.3": ("libmariadb3",),
    "libopenblas.so.0": ("libopenblas0",),
    "libopenjp2.so.7": ("libopenjp2-7",),
    "libpango-1.0.so.0": ("libpango-1.0-0",),
    "libpangoft2-1.0.so.0": ("libpangoft2-1.0-0",),
    "libportaudio.so.2": ("libportaudio2",),
    "libpq.so.5": ("libpq5",),
    "libpulse.so.0": ("libpulse0",),
    "libsndfile.so.1": ("libsndfile1",),
    "libtiff.so.6": ("libtiff6",),
    "libusb-1.0.so.0": ("libusb-1.0-0",),
    "libvlc.so.5": ("libvlc5",),
    "libxcb.so.1": ("libxcb1",),
    "libxml2.so.2": ("libxml2",),
    "libxslt.so.1": ("libxslt1.1",),
    "libzbar.so.0": ("libzbar0t64", "libzbar0"),
}
"""The name of a library in an error of the loader, and the packages that have it in different releases."""
NUMBERED = ("libavcodec", "libavformat", "libavutil", "libavdevice", "libswscale", "libswresample", "libwebp",
            "libwebpdemux", "libwebpmux", "libtbb", "libffi")  # fmt: skip
"""Libraries whose package is called like the library with its number: libavcodec61."""
NEEDED_BY = {
    "opencv-contrib-python": ("libGL.so.1", "libgthread-2.0.so.0"),
    "opencv-python": ("libGL.so.1", "libgthread-2.0.so.0"),
    "pyzbar": ("libzbar.so.0",),
    "pylibdmtx": ("libdmtx.so.0",),
    "python-magic": ("libmagic.so.1",),
}
"""Distributions on PyPI whose wheels lack these libraries."""


def packages_with(library: str) -> tuple[str, ...]:
    """Return the Debian packages that may have a library such as libGL.so.1."""
    if library in PACKAGES:
        return PACKAGES[library]
    match = SONAME.match(library)
    return (f"{match[1]}{match[2]}",) if match and match[2] and match[1] in NUMBERED else ()


def missing_libraries(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the libraries that the loader did not find, by a program's output."""
    return tuple(dict.fromkeys(match[1] for line in lines for match in LOADER_ERROR.finditer(line)))
