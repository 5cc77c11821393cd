"""A value loaded from files that stays in force when they go bad. Looks only when asked; owns no thread or loop."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from safetybot.documents import InvalidDocument, Problem

T = TypeVar("T")

_State = Mapping[Path, str]
"""Each watched file and the digest of its content."""
_GONE = ""
_RACY = 2.0
"""A file that changed within this many seconds before it was read may change again with the same time stamp."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a look at the files brought: `changed` with a new value, or `problems` with the last good one kept."""

    changed: bool
    problems: tuple[Problem, ...] = ()


class LastGood(Generic[T]):
    """The newest value that loaded well."""

    def __init__(self, load: Callable[[], T], files: Callable[[], Iterable[Path]]) -> None:
        """Load once. Raises what `load` raises: there is no last good value yet.

        Args:
            load: Reads the files and makes the value.
            files: Names the files to watch, anew at each look, so that added ones are seen.
        """
        self._load = load
        self._files = files
        self._digests: dict[Path, _Digest] = {}
        # Before loading: a change in between is then seen at the next look.
        self._in_force: _State = self._look()
        self._tried: _State = self._in_force
        self._last_look: _State = self._in_force
        self.value = load()

    def refresh(self) -> Refreshed:
        """Look at the files; load anew what changed and then held still from one look to the next.

        A file caught half-written is therefore left to the look after. A file that is bad or gone leaves the last good
        value in force. Each state of the files is tried, and its problems told, once.
        """
        now = self._look()
        still, self._last_look = now == self._last_look, now
        if not still or now == self._tried:
            return Refreshed(changed=False)
        self._tried = now
        if gone := [path for path in self._in_force if self._in_force[path] != _GONE and not now.get(path)]:
            hint = "put it back, or restart to run without it"
            return Refreshed(
                changed=False, problems=tuple(Problem(str(p), 0, 0, "the file is gone", hint) for p in gone)
            )
        if now == self._in_force:
            return Refreshed(changed=True)  # mended: what is in force is what stands in the files again
        try:
            value = self._load()
        except InvalidDocument as error:
            return Refreshed(changed=False, problems=error.problems)
        except (OSError, ValueError) as error:
            changed = next(path for path in {**self._in_force, **now} if now.get(path) != self._in_force.get(path))
            hint = "restore the file, or undo the last change"
            return Refreshed(changed=False, problems=(Problem(str(changed), 0, 0, str(error), hint),))
        self.value = value
        self._in_force = now
        return Refreshed(changed=True)

    def _look(self) -> _State:
        known, self._digests = self._digests, {}
        for path in sorted(set(self._files())):
            self._digests[path] = _digest(path, known.get(path))
        return {path: digest.content for path, digest in self._digests.items()}


@dataclass(frozen=True, slots=True)
class _Digest:
    content: str
    stamp: tuple[int, ...] = ()
    """What the file system said when the content was read; empty where that cannot be relied on."""


def _digest(path: Path, known: _Digest | None) -> _Digest:
    """The file's digest; the content is read only if the file system says that it may have changed."""
    try:
        stat = path.stat()
        stamp = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        if known is not None and known.stamp == stamp:
            return known
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return _Digest(_GONE)
    except OSError as error:
        return _Digest(f"unreadable: {error.errno}")
    settled = abs(time.time() - max(stat.st_mtime, stat.st_ctime)) > _RACY
    return _Digest(content, stamp if settled else ())
