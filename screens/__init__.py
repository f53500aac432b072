"""Show piwizard as a Textual app.

It knows questions, previews, events and checks, and nothing behind them.
"""

from __future__ import annotations

import os

# Textual reads these when it is imported. A key is answered within a frame; logs are followed five times a second.
os.environ.setdefault("TEXTUAL_FPS", "30")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
