"""What the pages show and do: numbers, the queue, keywords, settings, trying, a member's data, languages."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.conftest import START
from tests.web.conftest import HERE, THERE, Pages

from safetybot.communities.access import Role
from safetybot.communities.audit import AuditFilters
from safetybot.communities.figures import By
from safetybot.communities.records import Reactions
from safetybot.model import Concern, Place, VerdictKind
from safetybot.store.keys import Pseudonyms
from safetybot.web import texts
from safetybot.web.rendering import blocks, pieces, visible

BASE = "/in/discord/100"


def words(page: str) -> str:
    """What a reader sees, in one line."""
    main = page.split("<main")[-1]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


# --- seeing ---


async def test_the_overview_counts_what_happened_in_this_community_alone(pages: Pages) -> None:
    pages.clock.forward(days=1)
    for number in range(3):
        claim = await pages.store.claim(pages.new(f"a{number}", place=Place(*HERE, "c"), concern=Concern.ADVERSE), None)
        assert claim.won
    browser = await pages.signed_in(Role.VIEWER)
    shown = words((await browser.get(f"{BASE}/overview")).text)
    assert "4 interactions" in shown
    assert "1 reply" in shown
    chart = (await browser.get(f"{BASE}/overview/day.svg?width=full")).text
    assert {"adverse", "diy", "03-02"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", chart))


async def test_the_overview_and_an_interaction_tell_how_replies_were_taken(pages: Pages) -> None:
    await pages.interaction(HERE, "another")
    await pages.store.reactions.put(pages.rows[HERE], Reactions(3, 1, 2))
    await pages.store.reactions.put(pages.rows[THERE], Reactions(0, 9, 0))
    browser = await pages.signed_in(Role.MODERATOR)
    assert "50% of replies welcomed 50% unwelcome" in words((await browser.get(f"{BASE}/overview")).text)
    shown = words((await browser.get(f"{BASE}/interactions/{pages.rows[HERE]}")).text)
    assert "Reactions 3 welcoming, 1 unwelcoming, 2 other" in shown
    operator = await pages.signed_in(Role.OPERATOR)
    shown = words((await operator.get("/everywhere/overview")).text)
    assert "33% of replies welcomed 67% unwelcome" in shown
    assert "discord/100 2 1 (50%) 1 (50%) discord/200 1 0 (0%) 1 (100%)" in shown


async def test_a_picture_has_its_styles_and_nothing_else_of_its_own(pages: Pages) -> None:
    browser = await pages.signed_in(Role.VIEWER)
    for by in By:
        answer = await browser.get(f"{BASE}/overview/{by.value}.svg?theme=dark&width=narrow")
        policy = answer.headers["content-security-policy"]
        assert "sandbox" in policy
        assert "script-src 'self'" in policy
        assert policy.count("unsafe-inline") == 1


async def test_the_log_is_read_in_pages_that_neither_skip_nor_repeat(pages: Pages) -> None:
    numbers = [pages.rows[HERE]]
    numbers += [await pages.interaction(HERE, f"p{number}") for number in range(119)]
    browser = await pages.signed_in(Role.MODERATOR)
    seen: list[int] = []
    url = f"{BASE}/log?concern=diy&state=sent"
    while url:
        page = (await browser.get(url)).text
        seen += [int(found) for found in re.findall(rf'href="{BASE}/interactions/(\d+)"', page)]
        more = re.search(r'href="([^"]+)" rel="next"', page)
        url = more[1].replace("&amp;", "&") if more else ""
        assert not url or "concern=diy" in url
    assert seen == sorted(numbers, reverse=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 1), ("concern=adverse", 0), ("state=sent", 1), ("state=failed", 0), ("channel=chat", 1), ("channel=x", 0),
        ("language=en", 1), ("language=de", 0), ("verdict=confirmed", 0), ("since=2026-03-01", 1),
        ("since=2026-03-02", 0), ("until=2026-03-01", 1), ("until=2026-02-28", 0), (f"author={'a' * 32}", 1),
    ],
)  # fmt: skip
async def test_the_log_is_narrowed_by_what_is_asked_for(pages: Pages, query: str, found: int) -> None:
    browser = await pages.signed_in(Role.MODERATOR)
    page = (await browser.get(f"{BASE}/log?{query}")).text
    assert len(re.findall(rf'href="{BASE}/interactions/\d+"', page)) == found


async def test_an_excerpt_is_shown_with_the_hits_in_place_and_the_look_is_audited(pages: Pages) -> None:
    browser = await pages.signed_in(Role.MODERATOR)
    number = pages.rows[HERE]
    plain = (await browser.get(f"{BASE}/interactions/{number}")).text
    assert "mesotherapy at home" not in words(plain)
    asked = await browser.submit(f"{BASE}/interactions/{number}/excerpt")
    assert "meso<mark>therapy at </mark>home" in asked.text, "the hit stands from the fourth to the fifteenth letter"
    (entry, *_) = await pages.store.audit.newest(AuditFilters(), before=None, limit=1)
    assert (entry.by, entry.action) == ("moderator", "excerpt read")


async def test_times_are_utc_for_everybody_and_the_scripts_to_change(pages: Pages) -> None:
    browser = await pages.signed_in(Role.MODERATOR)
    page = (await browser.get(f"{BASE}/log")).text
    assert '<time datetime="2026-03-01T12:00:00Z">2026-03-01 12:00 UTC</time>' in page


@pytest.mark.parametrize("place", [HERE, ("console", "Glow & Gossip, 50 %")], ids=" ".join)
async def test_the_menu_marks_the_page_that_one_is_on(pages: Pages, place: tuple[str, str]) -> None:
    browser = await pages.signed_in(Role.OPERATOR)
    for base in (f"/in/{place[0]}/{quote(place[1])}", "/everywhere"):
        for page in ("log", "tokens", "people"):
            shown = (await browser.get(f"{base}/{page}")).text
            marked = re.findall(r'<a href="([^"]+)" aria-current="page">', shown)
            assert [one.rpartition("/")[2] for one in marked] == [page]


# --- reviewing ---


async def test_the_queue_is_cleared_from_the_newest_to_the_oldest(pages: Pages) -> None:
    second = await pages.interaction(HERE, "second")
    third = await pages.interaction(HERE, "third")
    browser = await pages.signed_in(Role.MODERATOR)
    kinds = ["confirmed", "handled", "confirmed"]
    url = f"{BASE}/review"
    for number, kind in zip((third, second, pages.rows[HERE]), kinds, strict=True):
        page = await browser.get(url)
        assert f"{BASE}/interactions/{number}/verdict" in page.text
        answer = await browser.submit(f"{BASE}/interactions/{number}/verdict", kind=kind, then="queue")
        url = answer.headers["location"]
    assert "That was the last one." in (await browser.get(url)).text
    assert "Nothing waits." in (await browser.get(f"{BASE}/review")).text
    verdicts = [(await pages.store.details(number)).verdicts[0] for number in (third, second, pages.rows[HERE])]
    assert [(one.kind.value, one.by) for one in verdicts] == [(kind, "moderator") for kind in kinds]


async def test_a_false_alarm_needs_a_reason_and_is_answered_with_repairs(pages: Pages) -> None:
    browser = await pages.signed_in(Role.MODERATOR)
    path = f"{BASE}/interactions/{pages.rows[HERE]}"
    refused = await browser.submit(f"{path}/verdict", kind="false_alarm", then="queue")
    assert refused.status_code == 400
    assert "a false alarm needs a reason" in refused.text
    answer = await browser.submit(f"{path}/verdict", kind="false_alarm", reason="a song", then="queue")
    assert answer.headers["location"] == f"{path}?done=verdict"
    page = (await browser.get(answer.headers["location"])).text
    assert "Act on diy only from 0.88 on" in words(page)
    assert f'href="{BASE}/settings#diy.min_confidence"' in page
    assert "a song" in words(page)


async def test_a_note_that_cannot_be_kept_is_not_lost(pages: Pages) -> None:
    browser = await pages.signed_in(Role.MODERATOR)
    path = f"{BASE}/interactions/{pages.rows[HERE]}"
    long = "x" * 2_001
    answer = await browser.submit(f"{path}/note", text=long)
    assert (answer.status_code, long in answer.text) == (400, True)
    await browser.submit(f"{path}/note", text="they see a doctor")
    assert "they see a doctor" in words((await browser.get(path)).text)


async def test_what_is_judged_elsewhere_leaves_the_queue(pages: Pages) -> None:
    browser = await pages.signed_in(Role.MODERATOR)
    parts = pages.app.app.state.parts()
    grant = (await pages.store.web.open(*HERE))[0].grant
    await parts.reviews.judge(grant.actor, pages.rows[HERE], VerdictKind.HANDLED)
    assert "Nothing waits." in (await browser.get(f"{BASE}/review")).text


# --- changing ---


async def test_a_keyword_goes_from_preview_to_draft_to_shadow_to_live_and_back(pages: Pages) -> None:
    browser = await pages.signed_in(Role.MODERATOR)
    seen = await browser.submit(f"{BASE}/keywords", term="glow party", bound="concern:diy", do="preview")
    assert "would change nothing" in words(seen.text)
    assert "No words of your own yet" in words(seen.text)
    added = await browser.submit(f"{BASE}/keywords", term="glow party", bound="concern:diy", do="add")
    one = added.headers["location"]
    assert one == f"{BASE}/keywords/one?term=glow+party&done=keyword"
    await browser.submit(f"{BASE}/keywords/one", term="glow party", to="shadow", expected="1")
    await browser.submit(f"{BASE}/keywords/one", term="glow party", to="live", expected="2")
    page = words((await browser.get(one)).text)
    assert "version 3" in page
    assert "shadow → live" in page
    await browser.submit(f"{BASE}/keywords/undo", term="glow party", expected="3")
    assert "live → shadow, taking back version 3" in words((await browser.get(one)).text)


async def test_a_keyword_that_is_too_broad_goes_live_only_when_forced(pages: Pages) -> None:
    browser = await pages.signed_in(Role.MODERATOR)
    await browser.submit(f"{BASE}/keywords", term="filler", bound="concern:diy", do="add")
    refused = await browser.submit(f"{BASE}/keywords/one", term="filler", to="live", expected="1")
    assert refused.status_code == 409
    assert 'name="force"' in refused.text
    forced = await browser.submit(f"{BASE}/keywords/one", term="filler", to="live", expected="1", force="yes")
    assert forced.status_code == 303


async def test_who_comes_second_changes_nothing_and_sees_what_the_first_did(pages: Pages) -> None:
    browser, other = await pages.signed_in(Role.ADMIN), await pages.signed_in(Role.ADMIN, name="first")
    form = {"key": "language", "expected": "0"}
    assert (await other.submit(f"{BASE}/settings", **form, value="de")).status_code == 303
    late = await browser.submit(f"{BASE}/settings", **form, value="fr")
    assert late.status_code == 409
    assert "version 1 by first" in words(late.text)


async def test_a_setting_is_changed_inherited_and_taken_back(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    await browser.submit(f"{BASE}/settings", key="diy.mode", value="alert", expected="0")
    await browser.submit(f"{BASE}/settings", key="diy.mode", do="inherit", expected="1")
    await browser.submit(f"{BASE}/settings/undo", key="diy.mode", expected="2")
    history = words((await browser.get(f"{BASE}/settings/history?key=diy.mode")).text)
    assert "from inherited to alert, taking back version 2 (version 3)" in history
    policy = await pages.store.policy(Place(*HERE, "x"))
    assert policy.concerns[Concern.DIY].mode.value == "alert"


async def test_a_channel_may_have_a_value_of_its_own(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    await browser.submit(f"{BASE}/settings", key="language", value="de", expected="0", channel="7")
    assert "de from channel" in words((await browser.get(f"{BASE}/settings?channel=7")).text)
    assert "de from" not in words((await browser.get(f"{BASE}/settings")).text)
    refused = await browser.submit(f"{BASE}/settings", key="retention", value="7d", expected="0", channel="7")
    assert refused.status_code == 400


async def test_a_value_that_cannot_be_is_told_with_what_was_typed(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    answer = await browser.submit(f"{BASE}/settings", key="diy.author_cooldown", value="soon", expected="0")
    assert answer.status_code == 400
    assert 'value="soon"' in answer.text


async def test_trying_shows_the_answer_and_the_reply_and_keeps_nothing(pages: Pages) -> None:
    before = await pages.store.counts()
    browser = await pages.signed_in(Role.VIEWER)
    text = "I injected lip filler myself at home, now my lip is white and numb"
    page = await browser.submit(f"{BASE}/try", text=text, thread="hello\nwho knows hyaluron pens?")
    shown = words(page.text)
    assert "adverse · emergency" in shown
    assert "symptom-after" in shown
    assert "Discord" in shown
    assert "Telegram" in shown
    assert re.search(r"<mark>[^<]*filler[^<]*</mark>", page.text)
    assert await pages.store.counts() == before
    assert "Nothing of concern." in words((await browser.submit(f"{BASE}/try", text="good morning")).text)
    assert (await browser.submit(f"{BASE}/try", text=" ")).status_code == 400


async def test_trying_reads_with_the_communitys_own_words_and_settings(pages: Pages) -> None:
    admin = await pages.signed_in(Role.ADMIN)
    await admin.submit(f"{BASE}/keywords", term="glow party", bound="concern:diy", do="add")
    await admin.submit(f"{BASE}/keywords/one", term="glow party", to="live", expected="1")
    await admin.submit(f"{BASE}/settings", key="language", value="de", expected="0")
    page = await admin.submit(f"{BASE}/try", text="who comes to the glow party")
    assert "diy" in words(page.text)
    assert 'lang="de"' in page.text


async def test_a_members_data_is_found_handed_out_and_deleted(pages: Pages) -> None:
    pseudonym = Pseudonyms("k" * 32)(Place(*HERE, ""), "4711")
    made = pages.new("theirs", place=Place(*HERE, "chat"), author_pseudonym=pseudonym, excerpt="their words")
    number = (await pages.store.claim(made, None)).interaction_id
    browser = await pages.signed_in(Role.ADMIN)
    found = await browser.submit(f"{BASE}/privacy", member=" 4711 ")
    assert f"/interactions/{number}" in found.text
    assert "their words" not in found.text
    data = json.loads((await browser.submit(f"{BASE}/privacy/export", member="4711")).text)
    assert data["interactions"][0]["excerpt"] == "their words"
    await browser.submit(f"{BASE}/privacy/opt-out", member="4711")
    asked = await browser.submit(f"{BASE}/privacy/erase", member="4711")
    assert "There is no way back." in words(asked.text)
    assert (await pages.store.details(number)).has_excerpt
    done = await browser.submit(f"{BASE}/privacy/erase", member="4711", sure="yes")
    assert done.headers["location"] == f"{BASE}/privacy?done=erased"
    gone = words((await browser.submit(f"{BASE}/privacy", member="4711")).text)
    assert "0 interactions." in gone
    assert "Opted out since" in gone
    for entry in await pages.store.audit.newest(AuditFilters(), before=None, limit=50):
        assert "4711" not in str(entry)
        assert pseudonym not in str(entry)


async def test_a_response_that_wants_a_review_is_marked(pages: Pages) -> None:
    browser = await pages.signed_in(Role.VIEWER)
    assert "due" not in words((await browser.get(f"{BASE}/responses")).text).split()
    pages.clock.forward(days=(365 * 3))
    browser = await pages.signed_in(Role.VIEWER)
    assert "due" in words((await browser.get(f"{BASE}/responses")).text).split()


# --- texts ---


@pytest.mark.parametrize(
    ("accept", "language"),
    [("", "en"), ("en-GB,de;q=0.5", "en"), ("xx", "en"), ("*;q=x,,", "en"), ("de;q=0", "en"), ("a" * 9_000, "en")],
)
def test_without_a_catalog_that_fits_the_source_speaks(accept: str, language: str) -> None:
    assert texts.chosen(accept) == language


async def test_every_page_says_in_which_language_it_is(pages: Pages) -> None:
    answer = await (await pages.browser()).get("/sign-in", headers={"accept-language": "en-GB"})
    assert '<html lang="en">' in answer.text
    assert answer.headers["content-language"] == "en"


def test_a_text_is_cut_at_the_edges_of_what_was_found_and_loses_nothing() -> None:
    from safetybot.model import Span

    spans = [Span(0, 2), Span(1, 4), Span(6, 99), Span(50, 60)]
    made = pieces("abcdefgh", spans)
    assert [(one.text, one.found) for one in made] == [("abcd", True), ("ef", False), ("gh", True)]
    assert pieces("", spans) == []


def test_what_moves_the_cursor_or_the_direction_is_made_visible() -> None:
    assert visible("a\x1b[2Jb\u202ec\nd") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c\nd"


def test_responses_are_paragraphs_lists_and_bold_words() -> None:
    made = blocks("**Look.** Then\ngo.\n\n- one\n- **two**\nend")
    assert [(one.is_list, ["".join(piece.text for piece in line) for line in one.lines]) for one in made] == [
        (False, ["Look. Then go."]), (True, ["one", "two"]), (False, ["end"]),
    ]  # fmt: skip
    assert made[1].lines[1][0].found


def test_every_text_of_the_templates_is_marked_for_translation() -> None:
    folder = Path(texts.__file__).with_name("templates")
    for template in folder.glob("*.html"):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<pre[^>]*>.*?</pre>", "", template.read_text(), flags=re.S)
        bare = [part.strip() for part in re.findall(r">([^<]*)<", text)]
        known = {"safetybot", "· safetybot", "Discord", "Telegram", "APP", "CSV", "JSON lines", "OpenAPI"}
        known |= {"c", "f", "h", "n", "q", "Authorization: Bearer …"}
        left = [part for part in bare if re.search(r"[A-Za-z]{2,}", part) and part not in known]
        assert left == [], template.name


def test_the_last_day_asked_for_is_whole() -> None:
    from safetybot.web.pages.filtering import Asked
    from safetybot.web.scene import Where

    made = Asked(since="2026-03-01", until="2026-03-01").filters(Where(*HERE))
    assert made.since is not None
    assert made.until == made.since + timedelta(days=1)
    assert made.since <= START < made.until
