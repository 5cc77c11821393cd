"""Messages of the loopback Discord as HTML: what people see, in one page that needs nothing from anywhere else.

Lives here: Discord's Markdown, buttons, menus and forms as HTML, and the page around them. Does not live here: what is
shown (`discord_screens.py`). The look is our own; what counts is that every word and every button is there.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.discord import AttachmentRecord, InteractionResult, MessageRecord

Json = Mapping[str, Any]

_INLINE = re.compile(
    r"\\(?P<escaped>[^\sA-Za-z0-9])"
    r"|``\s(?P<code2>.+?)\s``"
    r"|`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<bold>(?:\\.|[^*\\])+)\*\*"
    r"|\[(?P<label>(?:\\.|[^\]\\])+)\]\(<?(?P<url>https?://[^\s)>]+)>?\)"
    r"|<(?P<bare>https?://[^\s>]+)>"
    r"|<(?P<mention>#|@&)(?P<id>\d+)>"
    r"|(?P<auto>https?://[^\s<>]+)"
)
names: dict[str, str] = {}
"""Names of channels and roles by id, for mentions."""
_STYLES = {1: "main", 2: "plain", 3: "main", 4: "danger", 5: "plain link"}


@dataclass
class Screen:
    """One thing to see: what was done, and what came of it."""

    title: str
    note: str
    parts: list[str] = field(default_factory=list)


@dataclass
class Chapter:
    """Screens of one audience."""

    title: str
    says: str
    screens: list[Screen] = field(default_factory=list)


def inline(source: str) -> str:
    """One line of Discord's Markdown as HTML."""
    made, at = [], 0
    for found in _INLINE.finditer(source):
        made.append(html.escape(source[at : found.start()], quote=False))
        at = found.end()
        group = found.groupdict()
        if group["escaped"]:
            made.append(html.escape(group["escaped"], quote=False))
        elif group["code2"] or group["code"]:
            made.append(f"<code>{html.escape(group['code2'] or group['code'], quote=False)}</code>")
        elif group["bold"]:
            made.append(f"<b>{inline(group['bold'])}</b>")
        elif group["mention"]:
            made.append(
                f'<span class="mention">{group["mention"][0]}{html.escape(names.get(group["id"], group["id"]))}</span>'
            )
        else:
            url = group["url"] or group["bare"] or group["auto"]
            label = inline(group["label"]) if group["label"] else html.escape(url, quote=False)
            made.append(f'<a href="{html.escape(url)}">{label}</a>')
    made.append(html.escape(source[at:], quote=False))
    return "".join(made)


def markdown(source: str) -> str:
    """A message's text as HTML."""
    made: list[str] = []
    kind = ""
    for raw in [*source.split("\n"), None]:
        now = "" if raw is None else "ul" if raw.startswith("- ") else "blockquote" if raw.startswith("> ") else ""
        if now != kind:
            if kind:
                made.append(f"</{kind}>")
            if now:
                made.append(f"<{now}>")
            kind = now
        if raw is None:
            break
        if now == "ul":
            made.append(f"<li>{inline(raw[2:])}</li>")
        elif now:
            made.append(f"<p>{inline(raw[2:])}</p>")
        elif raw.strip():
            made.append(f"<p>{inline(raw)}</p>")
        else:
            made.append('<div class="gap"></div>')
    return "".join(made)


def message(record: MessageRecord, who: str, *, only_for: str = "", answers: str = "") -> str:
    """A message with everything on it."""
    body = markdown(record.content)
    rows = "".join(_row(row) for row in record.components)
    files = "".join(_file(one) for one in record.attachments)
    above = f'<div class="answers">↰ {html.escape(answers)}</div>' if answers else ""
    below = f'<div class="only">Only {html.escape(only_for)} can see this.</div>' if only_for else ""
    bot = ' <span class="tag">BOT</span>' if who == "safetybot" else ""
    return (
        f'{above}<div class="message"><div class="face {"bot" if bot else ""}">{html.escape(who[:1].upper())}</div>'
        f'<div class="said"><div class="who">{html.escape(who)}{bot}</div>{body}{files}{rows}{below}</div></div>'
    )


def outcome(result: InteractionResult, presser: str) -> str:
    """What came of a press or a command, as whoever pressed sees it."""
    if result.modal is not None:
        return form(result.modal)
    seen = [one for one in (result.message, *result.followups) if one is not None]
    return "".join(message(one, "safetybot", only_for=presser if one.ephemeral else "") for one in seen)


def form(modal: Json) -> str:
    """A form that opened."""
    fields = []
    for component in modal["components"]:
        entry = component["component"]
        hint = f'<div class="hint">{html.escape(component.get("description") or "")}</div>'
        needed = " *" if entry.get("required", True) else ""
        value = html.escape(entry.get("value") or "")
        box = f'<div class="box {"long" if entry.get("style") == 2 else ""}">{value}</div>'
        fields.append(
            f'<div class="field"><div class="label">{html.escape(component["label"])}{needed}</div>{hint}{box}</div>'
        )
    return (
        f'<div class="form"><div class="formtitle">{html.escape(modal["title"])}</div>{"".join(fields)}'
        '<div class="row"><span class="button main">Submit</span></div></div>'
    )


def typed(command: str, who: str) -> str:
    """A command that somebody ran."""
    return f'<div class="typed"><b>{html.escape(who)}</b> used <code>{html.escape(command)}</code></div>'


def proposals(choices: Iterable[Json]) -> str:
    """What the client proposes while somebody types."""
    items = "".join(f"<li>{html.escape(str(one['name']))}</li>" for one in choices)
    return f'<ul class="proposals">{items}</ul>'


def command_list(commands: Sequence[Json], locale: str | None = None) -> str:
    """The commands as the client lists them."""
    made = []
    for name, says in _leaves(commands[0], f"/{commands[0]['name']}", locale):
        made.append(f"<tr><td><code>{html.escape(name)}</code></td><td>{html.escape(says)}</td></tr>")
    for menu in commands[1:]:
        shown = (menu.get("name_localizations") or {}).get(locale) or menu["name"]
        made.append(f"<tr><td>{html.escape(shown)}</td><td>in the menu of a message, under Apps</td></tr>")
    return f'<table class="commands">{"".join(made)}</table>'


def page(chapters: Sequence[Chapter], about: str, platform: str = "Discord") -> str:
    """The whole page."""
    contents = "".join(
        f'<li><a href="#c{number}">{html.escape(chapter.title)}</a></li>' for number, chapter in enumerate(chapters)
    )
    body = "".join(_chapter(number, chapter) for number, chapter in enumerate(chapters))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>safetybot on {platform}: what people see</title><style>{_CSS}</style></head><body><main>"
        f"<h1>safetybot on {platform}: what people see</h1><p>{about}</p><nav><ul>{contents}</ul></nav>{body}"
        "</main></body></html>\n"
    )


def _chapter(number: int, chapter: Chapter) -> str:
    screens = "".join(
        f'<section id="{_slug(one.title)}"><h3>{html.escape(one.title)}</h3><p class="note">{html.escape(one.note)}</p>'
        f'<div class="pane">{"".join(one.parts)}</div></section>'
        for one in chapter.screens
    )
    says = html.escape(chapter.says)
    return f'<h2 id="c{number}">{html.escape(chapter.title)}</h2><p>{says}</p><div class="screens">{screens}</div>'


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _row(row: Json) -> str:
    return f'<div class="row">{"".join(_component(one) for one in row["components"])}</div>'


def _component(one: Json) -> str:
    if one["type"] == 2:
        label = html.escape(one["label"])
        mark = " ↗" if one["style"] == 5 else ""
        return f'<span class="button {_STYLES[one["style"]]}">{label}{mark}</span>'
    options = "".join(
        f"<li><b>{html.escape(option['label'])}</b>"
        + (f"<span>{html.escape(option['description'])}</span>" if option.get("description") else "")
        + "</li>"
        for option in one["options"]
    )
    placeholder = html.escape(one.get("placeholder") or "")
    return f'<details class="menu"><summary>{placeholder}</summary><ul>{options}</ul></details>'


def _file(one: AttachmentRecord) -> str:
    name = html.escape(one.filename)
    if (one.content_type or "").startswith("image/") or one.filename.endswith(".png"):
        data = base64.b64encode(one.data).decode()
        return f'<img alt="{name}" src="data:image/png;base64,{data}">'
    return f'<div class="file">📄 {name} <span>{len(one.data)} bytes</span></div>'


def _leaves(node: Json, name: str, locale: str | None) -> Iterable[tuple[str, str]]:
    below = [option for option in node.get("options") or () if option["type"] in (1, 2)]
    if not below:
        says = (node.get("description_localizations") or {}).get(locale) or node["description"]
        options = "".join(
            f" {option['name']}" if option.get("required") else f" [{option['name']}]"
            for option in node.get("options") or ()
        )
        yield name + options, says
    for option in below:
        word = (option.get("name_localizations") or {}).get(locale) or option["name"]
        yield from _leaves(option, f"{name} {word}", locale)


_CSS = """
:root{--paper:#f4f5f7;--pane:#fff;--ink:#20262d;--soft:#5a6672;--line:#d9dee4;--main:#3d5fd0;--danger:#c22f3d;
--plain:#e4e7ec;--quote:#b9c1ca;--code:#eceff3}
@media (prefers-color-scheme:dark){:root{--paper:#15181d;--pane:#1f242b;--ink:#e6e9ed;--soft:#9aa5b1;--line:#353c45;
--main:#5b7bea;--danger:#d2505c;--plain:#3a424c;--quote:#56606b;--code:#2b323a}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.45 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px}h1{font-size:28px}h2{margin:44px 0 6px;font-size:22px}
h3{margin:0 0 2px;font-size:17px}a{color:var(--main)}nav ul{columns:2;padding-left:20px}
.screens{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(520px,100%),1fr));gap:22px;align-items:start}
.note{margin:0 0 8px;color:var(--soft);font-size:14px}
.pane{background:var(--pane);border:1px solid var(--line);border-radius:10px;padding:14px 16px;overflow-wrap:anywhere}
.message{display:flex;gap:12px;padding:6px 0}.said{min-width:0;flex:1}.who{font-weight:600;margin-bottom:2px}
.face{flex:0 0 36px;height:36px;border-radius:50%;display:grid;place-items:center;background:var(--quote);color:#fff;
font-weight:600}.face.bot{background:var(--main)}
.tag{font-size:10px;background:var(--main);color:#fff;border-radius:4px;padding:1px 4px;vertical-align:2px}
.said p{margin:0}.gap{height:.6em}.said ul:not(.proposals){margin:2px 0;padding-left:22px}
blockquote{margin:2px 0;padding-left:12px;border-left:4px solid var(--quote)}
code{background:var(--code);border-radius:4px;padding:0 4px;font-size:.9em}
.mention{background:color-mix(in srgb,var(--main) 22%,transparent);border-radius:4px;padding:0 3px;font-weight:500}
.row{display:flex;flex-wrap:wrap;gap:8px;margin-top:8px}.button{border-radius:8px;padding:6px 14px;font-size:14px;
font-weight:500;background:var(--plain)}.button.main{background:var(--main);color:#fff}
.button.danger{background:var(--danger);color:#fff}.only,.answers,.typed,.hint{color:var(--soft);font-size:13px}
.only{margin-top:8px}.answers{padding-left:48px}.typed{padding:4px 0 4px 48px}
.menu{border:1px solid var(--line);border-radius:8px;padding:8px 12px;width:100%;max-width:440px}
.menu summary{cursor:pointer;color:var(--soft)}.menu ul{list-style:none;margin:8px 0 0;padding:0}
.menu li{padding:3px 0}.menu li span{display:block;color:var(--soft);font-size:13px}
.form{border:1px solid var(--line);border-radius:10px;padding:14px 16px;max-width:460px;margin:8px 0}
.formtitle{font-weight:600;font-size:18px;margin-bottom:8px}.label{font-weight:600;font-size:14px;margin-top:8px}
.box{border:1px solid var(--line);border-radius:6px;min-height:38px;padding:7px 10px;margin-top:4px}
.box.long{min-height:84px}
.file{border:1px solid var(--line);border-radius:8px;padding:8px 12px;margin-top:8px;display:inline-block}
.file span{color:var(--soft);font-size:13px}img{max-width:100%;border-radius:8px;margin-top:8px}
.commands{border-collapse:collapse;width:100%;font-size:14px}.commands td{border-top:1px solid var(--line);
padding:5px 8px 5px 0;vertical-align:top}.proposals{list-style:none;padding:6px 12px;margin:4px 0 4px 48px;
border:1px solid var(--line);border-radius:8px}
"""
