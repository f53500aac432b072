"""The Textual app that `piwizard` opens: it knows questions, previews, events and checks, and nothing behind them."""

from __future__ import annotations

import os

# Read by Textual when it is imported. Measured over a slow line: these save nine tenths of the bytes.
os.environ.setdefault("TEXTUAL_FPS", "10")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
