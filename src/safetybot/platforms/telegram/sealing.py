"""What buttons and deep links carry on Telegram: a signed action, and which community it is about.

Lives here: the code between an action and callback data (T31: 64 bytes) or a start payload (64 of `A-Za-z0-9_-`). Does
not live here: signing (`chat/actions.py`). In a group the chat itself says which community is meant; in private, and in
a moderators' room, the button has to, so the community's id goes into the action, under the same signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from safetybot.chat.actions import Action, Actions, UnusableAction

PAYLOAD = 64
"""Characters of a start payload."""

Seal = Callable[[Action], str]
"""From an action to what a button carries."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ABOUT, _STAYS, _BELOW_ZERO = ".", "_", "-"
_INTO_LINK = {"-": "-m", ".": "-d", ":": "-c"}
_OUT_OF_LINK = {code[1]: sign for sign, code in _INTO_LINK.items()}


@dataclass(frozen=True, slots=True)
class Opened:
    """What was carried: the action (None: not ours, or of an older key), and the community if one is named."""

    action: Action | None
    community: str | None
    stays: bool = False
    """Whether the message with the button is to stay as it is (an alert), whatever the answer would replace."""


class Sealing:
    """Seals actions and opens what was carried."""

    def __init__(self, actions: Actions) -> None:
        """Sign by `actions`."""
        self._actions = actions

    def about(self, community: str | None, *, stays: bool = False) -> Seal:
        """Seals actions about a community; None leaves it to the chat in which the button stands.

        With `stays`, no answer takes the place of the message with the button.
        """

        def seal(action: Action) -> str:
            return self._actions.encode(action if community is None else tagged(action, community, stays=stays))

        return seal

    def open(self, carried: str) -> Opened:
        """What a button carries."""
        action = self._actions.decode(carried)
        if action is None or not action.arguments or not action.arguments[-1].startswith(_ABOUT):
            return Opened(action, None)
        *arguments, tag = action.arguments
        stays = tag.startswith(_ABOUT + _STAYS)
        return Opened(Action(action.name, tuple(arguments)), _community(tag), stays)

    def payload(self, action: Action, community: str) -> str:
        """An action as a start payload. Raises `UnusableAction` where it does not fit."""
        carried = self.about(community)(action)
        coded = "".join(_INTO_LINK.get(sign, sign) for sign in carried)
        if len(coded) > PAYLOAD:
            raise UnusableAction(action)
        return coded

    def open_payload(self, payload: str) -> Opened:
        """What a start payload carries."""
        signs = iter(payload)
        carried = "".join(_OUT_OF_LINK.get(next(signs, ""), "?") if sign == "-" else sign for sign in signs)
        return self.open(carried)


def tagged(action: Action, community: str, *, stays: bool = False) -> Action:
    """An action that says by itself which community it is about, whatever the other buttons around it are about."""
    return Action(action.name, (*action.arguments, _tag(community, stays=stays)))


def _tag(community: str, *, stays: bool) -> str:
    """A community's id, short enough for a button."""
    number = int(community)
    made = ""
    rest = abs(number)
    while rest:
        rest, digit = divmod(rest, 36)
        made = _DIGITS[digit] + made
    return f"{_ABOUT}{_STAYS if stays else ''}{_BELOW_ZERO if number < 0 else ''}{made}"


def _community(tag: str) -> str:
    return str(int(tag.removeprefix(_ABOUT).removeprefix(_STAYS), 36))
