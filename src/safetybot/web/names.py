"""The names of states, verdicts, reasons, roles, modes and settings, in the reader's language.

Lives here: the English of each as use cases write it, marked for the catalogs. Does not live here: choosing a language
(`texts.py`). What is not listed, from an older version's log or from a rule or setting added to it, stays as it is.
"""

from __future__ import annotations

from safetybot.communities.keyword import Keyword, Override
from safetybot.model import Concern, Strength
from safetybot.web.texts import gettext, marked

_NAMES = (
    # concerns and levels
    marked("mention"), marked("supply"), marked("diy"), marked("adverse"), marked("days"), marked("today"),
    marked("emergency"),
    # states of interactions and of keywords
    marked("planned"), marked("sending"), marked("sent"), marked("suppressed"), marked("failed"), marked("unknown"),
    marked("draft"), marked("shadow"), marked("live"), marked("retired"),
    # roles
    marked("viewer"), marked("moderator"), marked("admin"), marked("operator"),
    # modes, values, and where a value comes from
    marked("off"), marked("alert"), marked("reply"), marked("reply+alert"), marked("on"), marked("none"),
    marked("from default"), marked("from community"), marked("from channel"),
    # how a hit was found, what is doubtful about a keyword
    marked("exact"), marked("folded"), marked("fuzzy"), marked("covered"), marked("conflict"), marked("overlap"),
    marked("short"), marked("wide"), marked("common"), marked("no effect"),
    # reasons of decisions
    marked("policy asks for a reply"), marked("policy asks for an alert"), marked("nothing of concern"),
    marked("switched off for this concern"), marked("shadow: decided, not sent"),
    marked("below the confidence asked for"), marked("exempt channel"), marked("author has an exempt role"),
    marked("author is a bot"), marked("author opted out"), marked("this message was handled before"),
    marked("on cooldown in this channel"), marked("on cooldown for this author"),
    # settings: what they mean, what they may hold
    marked("Channels and threads in which the bot neither acts nor logs."),
    marked("Members with one of these roles are neither answered nor logged."),
    marked(
        "Rules that are only watched: what rests on nothing else is logged, and nothing is sent. "
        "`review precision` and `review rates` name rules and tell how they fare."
    ),
    marked("Answer in this language, whatever the message's; none: in the message's own."),
    marked("Whose emergency number replies name; none: the line that fits everywhere."),
    marked("An emergency line of your own; wins over the region."),
    marked(
        "Whether an encrypted excerpt of each message is kept for reviewers. Switching it off keeps "
        "those that there are until they expire; `privacy excerpts off` deletes them too."
    ),
    marked("Where moderators are told; none: nowhere, alerts wait in the review queue."),
    marked("How long interactions are kept."), marked("How long excerpts are kept."),
    marked("off, shadow (log only), alert (moderators only), reply, reply+alert"),
    marked("a number and a unit, up to 3650d; 0s for none"), marked("0 (always) to 1 (only when certain)"),
    marked("ids of up to 500 channels, with commas between"), marked("ids of up to 500 roles, with commas between"),
    marked("names of up to 500 rules, with commas between"), marked("two or three small letters"),
    marked("an ISO 3166 code, two capital letters"), marked("1 to 80 characters"), marked("on or off"),
    marked("the id of a channel, a group, or `admins` for private messages where the platform has them"),
    marked("1h or more, at most what the operator keeps"),
)  # fmt: skip
AUDIT_ACTIONS = (
    marked("setting changed"), marked("setting undone"), marked("keyword changed"), marked("keyword undone"),
    marked("verdict"), marked("note"), marked("excerpt read"), marked("member data read"), marked("opted out"),
    marked("opted in"), marked("erase author"), marked("erase message"), marked("erase excerpts"),
    marked("erase community"), marked("purge"), marked("rate alarm"), marked("web link made"), marked("signed in"),
    marked("signed out"), marked("session ended"), marked("api token made"), marked("api token revoked"),
    marked("webhook set"), marked("webhook removed"),
)  # fmt: skip
"""What the audit tells of, as it is written there."""
_VERDICTS = {"confirmed": marked("Right"), "false_alarm": marked("False alarm"), "handled": marked("Handled")}
_OF_CONCERNS = (
    marked("What is done about %(concern)s."),
    marked("At most one reply about %(concern)s per channel in this time."),
    marked(
        "At most one reply about %(concern)s per channel in this time. "
        "An emergency is never held back by the channel's."
    ),
    marked("At most one reply about %(concern)s per member in this time."),
    marked("Act on %(concern)s only from this confidence on."),
)
_TEXTS = {text: (text, "") for text in (*_NAMES, *AUDIT_ACTIONS)} | {
    text % {"concern": concern.label}: (text, concern.label) for text in _OF_CONCERNS for concern in Concern
}
"""By the English that a use case says: the text of the catalogs, and the concern to put into it."""


def known(says: str) -> bool:
    """Whether `says` is listed here."""
    return says in _TEXTS or says in _VERDICTS


def named(says: str) -> str:
    """A name, or a sentence about a setting, in the reader's language; as it is where it is not listed here."""
    if says in _VERDICTS:
        return gettext(_VERDICTS[says])
    text, concern = _TEXTS.get(says, ("", ""))
    if not text:
        return says
    return gettext(text) % {"concern": named(concern)} if concern else gettext(text)


def bound_to(keyword: Keyword) -> str:
    """What a keyword is bound to, in a few words."""
    if keyword.concept is not None:
        text = marked("concept %(name)s, weak") if keyword.strength is Strength.WEAK else marked("concept %(name)s")
        return gettext(text) % {"name": keyword.concept}
    if keyword.concern is not None:
        return gettext(marked("concern %(name)s")) % {"name": named(keyword.concern.label)}
    if keyword.allowed:
        return gettext(marked("allowed phrase"))
    if keyword.override is Override.OFF:
        return gettext(marked("term of the lexicon, switched off here"))
    return gettext(marked("term of the lexicon, weak here"))
