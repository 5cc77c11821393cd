"""What a use case refused, told to who asked: what, why, and what to do, in their language.

Lives here: the words for each refusal that people meet in a chat. Does not live here: refusing (`communities/`, the
store). A refusal that is not listed is told as the use case says it, in English: better than nothing.
"""

from __future__ import annotations

from safetybot.chat.text import Line, RichText, code, line, text
from safetybot.communities.access import Refused
from safetybot.communities.errors import ChangedMeanwhile, CommunityError, NothingStands, NotThere
from safetybot.communities.keyword_checks import MOST_KEYWORDS, NotInLexicon, UnknownConcept
from safetybot.communities.keywords import KnownKeyword, NoSuchKeyword, NothingToTry, TooBroad, TooManyKeywords
from safetybot.communities.review import ReasonNeeded
from safetybot.communities.setting_list import SETTINGS, UnknownSetting, UnusableValue, setting, to_text
from safetybot.communities.settings import CommunityOnly
from safetybot.communities.trying import NothingTyped
from safetybot.translation import Texts, marked

_ROLES = {
    "viewer": marked("viewer"),
    "moderator": marked("moderator"),
    "admin": marked("admin"),
    "operator": marked("operator"),
}
_SIMPLE: dict[type[CommunityError], str] = {
    NothingStands: marked("There is no change left to take back."),
    NotThere: marked("That is no longer there: it was deleted, or its time was over."),
    NothingTyped: marked("There is nothing to try yet. Write a message after the command, or press the button."),
    ReasonNeeded: marked("A false alarm needs a reason: it is what the next moderator goes by. Say it in a few words."),
}


class GoneKeyword(CommunityError):
    """The keyword that a button is about is not there any more."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("that keyword is no longer there; the list shows what there is")


class Missing(CommunityError):
    """A command was given without what it needs."""

    def __init__(self, option: str, example: str) -> None:
        """Keep the option's name and how the command is written in full."""
        super().__init__(f"`{option}` is missing; for example: {example}")
        self.option, self.example = option, example


class Unfit(CommunityError):
    """An option holds something that it cannot hold."""

    def __init__(self, option: str, given: str, choices: tuple[str, ...]) -> None:
        """Keep the option, what was given, and what there is."""
        super().__init__(f"`{option}` cannot be {given!r}: give one of {', '.join(choices)}")
        self.option, self.given, self.choices = option, given, choices


def role_name(said: Texts, label: str) -> str:
    """A role as people read it."""
    return said.say(_ROLES[label])


def refusal(said: Texts, error: CommunityError) -> RichText:
    """The refusal in words."""
    for kind, message in _SIMPLE.items():
        if isinstance(error, kind):
            return text(said.say(message))
    found = _of_keywords(said, error) or _of_settings(said, error) or _of_calls(said, error)
    if found:
        return text(found)
    words = str(error)
    return text(words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else "."))


def _of_calls(said: Texts, error: CommunityError) -> tuple[Line, ...]:
    say = said.say
    if isinstance(error, Refused):
        role = role_name(said, error.right.least.label)
        return (line(say("You may not do that here. It needs the role: {role}.", role=role)),)
    if isinstance(error, Missing):
        return (
            line(say("{option} is missing.", option=error.option)),
            line(say("For example:"), " ", code(error.example)),
        )
    if isinstance(error, Unfit):
        return (
            line(say("{given} does not fit {option}.", given=error.given, option=error.option)),
            line(say("It can be: {choices}.", choices=", ".join(error.choices))),
        )
    if isinstance(error, ChangedMeanwhile):
        return _meanwhile(said, error)
    return ()


def _meanwhile(said: Texts, error: ChangedMeanwhile) -> tuple[Line, ...]:
    newer = error.newer
    head = line(said.say("Somebody was faster, so nothing was changed. Look at it again, then decide."))
    if newer is None:
        return (head,)
    by = said.say("{who} changed it on {when} (UTC).", who=newer.by, when=f"{newer.at:%Y-%m-%d %H:%M}")
    return head, line(by)


def _of_keywords(said: Texts, error: CommunityError) -> tuple[Line, ...]:
    say = said.say
    if isinstance(error, NoSuchKeyword):
        return (line(say("There is no keyword {term} here. The list shows what there is.", term=error.term)),)
    if isinstance(error, GoneKeyword):
        return (line(say("That keyword is no longer there. The list shows what there is.")),)
    if isinstance(error, KnownKeyword):
        term = error.listed.keyword.term
        return (line(say("{term} is a keyword already. Choose it in the list to change it.", term=term)),)
    if isinstance(error, TooManyKeywords):
        return (
            line(say("There is no room: a community may have {number} keywords.", number=MOST_KEYWORDS)),
            line(say("Retired ones count too; take up one of those again, or edit one.")),
        )
    if isinstance(error, TooBroad):
        found = error.preview
        return (
            line(
                say(
                    "{term} would answer about 1 in {number} ordinary messages: too broad.",
                    term=found.keyword.term, number=found.ordinary.one_in,
                )
            ),
            line(say("Make it longer, try it in shadow, or switch it on all the same.")),
        )  # fmt: skip
    if isinstance(error, NothingToTry):
        term = error.keyword.term
        return (line(say("{term} takes something away, so there is nothing to watch in shadow.", term=term)),)
    if isinstance(error, UnknownConcept):
        return (line(say("There is no concept {concept}. Choose one of the list.", concept=error.concept)),)
    if isinstance(error, NotInLexicon):
        near = ", ".join(error.found_by)
        head = line(say("The packaged word list does not hold {term}.", term=error.term))
        return (head, line(say("What finds it is: {terms}.", terms=near))) if near else (head,)
    return ()


def _of_settings(said: Texts, error: CommunityError) -> tuple[Line, ...]:
    say = said.say
    if isinstance(error, UnknownSetting):
        return (line(say("There is no setting {key}. There are: {keys}.", key=error.key, keys=", ".join(SETTINGS))),)
    if isinstance(error, UnusableValue):
        one = setting(error.key)
        return (
            line(say("{key} cannot be {value}.", key=error.key, value=to_text(error.value))),
            line(error.reason),
            line(say("For example:"), " ", code(one.example)),
        )
    if isinstance(error, CommunityOnly):
        return (line(say("{key} holds for the whole community. Set it without a channel.", key=error.key)),)
    return ()
