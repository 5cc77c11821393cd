"""What strangers and members might try: words that are markup, forms of other sites, odd hosts, paths and bodies."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.web.conftest import HERE, Pages
from tests.web.test_rights import address, routes

from safetybot.communities.access import Actor, Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.communities.sign_in import Grant
from safetybot.model import (
    Assessment,
    Concern,
    Decision,
    FiredRule,
    Hit,
    InteractionState,
    Place,
    Reason,
    Span,
    Verdict,
    VerdictKind,
)
from safetybot.web import guard
from safetybot.web.app import ONE

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)><a href=javascript:alert(1)>${7*7}{{7*7}}"
EVIL_PLACE = ("discord", '"><script>alert(1)<')


class Markup(HTMLParser):
    """Collects what in a page could run."""

    def __init__(self) -> None:
        super().__init__()
        self.dangers: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not str(given.get("src")).startswith("/static/app.js?v="):
            self.dangers.append((tag, given))
        if tag in ("iframe", "object", "embed", "base", "style") or "style" in given:
            self.dangers.append((tag, given))
        for name, value in attrs:
            if name.startswith("on"):
                self.dangers.append((tag, name, value))
            if name in ("href", "src", "action", "srcset", "formaction") and not str(value).startswith(
                ("/", "#", "https://", "http://")
            ):
                self.dangers.append((tag, name, value))


def dangers(page: str) -> list[object]:
    parser = Markup()
    parser.feed(page)
    return parser.dangers


async def fill_with_markup(pages: Pages, place: tuple[str, str]) -> int:
    """Markup in every field that the store has room for."""
    name = EVIL[:80]
    assessment = Assessment(
        Concern.DIY, 0.9, EVIL, hits=(Hit(EVIL, EVIL, EVIL, Span(0, 5)),),
        rules=(FiredRule(EVIL, Concern.DIY, EVIL, (0,)),),
    )  # fmt: skip
    made = pages.new(
        EVIL, place=Place(*place, EVIL, EVIL), assessment=assessment, response_id=EVIL, excerpt=EVIL,
        author_pseudonym=EVIL, decision=Decision(reply=True, alert=True, shadow=False, reasons=(Reason.REPLY,)),
    )  # fmt: skip
    pages.store.config_version = EVIL
    number = (await pages.store.claim(made, None)).interaction_id
    await pages.store.advance(number, InteractionState.SENDING)
    await pages.store.advance(number, InteractionState.FAILED, error=EVIL)
    await pages.store.add_verdict(number, Verdict(VerdictKind.FALSE_ALARM, name, pages.clock.now(), EVIL))
    await pages.store.add_note(number, EVIL, by=name)
    parts = pages.app.app.state.parts()
    evil = Actor(name, Role.OPERATOR)
    await parts.keywords.add(evil, *place, Keyword("<b onclick=x>glow", KeywordState.DRAFT, concern=Concern.DIY))
    await parts.policy.put(evil, *place, "emergency_number", EVIL[:80], expected=0)
    await parts.policy.put(evil, *place, "exempt_channels", [EVIL[:80]], expected=0)
    await parts.tokens.create(evil, Grant(name, Role.VIEWER, *place))
    reader = Grant("operator", Role.OPERATOR)
    await parts.views.save(reader, *place, EVIL[:60], {"channel": EVIL[:100], "author": EVIL[:100]})
    session = await parts.sign_in.redeem(await parts.sign_in.link(evil, Grant(name, Role.VIEWER, *place)))
    assert session is not None
    return number


@pytest.mark.parametrize("place", [HERE, EVIL_PLACE], ids=["an ordinary community", "one whose id is markup"])
async def test_no_stored_field_becomes_markup_on_any_page(pages: Pages, place: tuple[str, str]) -> None:
    number = await fill_with_markup(pages, place)
    browser = await pages.signed_in(Role.OPERATOR)
    quoted = (place[0], place[1].replace('"', "%22").replace("<", "%3C").replace(">", "%3E"))
    seen = 0
    for method, path in routes(pages.app):
        elsewhere = path in ("/", "/metrics", "/healthz", "/readyz") or path.startswith(
            ("/sign-in/discord", "/sign-in/telegram")
        )
        if method != "GET" or "csv" in path or elsewhere:
            continue
        target = address(path, quoted, number).replace("glow+party", "%3Cb+onclick%3Dx%3Eglow")
        if "history" in target:
            target = target.replace("key=language", "key=emergency_number")
        answer = await browser.get(target)
        assert answer.status_code == 200, target
        if answer.headers["content-type"].startswith("text/html"):
            assert dangers(answer.text) == [], target
            seen += "&lt;script&gt;" in answer.text
        elif "svg" in answer.headers["content-type"]:
            assert "<script" not in answer.text
    assert seen >= 8
    base = f"/in/{quoted[0]}/{quoted[1]}"
    for path, form in (
        (f"{base}/interactions/{number}/excerpt", {}),
        (f"{base}/interactions/{number}/note", {"text": " "}),
        (f"{base}/keywords", {"term": EVIL, "bound": "concern:diy"}),
        (f"{base}/settings", {"key": EVIL, "value": EVIL, "expected": "0"}),
        (f"{base}/settings", {"key": "language", "value": EVIL, "expected": "0"}),
        (f"{base}/try", {"text": EVIL, "thread": EVIL, "channel": EVIL[:90]}),
        (f"{base}/privacy", {"member": EVIL[:90]}),
        (f"{base}/people", {"name": EVIL[:80], "role": "viewer"}),
        (f"{base}/tokens", {"name": EVIL[:80], "role": "viewer"}),
        (f"{base}/tokens", {"name": EVIL[:90], "role": "viewer"}),
        (f"{base}/log/views?author=%3Cscript%3E", {"name": EVIL[:90]}),
        ("/sign-in", {"token": EVIL, "next": EVIL}),
    ):
        answer = await browser.submit(path, **form)
        assert answer.status_code in (200, 400, 403), path
        assert dangers(answer.text) == [], path


async def test_words_in_an_address_do_not_become_markup(pages: Pages) -> None:
    browser = await pages.signed_in(Role.OPERATOR)
    for path in (
        "/everywhere/log",
        "/everywhere/audit",
        "/in/discord/100/settings",
        "/sign-in",
        "/everywhere/overview",
    ):
        for name in ("channel", "by", "action", "author", "language", "next", "token", "done", "days", "before"):
            answer = await browser.get(path, params={name: EVIL})
            assert answer.status_code in (200, 400)
            assert dangers(answer.text) == [], (path, name)


async def test_no_cell_of_a_file_is_a_formula(pages: Pages) -> None:
    for number, evil in enumerate(("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", '=HYPERLINK("http://x")')):
        made = pages.new(f"{evil}{number}", place=Place("discord", "100", evil, evil), author_pseudonym=evil)
        await pages.store.claim(made, None)
    browser = await pages.signed_in(Role.OPERATOR, name="=op")
    for path in ("/everywhere/log.csv", "/everywhere/audit.csv"):
        answer = await browser.get(path)
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.headers["content-disposition"].startswith("attachment")
        cells = [cell for row in csv.reader(io.StringIO(answer.text, newline="")) for cell in row]
        assert len(cells) > 10
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


# --- forms of others ---


async def test_a_form_without_its_mark_or_with_anothers_changes_nothing(pages: Pages) -> None:
    browser, other = await pages.signed_in(Role.ADMIN), await pages.signed_in(Role.ADMIN, name="other")
    for mark in ("", "0" * 40, await other.csrf(), "é"):
        for method, path in routes(pages.app):
            if method == "POST" and path.startswith(ONE):
                target = address(path, HERE, pages.rows[HERE])
                data = {"csrf": mark, "member": "1", "sure": "yes", "kind": "confirmed", "text": "x", "term": "x"}
                answer = await browser.post(target, data=data)
                assert answer.status_code == 400, (path, mark)
    assert (await browser.post("/sign-out")).status_code == 400
    assert (await browser.get("/")).status_code == 303
    assert (await pages.store.details(pages.rows[HERE])).verdicts == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_form_of_another_site_is_refused_before_anything_is_looked_at(
    pages: Pages, headers: dict[str, str]
) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    answer = await browser.post(
        "/in/discord/100/try", data={"csrf": await browser.csrf(), "text": "x"}, headers=headers
    )
    assert answer.status_code == 403
    stranger = await pages.browser(**headers)
    token = await pages.link(Role.ADMIN)
    assert (await stranger.post("/sign-in", data={"token": token})).status_code == 403
    assert (await (await pages.browser()).post("/sign-in", data={"token": token})).status_code == 303


async def test_our_own_forms_are_taken_under_our_own_name(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    for origin in ("http://localhost", "HTTP://LOCALHOST"):
        answer = await browser.post(
            "/in/discord/100/try", data={"csrf": await browser.csrf(), "text": "x"}, headers={"origin": origin}
        )
        assert answer.status_code == 200


# --- hosts, paths, bodies ---


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "localhost@evil.example", "x:80:80"])
async def test_a_request_for_another_host_is_refused(pages: Pages, host: str) -> None:
    answer = await (await pages.browser()).get("/sign-in", headers={"host": host})
    assert answer.status_code == 421


async def test_no_header_of_a_proxy_moves_us_elsewhere(pages: Pages) -> None:
    browser = await pages.browser(**{"x-forwarded-host": "evil.example", "x-original-url": "/", "x-rewrite-url": "/"})
    answer = await browser.get("/in/discord/100/log")
    assert answer.headers["location"].startswith("/sign-in?")


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\\\\evil.example",
        "http:evil.example",
        "/%0d%0aset-cookie:x=1\r\nset-cookie: y=1",
        "/sign-out",
        "",
    ],
)
async def test_signing_in_leads_to_no_other_site(pages: Pages, path: str) -> None:
    browser = await pages.browser()
    answer = await browser.post("/sign-in", data={"token": await pages.link(Role.ADMIN), "next": path})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert "evil.example" not in (await browser.get("/sign-in", params={"next": path, "token": "x"})).text


async def test_signing_in_leads_back_to_where_one_was_going(pages: Pages) -> None:
    browser = await pages.browser()
    asked = await browser.get("/in/discord/100/log?concern=diy&before=9")
    shown = await browser.get(asked.headers["location"] + f"&token={await pages.link(Role.ADMIN)}")
    assert 'name="next" value="/in/discord/100/log?concern=diy&amp;before=9"' in shown.text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/....//app.py",
        "/static//etc/passwd",
        "/static/..%5capp.py",
        "/static/%00",
        "/static/",
        "/static/../templates/base.html",
    ],
)
async def test_no_path_leads_out_of_the_folder_of_static_files(pages: Pages, path: str) -> None:
    answer = await (await pages.browser()).get(path)
    assert answer.status_code in (400, 404, 405)
    assert "import" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/in/discord/100/interactions/0",
        "/in/discord/100/interactions/-1",
        "/in/discord/100/interactions/99999999999999999999",
        "/in/discord/100/interactions/1e3",
        "/in/discord/100/log?before=x",
        "/in/discord/100/log?since=2026-13-01",
        "/in/discord/100/log?since=99999-01-01",
        "/in/discord/100/log?until=9999-12-31",
        "/in/discord/100/log?concern=none&state=x",
        "/in/discord/100/log?channel=%00",
        "/in/discord/100/overview?days=1000000",
        "/in/discord/100/overview/x.svg",
        "/in/discord/100/responses/..%2f..%2fconfig",
        "/in/discord/100/keywords/one?term=%00",
        "/in/discord/100/settings?channel=%00",
        "/in/discord/100%00/log",
        "/in/%ff/100/log",
    ],
)
async def test_an_unusable_address_is_told_so_and_breaks_nothing(pages: Pages, path: str) -> None:
    answer = await (await pages.signed_in(Role.ADMIN)).get(path)
    assert answer.status_code in (200, 400, 404)


async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    body = "csrf=" + "x" * guard.MOST_BYTES
    assert (await browser.post("/in/discord/100/try", content=body)).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b"x" * (guard.MOST_BYTES // 8)

    assert (await browser.post("/in/discord/100/try", content=chunks())).status_code == 413
    for told in ("-1", "1e9", "x", "9" * 30):
        answer = await browser.post("/in/discord/100/try", content=b"x", headers={"content-length": told})
        assert answer.status_code == 413


async def test_a_body_that_does_not_come_is_not_waited_for(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_WITHIN", 0.05)
    sent: list[Any] = []
    scope = {
        "type": "http", "method": "POST", "path": "/sign-in", "raw_path": b"/sign-in", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-length", b"9")], "client": None, "http_version": "1.1",
        "scheme": "http", "server": ("127.0.0.1", 80), "root_path": "",
    }  # fmt: skip

    async def receive() -> Any:
        if not sent:
            sent.append(None)
            return {"type": "http.request", "body": b"tok", "more_body": True}
        return await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append(message)

    await pages.app(scope, receive, send)
    assert sent[1]["status"] == 408


@pytest.mark.parametrize("form", [{"csrf": ["a", "b"]}, {"kind": "x"}, {"text": "\x00"}, {"expected": "-1"}])
async def test_a_form_with_the_wrong_fields_is_told_so(pages: Pages, form: dict[str, Any]) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    csrf = await browser.csrf()
    for method, path in routes(pages.app):
        if method == "POST" and path.startswith(ONE):
            number = 999_999 if "people" in path else pages.rows[HERE]  # nobody's session: one's own stays open
            answer = await browser.post(address(path, HERE, number), data={"csrf": csrf, **form})
            assert answer.status_code in (200, 303, 400, 404), (path, answer.status_code)


async def test_a_file_in_place_of_a_text_is_told_so(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    files = {"text": ("x.txt", b"x"), "csrf": ("y", b"y")}
    assert (await browser.post("/in/discord/100/try", files=files)).status_code == 400
