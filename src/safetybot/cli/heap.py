"""The memory of a process that serves for long: what stays is set apart, what is free is given back.

Terms, weights and libraries are some 160,000 objects that stay until the end. Python's collector of cycles walks
through all of them each time that it looks at everything, and nothing else runs in those 80 ms and more.
"""

from __future__ import annotations

import ctypes
import gc


def settle() -> None:
    """Set apart all that is loaded by now, after the start and whenever files were read anew.

    What was set apart before and is garbage since, such as the lexicon that was replaced, is collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    # glibc keeps what the reading left free, 30 MiB, where nobody says otherwise.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
