"""From words to AutoMod rules: within the caps of Discord, the same each time, nothing twice, no needless change."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from safetybot.platforms.discord.automod_rules import (
    MOST_RULES,
    MOST_WORDS,
    WORD_CHARS,
    Wanted,
    as_filter,
    changes,
    ours,
    room_for,
    rules_for,
)

BOT = 42
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=70)
terms = st.lists(st.one_of(words, words.map("{}*".format), words.map("*{}".format)), max_size=60)
ids = st.frozensets(st.integers(1, 10**18).map(str), max_size=80)
wishes = st.builds(
    Wanted, own=terms.map(tuple), words=terms.map(tuple), allowed=terms.map(tuple), channel=st.just("7"),
    exempt_roles=ids, exempt_channels=ids,
)  # fmt: skip


def stored(payloads: Any) -> list[dict[str, Any]]:
    """Rules as Discord gives them back."""
    return [
        {**copy.deepcopy(payload), "id": str(number), "creator_id": str(BOT), "guild_id": "1"}
        for number, payload in enumerate(payloads, 1)
    ]


def many(count: int, stem: str = "word") -> tuple[str, ...]:
    return tuple(f"{stem}{number}" for number in range(count))


@given(wishes, st.integers(0, MOST_RULES))
def test_rules_keep_to_every_cap_of_discord(wanted: Wanted, room: int) -> None:
    made = rules_for(wanted, room=room)
    assert len(made.payloads) <= room
    for rule in made.payloads:
        metadata = rule["trigger_metadata"]
        assert 1 <= len(metadata["keyword_filter"]) <= MOST_WORDS
        assert len(metadata["allow_list"]) <= 100
        assert all(1 <= len(one) <= WORD_CHARS for one in (*metadata["keyword_filter"], *metadata["allow_list"]))
        assert len(rule["exempt_roles"]) <= 20
        assert len(rule["exempt_channels"]) <= 50
        assert 1 <= len(rule["name"]) <= 100


@given(wishes)
def test_a_rule_only_ever_tells_and_never_blocks(wanted: Wanted) -> None:
    for rule in rules_for(wanted).payloads:
        assert rule["actions"] == [{"type": 2, "metadata": {"channel_id": "7"}}]


@given(wishes)
def test_no_word_stands_in_two_rules_or_twice_in_one(wanted: Wanted) -> None:
    found = [
        word.casefold() for rule in rules_for(wanted).payloads for word in rule["trigger_metadata"]["keyword_filter"]
    ]
    assert len(found) == len(set(found))


@given(wishes)
def test_the_same_wish_makes_the_same_rules_and_then_there_is_nothing_to_change(wanted: Wanted) -> None:
    made = rules_for(wanted)
    assert made == rules_for(wanted)
    assert not changes(stored(made.payloads), made.payloads, BOT)


@given(wishes, wishes, st.integers(0, 4))
def test_changes_lead_from_any_rules_to_the_wanted_ones_and_leave_others_alone(
    before: Wanted, after: Wanted, foreign: int
) -> None:
    others = [
        {**rule, "creator_id": "7", "name": f"house rule {rule['id']}"}
        for rule in stored(rules_for(Wanted((), many(foreign * MOST_WORDS), (), "9")).payloads)
    ]
    room = room_for(others, BOT)
    mine = [{**rule, "id": str(100 + int(rule["id"]))} for rule in stored(rules_for(before, room=room).payloads)]
    wanted = rules_for(after, room=room).payloads
    there = {rule["id"]: rule for rule in (*others, *mine)}
    what = changes(list(there.values()), wanted, BOT)
    for rule_id in what.delete:
        del there[str(rule_id)]
    for rule_id, payload in what.edit:
        there[str(rule_id)] |= payload
    for number, payload in enumerate(what.create):
        there[f"2{number}"] = stored([payload])[0]
    assert len(there) <= MOST_RULES
    assert [there[rule["id"]] for rule in others] == others
    made = sorted(r["trigger_metadata"]["keyword_filter"] for r in there.values() if ours(r, BOT))
    assert made == sorted(rule["trigger_metadata"]["keyword_filter"] for rule in wanted)


def test_a_new_keyword_touches_the_rule_of_own_keywords_alone() -> None:
    before = Wanted(("glow party",), many(3_500), (), "7")
    after = Wanted(("glow party", "needle club"), many(3_500), (), "7")
    what = changes(stored(rules_for(before).payloads), rules_for(after).payloads, BOT)
    [(_, edited)] = what.edit
    assert edited["trigger_metadata"]["keyword_filter"] == ["glow party", "needle club"]
    assert what.create == ()
    assert what.delete == ()


def test_words_that_find_no_room_are_counted_and_own_keywords_go_first() -> None:
    made = rules_for(Wanted(("glow party",), many(7_000), (), "7"))
    assert len(made.payloads) == MOST_RULES
    assert made.payloads[0]["trigger_metadata"]["keyword_filter"] == ["glow party"]
    assert made.words == 5_001
    assert made.left_out == 2_000


def test_a_rule_that_somebody_switched_off_stays_off() -> None:
    wanted = rules_for(Wanted(("glow party",), (), (), "7")).payloads
    there = stored(wanted)
    there[0]["enabled"] = False
    assert not changes(there, wanted, BOT)
    there[0]["trigger_metadata"]["keyword_filter"] = ["old"]
    [(_, edit)] = changes(there, wanted, BOT).edit
    assert "enabled" not in edit


def test_a_term_is_looked_for_as_its_script_writes_words() -> None:
    assert as_filter("mesotherap*") == "mesotherap*"
    assert as_filter("*lipolyse") == "*lipolyse"
    assert as_filter("мезотерап*") == "мезотерап*"
    assert as_filter("水光针") == "*水光针*"
    assert as_filter("물광주사") == "*물광주사*"
    assert as_filter("เมโส") == "*เมโส*"
    assert as_filter("*") is None
    assert as_filter("w" * 61) is None
