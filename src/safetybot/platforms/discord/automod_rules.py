"""From words to AutoMod keyword rules within Discord's caps (D41), and what of them has to change. Pure.

Lives here: which words fit a rule and how, how they are spread over rules, telling our rules from others'. Does not
live here: which words tell enough alone (`automod_words.py`), asking Discord (`automod_sync.py`), what is done with a
find (`automod.py`).

A rule of ours only flags: Discord tells the moderators' channel, and us. It never blocks a message and never times a
member out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_RULES = 6
"""Keyword rules of a guild, those of others counted."""
MOST_WORDS, WORD_CHARS = 1_000, 60
MOST_ALLOWED = 100
MOST_ROLES, MOST_CHANNELS = 20, 50
NAME = "safetybot"
"""What the names of our rules begin with."""
_KEYWORD, _MESSAGE_SENT, _ALERT = 1, 1, 2

Payload = dict[str, Any]
"""JSON of Discord's API."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What AutoMod should look for in a guild, and where it tells moderators."""

    own: tuple[str, ...]
    """The community's own keywords."""
    words: tuple[str, ...]
    """The lexicon's, the most useful ones first."""
    allowed: tuple[str, ...]
    """Phrases that mean something else here."""
    channel: str
    exempt_roles: frozenset[str] = frozenset()
    exempt_channels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules as they should be, in an order of their own, and how many words found no room."""

    payloads: tuple[Payload, ...]
    words: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be done so that a guild's rules are the wanted ones; nothing where they are."""

    create: tuple[Payload, ...] = ()
    edit: tuple[tuple[int, Payload], ...] = ()
    """The id of a rule, and what it should be."""
    delete: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.create or self.edit or self.delete)


def as_filter(term: str) -> str | None:
    """A term as AutoMod looks for it; None where it cannot.

    AutoMod knows words and `*` at their ends, as we do. Scripts that write no spaces have no words for it: there a term
    is looked for anywhere.
    """
    core = term.strip("*").strip()
    if not core or "*" in core or "\n" in core:
        return None
    if any(_unspaced(char) for char in core):
        shown = f"*{core}*"
    else:
        shown = "*" * term.startswith("*") + core + "*" * term.endswith("*")
    return shown if len(shown) <= WORD_CHARS else None


def rules_for(wanted: Wanted, *, room: int = MOST_RULES) -> Rules:
    """The rules for what is wanted, at most `room` of them.

    The community's own keywords come first, in rules of their own, so that a change of one touches one rule. The
    lexicon's follow as far as there is room. The same wish makes the same rules, and no word stands in two of them.
    """
    seen: set[str] = set()
    own, without = _filters(wanted.own, seen)
    words, more_without = _filters(wanted.words, seen)
    allowed, _ = _filters(wanted.allowed, set())
    common = {
        "event_type": _MESSAGE_SENT,
        "trigger_type": _KEYWORD,
        "actions": [{"type": _ALERT, "metadata": {"channel_id": wanted.channel}}],
        "exempt_roles": sorted(wanted.exempt_roles)[:MOST_ROLES],
        "exempt_channels": sorted(wanted.exempt_channels)[:MOST_CHANNELS],
    }
    parts = [("own keywords", part) for part in _parts(own)] + [("word list", part) for part in _parts(words)]
    kept = parts[: max(0, room)]
    payloads = tuple(
        {
            **common,
            "name": f"{NAME} {number}: {what}",
            "trigger_metadata": {"keyword_filter": list(part), "allow_list": allowed[:MOST_ALLOWED]},
            "enabled": True,
        }
        for number, (what, part) in enumerate(kept, 1)
    )
    fitted = sum(len(part) for _, part in kept)
    left_out = without + more_without + len(own) + len(words) - fitted
    return Rules(payloads, fitted, left_out)


def ours(rule: Mapping[str, Any], bot: int) -> bool:
    """Whether a rule of a guild is one that we made."""
    return (
        rule["trigger_type"] == _KEYWORD
        and str(rule["creator_id"]) == str(bot)
        and str(rule["name"]).startswith(f"{NAME} ")
    )


def room_for(rules: Iterable[Mapping[str, Any]], bot: int) -> int:
    """How many keyword rules we may have beside those of others."""
    others = sum(1 for rule in rules if rule["trigger_type"] == _KEYWORD and not ours(rule, bot))
    return max(0, MOST_RULES - others)


def changes(there: Sequence[Mapping[str, Any]], wanted: Sequence[Payload], bot: int) -> Changes:
    """What differs between a guild's rules and the wanted ones; rules of others are left alone.

    Whether a rule is switched on is the guild's own business once it is made.
    """
    known = sorted((rule for rule in there if ours(rule, bot)), key=lambda rule: int(rule["id"]))
    left = list(wanted)
    edit: list[tuple[int, Payload]] = []
    unmatched = []
    for rule in known:
        same = next((one for one in left if _same(rule, one)), None)
        if same is None:
            unmatched.append(rule)
        else:
            left.remove(same)
    # A rule that stands for nothing any more becomes the next one that is missing, best the one of the same name.
    for rule in list(unmatched):
        into = next((one for one in left if one["name"] == rule["name"]), None)
        if into is not None:
            edit.append((int(rule["id"]), _without_switch(into)))
            left.remove(into)
            unmatched.remove(rule)
    for rule in list(unmatched):
        if left:
            edit.append((int(rule["id"]), _without_switch(left.pop(0))))
            unmatched.remove(rule)
    return Changes(tuple(left), tuple(edit), tuple(int(rule["id"]) for rule in unmatched))


def _filters(terms: Iterable[str], seen: set[str]) -> tuple[list[str], int]:
    """The terms as filters, none that is in `seen` already, and how many AutoMod cannot look for."""
    filters: list[str] = []
    without = 0
    for term in terms:
        shown = as_filter(term)
        if shown is None:
            without += 1
            continue
        key = shown.casefold()
        if key not in seen:
            seen.add(key)
            filters.append(shown)
    return filters, without


def _parts(filters: Sequence[str]) -> list[Sequence[str]]:
    return [filters[at : at + MOST_WORDS] for at in range(0, len(filters), MOST_WORDS)]


def _same(rule: Mapping[str, Any], wanted: Payload) -> bool:
    metadata = rule["trigger_metadata"]
    return (
        rule["name"] == wanted["name"]
        and list(metadata.get("keyword_filter") or []) == wanted["trigger_metadata"]["keyword_filter"]
        and list(metadata.get("allow_list") or []) == wanted["trigger_metadata"]["allow_list"]
        and not metadata.get("regex_patterns")
        and [_action(one) for one in rule["actions"]] == [_action(one) for one in wanted["actions"]]
        and sorted(map(str, rule.get("exempt_roles") or [])) == wanted["exempt_roles"]
        and sorted(map(str, rule.get("exempt_channels") or [])) == wanted["exempt_channels"]
    )


def _action(action: Mapping[str, Any]) -> tuple[int, str]:
    return int(action["type"]), str((action.get("metadata") or {}).get("channel_id"))


def _without_switch(payload: Payload) -> Payload:
    return {key: value for key, value in payload.items() if key not in ("enabled", "trigger_type")}


def _unspaced(char: str) -> bool:
    """Whether a character is of a script that is written without spaces, or with endings glued to words."""
    return (
        "\u0e00" <= char <= "\u0eff"  # Thai, Lao
        or "\u1000" <= char <= "\u109f"  # Burmese
        or "\u1780" <= char <= "\u17ff"  # Khmer
        or "\u2e80" <= char <= "\u9fff"  # Chinese, Japanese
        or "\uac00" <= char <= "\ud7af"  # Korean
        or "\uf900" <= char <= "\ufaff"
        or "\U00020000" <= char <= "\U0003ffff"
    )
