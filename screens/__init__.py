"""Show piwizard as a Textual app.

It knows questions, previews, events and checks, and nothing behind them.
"""

from __future__ import annotations

import os

# Textual reads these when it is imported.
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
