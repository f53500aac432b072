"""Tell whether this process may make namespaces: root in a plain container may not."""

from __future__ import annotations

import subprocess
from functools import cache

import pytest

REASON = "needs the right to make namespaces (CAP_SYS_ADMIN)"


@cache
def allowed() -> bool:
    """Return whether this process may make a mount and a network namespace."""
    try:
        done = subprocess.run(("unshare", "--mount", "--net", "true"), capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


needs_namespaces = pytest.mark.skipif(not allowed(), reason=REASON)
