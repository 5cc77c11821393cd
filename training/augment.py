"""Messages in conversations that the corpora lack: made by putting real lines together, never by writing new ones.

Labelled messages mostly stand alone, ordinary ones always do, so a model would learn that having a thread at all means
trouble. Seven kinds are added, each label following from how it is made:

1. an ordinary message after ordinary lines: none;
2. an ordinary message after talk of the topic: none (the talk has moved on);
3. a labelled message after ordinary lines: its own label;
4. a labelled message after talk of the topic that is not its own thread, up to five lines of it, chat in between: its
   own label. Where many talk of the topic, a message that is plainly of concern must stay so;
5. a labelled message told in two: what it begins with as an earlier line, its end as the message, if the end says
   something by itself: its own label, since whoever reads the end has read the beginning;
6. the parts in which the bot reads a long text, of messages labelled none: none;
7. an everyday reply after talk of the topic: none. The only texts that are written here: greetings, thanks, laughter,
   small talk.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from safetybot.detection.parts import parts_of
from training.data import Row


def conversations(labelled: Sequence[Row], ordinary: Sequence[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """Further labelled and further ordinary rows; each keeps its group, so that it stays in its fold.

    Args:
        labelled: The labelled messages.
        ordinary: Ordinary messages; may be empty, then only kind 4 is made.
        seed: The same seed and rows give the same result.
    """
    chance = random.Random(seed)  # noqa: S311  # no secret
    alone = [row for row in labelled if not row.thread]
    topical = [row.text for row in alone if row.label is not None]
    plain = [row.text for row in ordinary if len(row.text) < 300]

    def earlier(lines: Sequence[str]) -> tuple[str, ...]:
        return tuple(chance.choice(lines)[:300] for _ in range(chance.choice((1, 1, 2, 2, 3, 5))))

    more_labelled: list[Row] = []
    for row in alone:
        if plain and chance.random() < 0.5:
            more_labelled.append(replace(row, thread=earlier(plain), source=f"{row.source}+chat"))
        if topical and chance.random() < (0.5 if row.label is not None else 0.25):
            lines = [
                chance.choice(topical if not plain or chance.random() < 0.6 else plain)[:300]
                for _ in range(chance.choice((1, 1, 2, 3, 4, 5)))
            ]
            more_labelled.append(replace(row, thread=tuple(lines), source=f"{row.source}+topic"))
    more_ordinary: list[Row] = []
    for row in ordinary:
        if chance.random() < 0.5:
            more_ordinary.append(replace(row, thread=earlier(plain), source=f"{row.source}+chat"))
        if topical and chance.random() < 0.6:
            # Some in a channel where the topic comes up, some where it is all the talk.
            around = earlier(plain) if chance.random() < 0.6 else earlier(topical)
            lines = [*around, chance.choice(topical)[:300]]
            chance.shuffle(lines)
            more_ordinary.append(replace(row, thread=tuple(lines), source=f"{row.source}+topic"))
    return more_labelled, more_ordinary


def told_in_two(labelled: Sequence[Row], speaks: Callable[[str], bool]) -> Iterator[Row]:
    """The rows of kind 5.

    Args:
        labelled: The labelled messages.
        speaks: Whether a text holds a sign of the topic, a body, a person, a trade or a symptom.
    """
    for row in labelled:
        sentences = [part for part in _SENTENCE_END.split(row.text) if part.strip()]
        if row.thread or len(sentences) < 2:
            continue
        beginning, end = " ".join(sentences[:-1]), sentences[-1]
        if len(end) < 12 and len(sentences) > 2:
            beginning, end = " ".join(sentences[:-2]), " ".join(sentences[-2:])
        if len(beginning) <= _LONGEST and len(end) <= _LONGEST and speaks(end):
            yield replace(row, text=end, thread=(beginning,), source=f"{row.source}+split")


def in_parts(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows of kind 6."""
    for row in rows:
        if row.label is None:
            for start, end in parts_of(row.text):
                yield replace(row, text=row.text[start:end], source=f"{row.source}+part")


def everyday_replies(labelled: Sequence[Row], seed: int) -> Iterator[Row]:
    """The rows of kind 7: each reply after some lines of the topic, in any language, since people mix them."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    topical = [row.text[:_LONGEST] for row in labelled if row.label is not None and not row.thread]
    for reply in _REPLIES.split("; "):
        for number in range(_TIMES):
            lines = tuple(chance.choice(topical) for _ in range(chance.choice((1, 1, 2, 3))))
            name = f"{reply}-{number}"
            yield Row(name, reply, lines, "und", None, ("thread",), f"reply:{name}", "replies+topical", ordinary=True)


_TIMES = 40
_REPLIES = (
    "hi; hello; hey; hey all; hi everyone; good morning; morning all; gm; "
    "good night; gn; night; lol; lmao; haha; hahaha; 😂; 💀; ok; okay; k; cool; "
    "nice; wow; omg; damn; bro; huh; thanks; thank you; ty; thx; cheers; "
    "congrats; brb; back; afk; pizza's here; dinner time; gotta go; see you; bye; "
    "later; who's online; anyone up for a game; what time is it; "
    "sorry wrong chat; nvm; never mind; mood; hola; "
    "gracias; jaja; bonjour; merci; salut; hallo; danke; guten morgen; ciao; "
    "grazie; buongiorno; olá; obrigado; bom dia; kkkk; hoi; bedankt; cześć; "
    "dzięki; merhaba; teşekkürler; günaydın; привет; спасибо; доброе утро; ахаха; "
    "привіт; дякую; مرحبا; شكرا; صباح الخير; 안녕; 감사합니다; ㅋㅋㅋ; こんにちは; ありがとう; おはよう; "
    "笑; 你好; 谢谢; 哈哈; 早上好; "
    "this level is so hard; three tries and still dead; two more wins and I'm gold; my ping is awful tonight; "
    "need 10 more coins; who's got the notes from tuesday; exam at 9 wish me luck; the bus is late again; "
    "raining again; my cat knocked my tea over; what's everyone having for dinner; just got home; "
    "traffic is a nightmare; my phone died; can't sleep; monday again; gg; that ending though; "
    "finished season 2 last night; book 3 is the best one; new episode drops friday; we lost 3-1; my team is hopeless; "
    "new headphones arrived; my laptop is so slow; any good playlists; page 40 and nothing has happened; "
    "the gym was packed; half price pizza tonight; my train is 20 minutes late; weekend plans anyone; "
    "that meme killed me; this song slaps; server is down again"
)
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])\s*(?=\S)(?![.!?…。！？])|\n+")
_LONGEST = 300
