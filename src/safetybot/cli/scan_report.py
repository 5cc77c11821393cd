"""The HTML report of `safetybot scan`: one self-contained page, no script, no outside request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from safetybot.dry_run import Count, DryOutcome, Tally
from safetybot.model import Hit

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --accent: #0b7285; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 600; padding: 1.25rem 0 .5rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem 1rem; margin: .75rem 0; }
article p { margin: .25rem 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.meta { opacity: .75; font-size: .9rem; }
mark { background: #ffe06688; color: inherit; border-bottom: 2px solid var(--accent); }
.bar { display: inline-block; height: .7em; background: var(--accent); vertical-align: baseline; }
"""


def html_report(name: str, tally: Tally, *, with_texts: bool) -> str:
    """The whole page. `name` is the export's file name; texts of members are escaped wherever they stand.

    Args:
        name: What was scanned.
        tally: The counts and the outcomes of concern.
        with_texts: Whether the messages found are shown; without them the page holds counts only.
    """
    found = f"{tally.messages} messages, {tally.of_concern} of concern, {tally.replies} replies, {tally.alerts} alerts"
    tables = (("Concern", tally.by_concern), ("Channel", tally.by_channel), ("Day", tally.by_day))
    body = [
        f"<h1>What safetybot would have done with {escape(name)}</h1>",
        f"<p>{found}. Nothing was sent.</p>",
        *(_counts(title, counts) for title, counts in tables),
    ]
    if with_texts and tally.found:
        body.append(f"<h2>The messages found ({len(tally.found)} of {tally.of_concern})</h2>")
        body += [_message(outcome) for outcome in tally.found]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Scan of {escape(name)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def _counts(title: str, counts: Mapping[str, Count]) -> str:
    most = max((count.found for count in counts.values()), default=1) or 1
    rows = "".join(
        f"<tr><th scope=row>{escape(key)}</th><td class=n>{count.found}</td><td class=n>{count.replies}</td>"
        f"<td class=n>{count.alerts}</td>"
        f'<td><span class=bar style="width:{8 * count.found / most:.2f}rem"></span></td></tr>'
        for key, count in sorted(counts.items())
    )
    return (
        f"<table><caption>By {title.lower()}</caption><thead><tr><th scope=col>{title}</th>"
        "<th scope=col class=n>Found</th><th scope=col class=n>Replies</th><th scope=col class=n>Alerts</th>"
        f"<td></td></tr></thead><tbody>{rows}</tbody></table>"
    )


def _message(outcome: DryOutcome) -> str:
    message, assessment, decision = outcome.message, outcome.assessment, outcome.decision
    reasons = "; ".join(decision.reasons) if decision else ""
    rule = assessment.rules[0].says if assessment.rules else ""
    when = message.sent_at.strftime("%Y-%m-%d %H:%M")
    return (
        f"<article><p class=meta>{escape(when)} · {escape(message.place.channel)} · "
        f"<strong>{assessment.label}</strong> ({assessment.confidence:.0%})</p>"
        f"<p>{_marked(message.text, assessment.telling)}</p>"
        f"<p class=meta>{escape(rule)} {escape(reasons)}</p></article>"
    )


def _marked(text: str, hits: Sequence[Hit]) -> str:
    """`text` escaped, with its hits marked."""
    out: list[str] = []
    position = 0
    for start, end in _ranges(hits):
        out += [escape(text[position:start]), "<mark>", escape(text[start:end]), "</mark>"]
        position = end
    return "".join([*out, escape(text[position:])])


def _ranges(hits: Sequence[Hit]) -> Iterable[tuple[int, int]]:
    """The hits' spans, overlapping ones made one."""
    merged: list[list[int]] = []
    for span in sorted((hit.span.start, hit.span.end) for hit in hits):
        if merged and span[0] <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], span[1])
        else:
            merged.append(list(span))
    return [(start, end) for start, end in merged]
