"""Changing keywords in the chat: adding, binding to something else, moving along its life, taking back.

Lives here: these commands, buttons and forms. Does not live here: what stands in the way (`communities/keywords.py`)
and how a keyword is shown (`keyword_screens.py`), where every change ends.

Whoever was slower than somebody else, or is about to switch on something too broad, gets the keyword's screen with the
reason on top and the buttons that fit.
"""

from __future__ import annotations

from dataclasses import replace

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Choice, Field, FormToFill, Menu
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command, Option, OptionKind
from safetybot.chat.keyword_screens import (
    ADD,
    BIND,
    FORCE,
    MOVE,
    ONE,
    TERM,
    UNDO,
    by_id,
    complete_terms,
    keyword_list,
    keyword_screen,
    typed_term,
    which_keyword,
)
from safetybot.chat.keyword_words import change_line, state_name, warning_lines
from safetybot.chat.names import concern_name
from safetybot.chat.refusals import Missing, Unfit, refusal
from safetybot.chat.screens import KEYWORDS, back, form, phrase_line, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Line, code, line, text
from safetybot.communities.access import Right, require
from safetybot.communities.errors import ChangedMeanwhile
from safetybot.communities.keyword import Keyword, KeywordState, Listed
from safetybot.communities.keyword_checks import MOST_CHARS
from safetybot.communities.keywords import Entered, KnownKeyword, TooBroad
from safetybot.model import Concern, Strength
from safetybot.translation import marked

_FORM, _SAVE, _BOUND = "kw.form", "kw.save", "kw.bind"
_CONCERN, _CONCEPT, _WEAK, _ALLOW = "a", "c", "w", "n"
"""Short, as a button on Telegram has to carry them beside a concept, a version and a group."""
CONCERNS = tuple(concern.label for concern in Concern)
_STRENGTHS = tuple(strength.value for strength in Strength)


# --- what a keyword is for --------------------------------------------------------------------------------


def _for_what(services: Services, caller: Caller, head: tuple[Line, ...], action: str, *first: str) -> Answer:
    """Asks what a keyword stands for; each choice does `action` with `first`, a kind and a value."""
    said = caller.texts
    concerns = [
        Button(concern_name(said, concern), Action(action, (*first, _CONCERN, concern.label))) for concern in Concern
    ]
    allow = Button(said.say("Allow it: it means something else here"), Action(action, (*first, _ALLOW, "")))
    choices = tuple(
        Choice(concept, Action(action, (*first, _CONCEPT, concept)), meaning)
        for concept, meaning in services.keywords.lexicon.concepts.items()
    )
    lines = [
        *head,
        line(said.say("What does it stand for? A concern makes every message with it one of that kind.")),
        line(said.say("As one more word for a concept it counts together with others, as the packaged words do.")),
    ]
    menu = Menu(said.say("One more word for a concept"), choices[:25])
    way_back = back(said, ONE, first[0]) if first else back(said, KEYWORDS)
    return screen(text(lines), concerns, [allow], [way_back], menu=menu)


def _bound(term: str, state: KeywordState, kind: str, value: str) -> Keyword:
    if kind == _CONCERN:
        return Keyword(term, state, concern=Concern[value.upper()])
    if kind == _ALLOW:
        return Keyword(term, state, allowed=True)
    return Keyword(term, state, concept=value, strength=Strength.WEAK if kind == _WEAK else Strength.STRONG)


def _given(arguments: Arguments) -> tuple[str, str] | None:
    """Kind and value of what a command was given, None where nothing was. Raises `Unfit`."""
    concern, concept = str(arguments.get("concern", "")).lower(), str(arguments.get("concept", ""))
    strength = str(arguments.get("strength", "")).lower()
    if strength and strength not in _STRENGTHS:
        raise Unfit("strength", strength, _STRENGTHS)
    if concern and concern not in CONCERNS:
        raise Unfit("concern", concern, CONCERNS)
    given = [
        *([(_CONCERN, concern)] if concern else []),
        *([(_WEAK if strength == Strength.WEAK else _CONCEPT, concept)] if concept else []),
        *([(_ALLOW, "")] if arguments.get("allow") is True else []),
    ]
    if len(given) > 1:
        raise Unfit("concern, concept, allow", str(len(given)), ("1",))
    return given[0] if given else None


# --- adding -----------------------------------------------------------------------------------------------


async def _add_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
    if not str(arguments.get("term", "")).strip():
        return _for_what(services, caller, (), _FORM)
    given = _given(arguments)
    # Without a meaning it becomes a draft of the mildest one, which does nothing, and the screen asks.
    kind, value = given or (_CONCERN, Concern.MENTION.label)
    term, force = typed_term(arguments), arguments.get("force") is True
    return await _add(services, caller, _bound(term, _first_state(kind), kind, value), ask=given is None, force=force)


async def _add(
    services: Services, caller: Caller, keyword: Keyword, *, ask: bool = False, force: bool = False
) -> Answer:
    said, here = caller.texts, where(caller)
    try:
        entered = await services.keywords.add(caller.actor, *here, keyword, force=force)
    except KnownKeyword as known:
        return await keyword_screen(services, caller, known.listed, refusal(said, known).lines)
    listed = Listed(entered.keyword, entered.change.version)
    if ask:
        head = (
            phrase_line(said, marked("{term} is a draft now and does nothing yet."), term=code(entered.keyword.term)),
            *warning_lines(said, entered.warnings),
            Line(),
        )
        return _for_what(services, caller, head, _BOUND, listed.keyword.id, str(listed.version))
    return await keyword_screen(services, caller, listed, (_told(caller, entered),), look=True)


def _first_state(kind: str) -> KeywordState:
    """What watches begins as a draft; a phrase is allowed at once, as it can only take something away."""
    return KeywordState.LIVE if kind == _ALLOW else KeywordState.DRAFT


def _told(caller: Caller, entered: Entered) -> Line:
    return phrase_line(
        caller.texts, marked("{term} is noted: {state}."), term=code(entered.keyword.term),
        state=state_name(caller.texts, entered.keyword.state),
    )  # fmt: skip


async def _new(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
    return _for_what(services, caller, (), _FORM)


async def _ask_term(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    say = caller.texts.say
    require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
    field = Field(
        "term", say("The keyword"), most=MOST_CHARS, hint=say("A * at its end or beginning stands for any letters.")
    )
    return form(FormToFill(say("Add a keyword"), Action(_SAVE, arguments), (field,)))


async def _save(services: Services, caller: Caller, arguments: tuple[str, ...], values: FormValues) -> Answer:
    kind, value = arguments
    term = values.get("term", "").strip()
    if not term:
        raise Missing("term", "glow party")
    return await _add(services, caller, _bound(term, _first_state(kind), kind, value))


# --- changing ---------------------------------------------------------------------------------------------


async def _edit_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    term, given = typed_term(arguments), _given(arguments)
    if not term:
        require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
        return await which_keyword(services, caller)
    known = await services.keywords.get(caller.actor, *where(caller), term)
    if given is None:
        require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
        return _binding(services, caller, known)
    return await _rebind(services, caller, known, *given, force=arguments.get("force") is True)


async def _rebind(
    services: Services, caller: Caller, known: Listed, kind: str, value: str, *, force: bool = False
) -> Answer:
    wanted = _bound(known.keyword.term, known.keyword.state, kind, value)
    if wanted.state is KeywordState.SHADOW and not wanted.watches:
        wanted = replace(wanted, state=KeywordState.DRAFT)  # there is nothing to watch in shadow any more
    try:
        entered = await services.keywords.edit(
            caller.actor, *where(caller), wanted, expected=known.version, force=force
        )
    except (TooBroad, ChangedMeanwhile) as error:
        return await _again(services, caller, known, error)
    return await _changed(services, caller, known, entered)


def _binding(services: Services, caller: Caller, known: Listed) -> Answer:
    said, keyword = caller.texts, known.keyword
    head = (phrase_line(said, marked("About {term}:"), term=code(keyword.term)),)
    asked = _for_what(services, caller, head, _BOUND, keyword.id, str(known.version))
    if keyword.concept is None:
        return asked
    weak = keyword.strength is Strength.WEAK
    other = Button(
        said.say("Let it count by itself") if weak else said.say("Let it count beside another sign only"),
        Action(_BOUND, (keyword.id, str(known.version), _CONCEPT if weak else _WEAK, keyword.concept)),
    )
    return replace(asked, rows=(*asked.rows[:-1], (other,), asked.rows[-1]))


async def _move_command(services: Services, caller: Caller, arguments: Arguments, state: KeywordState) -> Answer:
    require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
    if not typed_term(arguments):
        return await which_keyword(services, caller)
    known = await services.keywords.get(caller.actor, *where(caller), typed_term(arguments))
    force = arguments.get("force") is True
    if state is KeywordState.LIVE and not force:
        return await keyword_screen(services, caller, known, look=True)
    return await _move(services, caller, known, state, force=force)


async def _move(services: Services, caller: Caller, known: Listed, state: KeywordState, *, force: bool) -> Answer:
    try:
        entered = await services.keywords.move(
            caller.actor, *where(caller), known.keyword.term, state, expected=known.version, force=force
        )
    except (TooBroad, ChangedMeanwhile) as error:
        return await _again(services, caller, known, error)
    return await _changed(services, caller, known, entered)


async def _changed(services: Services, caller: Caller, before: Listed, entered: Entered) -> Answer:
    history = await services.keywords.history(caller.actor, *where(caller), entered.keyword.term)
    earlier = next((one.value for one in history if one.version == before.version), None)
    done = change_line(caller.texts, earlier, entered.change)
    return await keyword_screen(services, caller, Listed(entered.keyword, entered.change.version), (done,))


async def _again(services: Services, caller: Caller, known: Listed, error: TooBroad | ChangedMeanwhile) -> Answer:
    """The keyword as it is now, with why nothing was changed on top."""
    now = await by_id(services, caller, known.keyword.id)
    lines = refusal(caller.texts, error).lines
    return await keyword_screen(services, caller, now, lines, look=isinstance(error, TooBroad))


async def _undo_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
    if not typed_term(arguments):
        return await which_keyword(services, caller)
    return await _undo(services, caller, typed_term(arguments), None)


async def _undo(services: Services, caller: Caller, term: str, expected: int | None) -> Answer:
    here = where(caller)
    require(caller.actor, Right.CHANGE_KEYWORDS, *here)
    history = await services.keywords.history(caller.actor, *here, term)
    try:
        change = await services.keywords.undo(caller.actor, *here, term, expected=expected)
    except ChangedMeanwhile as error:
        known = await services.keywords.get(caller.actor, *here, term)
        return await _again(services, caller, known, error)
    done = change_line(caller.texts, history[-1].value, change)
    left = [one for one in await services.keywords.listed(caller.actor, *here) if one.keyword.term == term]
    if left:
        return await keyword_screen(services, caller, left[0], (done,))
    listed = await keyword_list(services, caller, 0)
    return replace(listed, text=text(done) + listed.text)


# --- buttons ----------------------------------------------------------------------------------------------


async def _binding_pressed(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
    return _binding(services, caller, await by_id(services, caller, arguments[0]))


async def _bound_pressed(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    keyword_id, version, kind, value = arguments
    known = replace(await by_id(services, caller, keyword_id), version=int(version))
    return await _rebind(services, caller, known, kind, value)


async def _moved(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    keyword_id, version, state, *rest = arguments
    known = replace(await by_id(services, caller, keyword_id), version=int(version))
    return await _move(services, caller, known, KeywordState(state), force=FORCE in rest)


async def _undone(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    known = await by_id(services, caller, arguments[0])
    return await _undo(services, caller, known.keyword.term, int(arguments[1]))


async def _live_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    return await _move_command(services, caller, arguments, KeywordState.LIVE)


async def _shadow_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    return await _move_command(services, caller, arguments, KeywordState.SHADOW)


async def _retire_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    return await _move_command(services, caller, arguments, KeywordState.RETIRED)


_MEANING = (
    Option("concern", marked("Whoever writes it gets at least this concern"), choices=CONCERNS),
    Option("concept", marked("It is one more word for this concept"), completes=True),
    Option("allow", marked("A phrase that means something else here: nothing in it counts"), OptionKind.TRUTH),
    Option("strength", marked("With a concept: weak counts beside another sign only"), choices=_STRENGTHS),
)
_FORCED = Option("force", marked("Switch it on although it would answer ordinary chat"), OptionKind.TRUTH)
_NEW_TERM = Option("term", marked("The keyword; a * at an end stands for any letters"), required=True)
_MAY = Right.CHANGE_KEYWORDS
COMMANDS = (
    Command(
        ("keyword", "add"), marked("Add a keyword as a draft, and see what it would do"), _add_command, _MAY,
        (_NEW_TERM, *_MEANING, _FORCED), complete_terms,
    ),
    Command(
        ("keyword", "edit"), marked("Let a keyword stand for something else"), _edit_command, _MAY,
        (TERM, *_MEANING, _FORCED), complete_terms,
    ),
    Command(
        ("keyword", "shadow"), marked("Try a keyword on live chat: all is logged, nothing is sent"), _shadow_command,
        _MAY, (TERM,), complete_terms,
    ),
    Command(
        ("keyword", "live"), marked("See what a keyword would do, then switch it on"), _live_command, _MAY,
        (TERM, _FORCED), complete_terms,
    ),
    Command(
        ("keyword", "retire"), marked("Switch a keyword off and keep its history"), _retire_command, _MAY, (TERM,),
        complete_terms,
    ),
    Command(
        ("keyword", "remove"), marked("The same as retire: nothing is lost, it can be taken up again"),
        _retire_command, _MAY, (TERM,), complete_terms,
    ),
    Command(
        ("keyword", "undo"), marked("Take back the newest change of a keyword"), _undo_command, _MAY, (TERM,),
        complete_terms,
    ),
)  # fmt: skip
HANDLERS: dict[str, ActionHandler] = {
    ADD: _new,
    _FORM: _ask_term,
    _SAVE: _save,
    BIND: _binding_pressed,
    _BOUND: _bound_pressed,
    MOVE: _moved,
    UNDO: _undone,
}
