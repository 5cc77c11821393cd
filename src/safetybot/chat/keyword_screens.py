"""Keywords in the chat: the list, one keyword, what it would do, its history. Looking only.

Lives here: these screens and their buttons. Does not live here: changing anything (`keyword_changes.py`), files
(`keyword_exchange.py`). A keyword is addressed by its id, for a term may be longer than a button carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Choice, Menu, Weight
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command, Option
from safetybot.chat.keyword_words import (
    bound_words,
    change_line,
    keyword_lines,
    preview_lines,
    state_name,
    warning_lines,
)
from safetybot.chat.refusals import GoneKeyword, Unfit
from safetybot.chat.screens import KEYWORDS, back, number_in, paged, phrase_line, screen, short, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Form, Line, Span, bold, code, line, text
from safetybot.communities.access import Right, may
from safetybot.communities.keyword import Keyword, KeywordState, Listed
from safetybot.translation import Texts, marked

ONE, LOOK, HISTORY = "kw.one", "kw.look", "kw.past"
ADD, BIND, MOVE, UNDO, EXPORT, PASTE = "kw.new", "kw.for", "kw.to", "kw.undo", "kw.file", "kw.paste"
FORCE = "force"
"""Goes with `MOVE` where a keyword is to go live although it is too broad."""
_PER_PAGE = 12
_CHANGES_PER_PAGE = 8
STATES = tuple(state.value for state in KeywordState)
TERM = Option("term", marked("The keyword"), required=True, completes=True)


async def keyword_list(services: Services, caller: Caller, number: int, state: KeywordState | None = None) -> Answer:
    """A page of the community's keywords. Raises `Refused`."""
    said, here = caller.texts, where(caller)
    listed = await services.keywords.listed(caller.actor, *here)
    jumped = {one.keyword.term for one in await services.keywords.report(caller.actor, *here) if one.jumped}
    shown = [one for one in listed if state is None or one.keyword.state is state]
    # What is in use comes first; what is retired last.
    order = [KeywordState.LIVE, KeywordState.SHADOW, KeywordState.DRAFT, KeywordState.RETIRED]
    shown.sort(key=lambda one: order.index(one.keyword.state))
    page = paged(said, shown, number, _PER_PAGE, KEYWORDS, state.value if state else "")
    lines = [line(bold(said.say("Keywords of this community")))]
    lines += [_row(said, one.keyword, jumped=one.keyword.term in jumped) for one in page.items]
    if not shown:
        lines.append(line(said.say("There are none yet. The packaged word list works all the same.")))
    if page.says:
        lines.append(line(page.says))
    choices = tuple(
        Choice(short(one.keyword.term, 60), Action(ONE, (one.keyword.id,)), state_name(said, one.keyword.state))
        for one in page.items
    )
    menu = Menu(said.say("Choose a keyword"), choices) if choices else None
    change = []
    if may(caller.actor, Right.CHANGE_KEYWORDS, *here):
        change = [
            Button(said.say("Add a keyword"), Action(ADD), Weight.MAIN),
            Button(said.say("Import"), Action(PASTE)),
        ]
    files = [
        Button(said.say("Export {form}", form="CSV"), Action(EXPORT, ("csv",))),
        Button(said.say("Export {form}", form="YAML"), Action(EXPORT, ("yaml",))),
    ]
    # Where there are more than a page, each state is a tap away.
    states = [
        Button(state_name(said, one), Action(KEYWORDS, (one.value, "0")))
        for one in order
        if len(listed) > _PER_PAGE and one is not state and any(known.keyword.state is one for known in listed)
    ]
    return screen(
        text(lines), page.buttons, states, [*change, *(files if listed else [])], [back(said)], menu=menu
    )  # fmt: skip


async def keyword_screen(
    services: Services, caller: Caller, known: Listed, done: Sequence[Line] = (), *, look: bool = False
) -> Answer:
    """One keyword with what may be done to it; `look` with what it would do. Raises `Refused`."""
    said, here, keyword = caller.texts, where(caller), known.keyword
    lines: list[Line] = [*done, Line()] if done else []
    lines += keyword_lines(said, keyword)
    lines += warning_lines(said, await services.keywords.warnings(caller.actor, *here, keyword))
    too_broad = False
    if look:
        recent = services.recent.lines(caller.place)
        found = await services.keywords.preview(caller.actor, *here, keyword, recent)
        lines += [Line(), *preview_lines(said, found)]
        too_broad = found.too_broad
    else:
        lines += await _figures(services, caller, keyword)
    rows: list[list[Button]] = []
    if may(caller.actor, Right.CHANGE_KEYWORDS, *here):
        rows.append(_moves(said, known, look=look, too_broad=too_broad))
        rows.append(
            [
                Button(said.say("What it means"), Action(BIND, (keyword.id,))),
                Button(said.say("Take back the last change"), Action(UNDO, (keyword.id, str(known.version)))),
            ]
        )
    see = [Button(said.say("History"), Action(HISTORY, (keyword.id,)))]
    if not look:
        see.insert(0, Button(said.say("What it would do"), Action(LOOK, (keyword.id,))))
    return screen(text(lines), *rows, [*see, Button(said.say("All keywords"), Action(KEYWORDS)), back(said)])


async def by_id(services: Services, caller: Caller, keyword_id: str) -> Listed:
    """The keyword that a button is about. Raises `GoneKeyword`, `Refused`."""
    for one in await services.keywords.listed(caller.actor, *where(caller)):
        if one.keyword.id == keyword_id:
            return one
    raise GoneKeyword


def typed_term(arguments: Arguments) -> str:
    """The term that a command was given, empty without one: then `which_keyword` asks."""
    return str(arguments.get("term", "")).strip()


async def which_keyword(services: Services, caller: Caller) -> Answer:
    """The list, for whoever gave a command no keyword. Raises `Refused`."""
    listed = await keyword_list(services, caller, 0)
    asked = line(caller.texts.say("Which keyword do you mean? Choose it here, or write it after the command."))
    return replace(listed, text=text(asked) + listed.text)


async def complete_terms(services: Services, caller: Caller, option: str, typed: str) -> Sequence[str]:
    """The community's keywords and the concepts that begin with, then those that hold, what was typed."""
    if option == "concept":
        names: list[str] = list(services.keywords.lexicon.concepts)
    else:
        names = [one.keyword.term for one in await services.keywords.listed(caller.actor, *where(caller))]
    wanted = typed.strip().casefold()
    fitting = [name for name in names if wanted in name.casefold()]
    return sorted(fitting, key=lambda name: not name.casefold().startswith(wanted))


def _row(said: Texts, keyword: Keyword, *, jumped: bool) -> Line:
    told: dict[str, str | Span] = {
        "term": code(keyword.term), "state": bold(state_name(said, keyword.state)),
        "meaning": bound_words(said, keyword),
    }  # fmt: skip
    if jumped:
        return phrase_line(
            said, marked("{term}: {state}, {meaning}. ⚠ It found far more than usual in the last day."),
            form=Form.BULLET, **told,
        )  # fmt: skip
    return phrase_line(said, marked("{term}: {state}, {meaning}"), form=Form.BULLET, **told)


def _moves(said: Texts, known: Listed, *, look: bool, too_broad: bool) -> list[Button]:
    """The states that a keyword can be moved to. It goes live from the screen that shows what it would do."""
    keyword, version = known.keyword, str(known.version)
    buttons: list[Button] = []
    if keyword.state is not KeywordState.LIVE:
        if not look:
            buttons.append(Button(said.say("Switch on …"), Action(LOOK, (keyword.id,)), Weight.MAIN))
        elif too_broad:
            forced = (keyword.id, version, KeywordState.LIVE.value, FORCE)
            buttons.append(Button(said.say("Switch on all the same"), Action(MOVE, forced), Weight.DANGER))
        else:
            wanted = (keyword.id, version, KeywordState.LIVE.value)
            buttons.append(Button(said.say("Switch on"), Action(MOVE, wanted), Weight.MAIN))
    if keyword.state is not KeywordState.SHADOW and keyword.watches:
        buttons.append(
            Button(said.say("Try in shadow"), Action(MOVE, (keyword.id, version, KeywordState.SHADOW.value)))
        )
    if keyword.state is not KeywordState.RETIRED:
        buttons.append(Button(said.say("Retire"), Action(MOVE, (keyword.id, version, KeywordState.RETIRED.value))))
    return buttons


async def _figures(services: Services, caller: Caller, keyword: Keyword) -> list[Line]:
    """What it did, or would have done, in the last 90 days; nothing where there is nothing to tell."""
    said = caller.texts
    found = await services.keywords.report(caller.actor, *where(caller))
    one = next((figures for figures in found if figures.keyword == keyword), None)
    if one is None or not (one.live or one.alone or one.beside):
        return []
    lines = [Line(), line(bold(said.say("In the last 90 days")))]
    counts = (
        (one.live, marked("It took part in {number} interactions.")),
        (one.alone, marked("In shadow, it alone would have acted {number} times.")),
        (one.beside, marked("In shadow, it was found beside other signs {number} times.")),
        (one.confirmed, marked("Confirmed: {number}")),
        (one.false_alarms, marked("False alarms: {number}")),
    )
    lines += [phrase_line(said, says, form=Form.BULLET, number=str(count)) for count, says in counts if count]
    return lines


async def history_screen(services: Services, caller: Caller, term: str, number: int) -> Answer:
    """Every change of a keyword, the newest first. Raises `NoSuchKeyword`, `Refused`."""
    said = caller.texts
    changes = await services.keywords.history(caller.actor, *where(caller), term)
    keyword_id = Keyword(term, KeywordState.DRAFT, allowed=True).id
    known = next(
        (
            one.keyword
            for one in await services.keywords.listed(caller.actor, *where(caller))
            if one.keyword.id == keyword_id
        ),
        None,
    )
    pairs = list(zip([None, *(change.value for change in changes)], changes, strict=False))[::-1]
    page = paged(said, pairs, number, _CHANGES_PER_PAGE, HISTORY, keyword_id)
    lines = [phrase_line(said, marked("History of {term}"), term=code(term))]
    lines += [change_line(said, before, change) for before, change in page.items]
    if page.says:
        lines.append(line(page.says))
    way_back = back(said, ONE, keyword_id) if known else back(said, KEYWORDS)
    return screen(text(lines), page.buttons if known else (), [way_back])


# --- commands and buttons ---------------------------------------------------------------------------------


async def _list_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    wanted = str(arguments.get("state", "")).lower()
    if wanted and wanted not in STATES:
        raise Unfit("state", wanted, STATES)
    return await keyword_list(services, caller, 0, KeywordState(wanted) if wanted else None)


async def _history_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    term = typed_term(arguments)
    if not term:
        return await which_keyword(services, caller)
    for one in await services.keywords.listed(caller.actor, *where(caller)):
        if one.keyword.term.casefold() == term.casefold():
            term = one.keyword.term
    return await history_screen(services, caller, term, 0)


async def _list(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    state = KeywordState(arguments[0]) if arguments and arguments[0] else None
    return await keyword_list(services, caller, number_in(arguments, 1), state)


async def _one(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await keyword_screen(services, caller, await by_id(services, caller, arguments[0]))


async def _look(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await keyword_screen(services, caller, await by_id(services, caller, arguments[0]), look=True)


async def _history(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    known = await by_id(services, caller, arguments[0])
    return await history_screen(services, caller, known.keyword.term, number_in(arguments, 1))


COMMANDS = (
    Command(
        ("keyword", "list"), marked("The keywords of this community"), _list_command, Right.SEE_KEYWORDS,
        (Option("state", marked("Only those in this state"), choices=STATES),),
    ),
    Command(
        ("keyword", "history"), marked("Every change of a keyword: who, when, from what to what"), _history_command,
        Right.SEE_KEYWORDS, (TERM,), complete_terms,
    ),
)  # fmt: skip
HANDLERS: dict[str, ActionHandler] = {KEYWORDS: _list, ONE: _one, LOOK: _look, HISTORY: _history}
