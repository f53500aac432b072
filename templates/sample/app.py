"""Serve a small sample: a page, a picture, a feed, some static files."""

import os
import platform
import struct
import time
import zlib
from datetime import UTC, datetime
from email.utils import format_datetime

from flask import Flask, Response, render_template

app = Flask(__name__)
STARTED = time.time()


@app.get("/")
def index():
    return render_template("index.html", facts=facts(), now=datetime.now(UTC))


@app.get("/chart.png")
def chart():
    """Draw the load of the last minutes as three bars, without a library."""
    picture = Response(png(bars(os.getloadavg())), mimetype="image/png")
    picture.headers["Cache-Control"] = "no-store"
    return picture


@app.get("/feed.rss")
def feed():
    return Response(
        render_template("feed.xml", facts=facts(), date=format_datetime(datetime.now(UTC))),
        mimetype="application/rss+xml",
    )


def facts():
    return {
        "Machine": platform.node(),
        "Processor": platform.machine(),
        "Python": platform.python_version(),
        "Running since": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(STARTED)),
    }


def bars(load, width=320, height=120):
    """Return rows of RGB pixels. A full bar is one busy process per core."""
    full = os.cpu_count() or 1
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            number, within = divmod(x, width // 3)
            value = load[min(number, 2)] / full
            inside = 20 <= within < width // 3 - 20 and height - y <= 4 + min(value, 1) * (height - 16)
            row += b"\xc5\x1a\x4a" if inside else b"\xf6\xf6\xf4"
        rows.append(bytes(row))
    return rows


def png(rows):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
