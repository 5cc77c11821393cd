"""Forms on Telegram: asked in private, one question a message, each answered by a reply.

Lives here: which question somebody is at. Does not live here: sending questions (`giving.py`), and what a filled-in
form does (`chat/`). The state is in memory, bounded; and each question carries it too, behind the sign it begins with:
the button that led to the form, sealed, and the answers so far. So an answer finds its form after a restart and on
another replica, and nothing of it is kept on our side.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from safetybot.chat.actions import Action
from safetybot.chat.answers import Field, FormToFill

MARK = "✏️"
"""Begins every question, so that an answer to one that is forgotten is known as such."""
SKIP = "-"
"""Leaves a question that needs no answer as it is."""
LIFE = 1_800.0
"""Seconds for which a form waits."""
_MOST = 2_000
_CARRIED = 1_500
"""Characters of answers that a question carries; longer ones are in memory only."""


@dataclass(slots=True)
class Filling:
    """A form that somebody fills in."""

    form: FormToFill
    community: str
    began: float
    opening: Action | None = None
    """What led to the form: done again, it gives the form again. None: the form is in memory only."""
    values: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def asked(self) -> Field:
        """The question that is open now."""
        return self.form.fields[len(self.values)]

    @property
    def done(self) -> bool:
        """Whether every question has its answer."""
        return len(self.values) == len(self.form.fields)

    def answer(self, typed: str) -> bool:
        """Take an answer to the open question; False where it does not fit and has to be given again."""
        asked = self.asked
        said = typed.strip()
        if said == SKIP and (not asked.required or asked.value):
            said = asked.value
        elif asked.required and not said:
            return False
        if len(said) > asked.most:
            return False
        self.values[asked.name] = said
        return True


class Forms:
    """Who fills in what; one form a person."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with none; `clock` gives seconds."""
        self._clock = clock
        self._open: OrderedDict[int, Filling] = OrderedDict()

    def begin(
        self, user: int, form: FormToFill, community: str, opening: Action | None, answers: Sequence[str] = ()
    ) -> Filling:
        """Somebody is to fill in a form, some of it answered already; one that they had begun is forgotten."""
        self._open.pop(user, None)
        values = {one.name: said for one, said in zip(form.fields, answers, strict=False)}
        made = self._open[user] = Filling(form, community, self._clock(), opening, values)
        if len(self._open) > _MOST:
            self._open.popitem(last=False)
        return made

    def of(self, user: int) -> Filling | None:
        """What somebody is filling in."""
        found = self._open.get(user)
        if found is not None and self._clock() - found.began > LIFE:
            del self._open[user]
            return None
        return found

    def end(self, user: int) -> None:
        """It is filled in, or given up."""
        self._open.pop(user, None)


def carried(link: str, values: Sequence[str]) -> str:
    """A deep link with the answers so far behind it; without them where they are too long."""
    coded = base64.urlsafe_b64encode(json.dumps(list(values)).encode()).decode()
    return f"{link}&{urlencode({'so_far': coded})}" if values and len(coded) <= _CARRIED else link


def found_in(url: str) -> tuple[str, tuple[str, ...]] | None:
    """The start payload and the answers that a question carries; None where it carries neither."""
    asked = parse_qs(urlsplit(url).query)
    payload = asked.get("start", [""])[0]
    if not payload:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(asked["so_far"][0])) if "so_far" in asked else []
    except (binascii.Error, ValueError):
        return None
    return payload, tuple(str(one) for one in values) if isinstance(values, list) else ()
