"""The wrong answers of an evaluation as one HTML page that asks the network for nothing.

Lives here: what went wrong with each message, in a word, and the page. Does not live here: figures (`evaluation.py`).
The page holds the messages' texts: it is meant for labelled corpora, not for members' messages.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from safetybot.evaluation import LABELS, Judged, Report
from safetybot.model import Hit

_MAX_CHARS = 4_000
"""Longer texts are cut, so that the page stays light; the cut is shown."""
_FILTERS = ("truth", "said", "language", "tag", "cause", "corpus")


def cause_of(item: Judged) -> str:
    """What went wrong with a wrong answer: where in the detector the message was lost, or what it was taken for."""
    if item.truth.label == "none":
        return "false alarm"
    if item.said != "none":
        return "wrong concern"
    if not item.assessment.hits and not item.truth.thread:
        return "no term found"
    # The gate gives no probability, so what it keeps out is answered with full confidence.
    return "kept out by the gate" if item.assessment.confidence == 1.0 else "below the threshold"


def error_page(result: Report, wrong: Sequence[Judged]) -> str:
    """The page: figures, filters, and every message of `wrong` with its hits in place and why it was answered so.

    Args:
        result: The evaluation that the answers come from.
        wrong: The wrong answers in the order in which they are shown, assessed with `explain`.
    """
    overall = result.overall
    options = "".join(_filter(name, values) for name, values in _values(wrong).items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{_digest(_STYLE)}'; \
script-src '{_digest(_SCRIPT)}'; base-uri 'none'; form-action 'none'">
<title>Wrong answers</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>Wrong answers</h1>
<p>{len(wrong)} of {overall.messages} messages; macro-F1 {overall.macro_f1:.3f}, any concern: precision \
{overall.concern_precision:.3f}, recall {overall.concern_recall:.3f}.</p>
<form>{options}<label>text <input type="search" name="text"></label></form>
<p role="status" id="shown">{len(wrong)} shown</p>
</header>
<main>
{"".join(_article(item) for item in wrong)}</main>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def marked(text: str, hits: Iterable[Hit]) -> str:
    """`text` as HTML with each hit in a `mark`; of two that overlap the first and longest is shown."""
    out: list[str] = []
    position = 0
    for hit in sorted(hits, key=lambda hit: (hit.span.start, -hit.span.end)):
        if hit.span.start < position or hit.span.end > _MAX_CHARS:
            continue
        tells = f"{hit.concept}: {hit.term} ({hit.language}, {hit.strength}, {hit.path})"
        out.append(_visible(text[position : hit.span.start]))
        inner = _visible(text[hit.span.start : hit.span.end])
        out.append(f'<mark class="{escape(str(hit.strength))}" title="{escape(tells)}">{inner}</mark>')
        position = hit.span.end
    out.append(_visible(text[position:_MAX_CHARS]))
    if len(text) > _MAX_CHARS:
        out.append(f"<i>… {len(text) - _MAX_CHARS} more characters</i>")
    return "".join(out)


# --- inside -----------------------------------------------------------------------------------------------


def _values(wrong: Sequence[Judged]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {name: Counter() for name in _FILTERS}
    for item in wrong:
        for name, values in _keys(item).items():
            found[name].update(values)
    return found


def _keys(item: Judged) -> dict[str, tuple[str, ...]]:
    truth = item.truth
    return {
        "truth": (truth.label,),
        "said": (item.said,),
        "language": (truth.language,),
        "tag": truth.tags or ("(no tag)",),
        "cause": (cause_of(item),),
        "corpus": (truth.corpus,),
    }


def _filter(name: str, values: Counter[str]) -> str:
    order = LABELS if name in ("truth", "said") else sorted(values)
    options = "".join(
        f'<option value="{escape(_clean(value))}">{_visible(value)} ({values[value]})</option>'
        for value in order
        if values[value]
    )
    return f'<label>{name} <select name="{name}"><option value="">all</option>{options}</select></label>\n'


def _article(item: Judged) -> str:
    truth, answer = item.truth, item.assessment
    # Tags are kept one a line, so that a tag is never taken for a part of another.
    data = " ".join(f'data-{name}="{escape(_clean(chr(10).join(values)))}"' for name, values in _keys(item).items())
    earlier = "".join(f"<li dir=auto>{_visible(line[:_MAX_CHARS])}</li>" for line in truth.thread)
    thread = f"<ol>{earlier}</ol>" if earlier else ""
    lines = [f"<li>{escape(rule.rule)}: {escape(rule.says)}</li>" for rule in answer.rules]
    lines += [f"<li>nearly {escape(near.rule)} ({near.concern.label}): {escape(near.why_not)}</li>"
              for near in answer.near_misses]  # fmt: skip
    weights = ", ".join(f"{_visible(item.feature)} {item.weight:+.2f}" for item in answer.features)
    if weights:
        lines.append(f"<li>weighed most: {weights}</li>")
    why = f"<details><summary>why</summary><ul>{''.join(lines)}</ul></details>" if lines else ""
    tags = f" · {_visible(', '.join(truth.tags))}" if truth.tags else ""
    return f"""<article {data}>
<h2><b class="{truth.label}">{truth.label}</b> answered as <b class="{item.said}">{item.said}</b>, \
{answer.confidence:.2f} sure</h2>
{thread}<p dir=auto>{marked(truth.text, answer.hits)}</p>
{why}<footer>{_visible(f"{truth.corpus} {truth.id} · {truth.language}")} · {cause_of(item)}{tags}</footer>
</article>
"""


def _visible(text: str) -> str:
    """Escaped; characters that show nothing or turn the direction of writing are spelt out."""
    return "".join(_show(char) for char in text)


def _show(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cf", "Cs", "Co") or (category == "Cc" and char not in "\n\t"):
        return f"<i>U+{ord(char):04X}</i>"
    return escape(char)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


_STYLE = """
:root { color-scheme: light dark; --line: #8886; --faint: light-dark(#555, #aaa); }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 0 1rem 4rem; }
header { position: sticky; top: 0; background: Canvas; border-bottom: 1px solid var(--line); padding: .5rem 0; }
h1 { font-size: 1.25rem; margin: 0; } h2 { font-size: .9rem; font-weight: normal; margin: 0; }
header p { margin: .25rem 0; color: var(--faint); }
form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; }
label { font-size: .85rem; } select, input { font: inherit; max-width: 11rem; }
article { border-bottom: 1px solid var(--line); padding: 1rem 0; } article[hidden] { display: none; }
article p { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0; font-size: 1.05rem; }
ol { list-style: none; margin: .4rem 0; padding-left: .8rem; border-left: 3px solid var(--line); color: var(--faint); }
ol li { white-space: pre-wrap; overflow-wrap: anywhere; }
mark { background: light-dark(#ffe9a8, #5c4a00); color: inherit; border-radius: 2px; }
mark.strong { background: light-dark(#ffc58a, #7a3d00); }
i { font-size: .7em; opacity: .7; border: 1px solid var(--line); border-radius: 3px; padding: 0 .2em; }
footer, details { font-size: .85rem; color: var(--faint); }
b { padding: 0 .35em; border-radius: 3px; border: 1px solid var(--line); }
b.adverse { border-color: #c33; } b.diy { border-color: #c70; } b.supply { border-color: #77c; }
@media (max-width: 40rem) { header { position: static; } }
"""

_SCRIPT = """
const form = document.querySelector("form"), articles = [...document.querySelectorAll("article")];
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("input", () => {
  const wanted = [...new FormData(form)].filter(([, value]) => value);
  let shown = 0;
  for (const article of articles) {
    const fits = wanted.every(([name, value]) => name === "text"
      ? article.textContent.toLowerCase().includes(value.toLowerCase())
      : article.dataset[name].split("\\n").includes(value));
    article.hidden = !fits;
    shown += fits;
  }
  document.getElementById("shown").textContent = shown + " shown";
});
"""
