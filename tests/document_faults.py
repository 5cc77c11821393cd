"""What is wrong with a file, as tests read it."""

from collections.abc import Callable

import pytest

from safetybot.documents import InvalidDocument, Problem


def problems_of(read: Callable[[], object]) -> list[Problem]:
    with pytest.raises(InvalidDocument) as caught:
        read()
    return list(caught.value.problems)


def told(read: Callable[[], object]) -> list[str]:
    """Each problem as `line:column reason`."""
    return [f"{p.line}:{p.column} {p.reason}" for p in problems_of(read)]
