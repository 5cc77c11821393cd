"""Loading a library without the optional ones that it takes along wherever they are installed.

They are installed here for other uses; a bot would carry them for as long as it runs, and not once call what they are
for. Each library says in its own documentation that it does without them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Import what is inside as if the modules `names` were not installed; one that is loaded already stays."""
    hidden = [name for name in names if name not in sys.modules]
    # None there is Python's own way to say so.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
