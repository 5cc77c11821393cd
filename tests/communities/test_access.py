"""Who may do what: each role in its own community, the operator everywhere, and refusals that say what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.communities.access import A_MEMBER, BOT, Actor, Refused, Right, Role, require, require_own_or

HERE = ("discord", "100")


def actor(role: Role | None, member: str | None = None) -> Actor:
    return Actor("ann", role, *HERE, member)


@given(role=st.sampled_from([None, *Role]), right=st.sampled_from(Right))
def test_a_role_may_do_what_its_rights_ask_for_and_nothing_more(role: Role | None, right: Right) -> None:
    if role is not None and role >= right.least:
        require(actor(role), right, *HERE)
        return
    with pytest.raises(Refused) as caught:
        require(actor(role), right, *HERE)
    assert right.least.label in caught.value.missing
    assert right.says in str(caught.value)


@given(role=st.sampled_from([None, *Role]), right=st.sampled_from(Right))
@pytest.mark.parametrize("where", [("discord", "101"), ("telegram", "100"), (None, None), ("discord", None)])
def test_only_an_operator_may_do_anything_elsewhere(
    where: tuple[str | None, str | None], role: Role | None, right: Right
) -> None:
    if role is Role.OPERATOR:
        require(actor(role), right, *where)
        return
    with pytest.raises(Refused):
        require(actor(role), right, *where)


def test_a_refusal_names_who_what_where_and_what_is_missing() -> None:
    with pytest.raises(Refused) as caught:
        require(actor(Role.MODERATOR), Right.CHANGE_POLICY, *HERE)
    assert str(caught.value) == (
        "ann may not change the settings in discord/100: this needs the role admin, and the role held is moderator"
    )
    with pytest.raises(Refused, match="the role held is one in discord/100"):
        require(actor(Role.ADMIN), Right.SEE_LOG, "discord", "7")
    with pytest.raises(Refused, match="everywhere: this needs the role operator"):
        require(actor(Role.ADMIN), Right.EXPORT_AUDIT, None, None)


def test_members_may_ask_about_themselves_in_their_own_community_only() -> None:
    own = actor(None, "7")
    assert require_own_or(own, Right.SEE_MEMBER, *HERE, "7") == A_MEMBER
    for community, member in (("100", "8"), ("101", "7")):
        with pytest.raises(Refused):
            require_own_or(own, Right.SEE_MEMBER, "discord", community, member)
    assert require_own_or(actor(Role.ADMIN, "7"), Right.SEE_MEMBER, *HERE, "7") == A_MEMBER
    assert require_own_or(actor(Role.ADMIN, "7"), Right.SEE_MEMBER, *HERE, "8") == "ann"
    assert require_own_or(BOT, Right.ERASE_MEMBER, *HERE, "8") == "safetybot"


def test_somebody_without_an_id_asks_about_nobody() -> None:
    with pytest.raises(Refused):
        require_own_or(Actor("", None, *HERE), Right.SEE_MEMBER, *HERE, "")
