"""Keywords in and out as files, in the chat: uploaded, pasted into a form, handed out.

Lives here: these commands and their form. Does not live here: the files' form (`communities/keyword_files.py`).
"""

from __future__ import annotations

from typing import Literal

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Field, File, FormToFill
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command, Option, OptionKind, Upload
from safetybot.chat.keyword_screens import EXPORT, PASTE
from safetybot.chat.refusals import Unfit
from safetybot.chat.screens import KEYWORDS, back, form, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import line, text
from safetybot.communities.access import Right, require
from safetybot.communities.keyword_files import FIELDS, read_data, written
from safetybot.translation import marked

_PASTED = "kw.pasted"
_FORMS = ("csv", "yaml")
_PASTE_CHARS = 3_500


async def _export_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    wanted = str(arguments.get("form", "yaml")).lower()
    if wanted not in _FORMS:
        raise Unfit("form", wanted, _FORMS)
    return await _file(services, caller, "csv" if wanted == "csv" else "yaml")


async def _file(services: Services, caller: Caller, wanted: Literal["csv", "yaml"]) -> Answer:
    said = caller.texts
    listed = await services.keywords.listed(caller.actor, *where(caller))
    if not listed:
        says = said.say("There are no keywords to write down yet.")
        return Answer(text(says), ((back(said, KEYWORDS),),))
    data = written((one.keyword for one in listed), wanted).encode()
    says = said.many("{number} keyword is in this file.", "{number} keywords are in this file.", len(listed))
    return Answer(text(says), ((back(said, KEYWORDS),),), files=(File(f"keywords.{wanted}", data),))


async def _import_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
    file = arguments.get("file")
    if not isinstance(file, Upload):
        return _ask(caller)
    return await _read(services, caller, file, force=arguments.get("force") is True)


async def _read(services: Services, caller: Caller, file: Upload, *, force: bool = False) -> Answer:
    said = caller.texts
    wanted = read_data(file.name, file.data)
    changes = await services.keywords.put_all(caller.actor, *where(caller), wanted, force=force)
    same = len(wanted) - len(changes)
    lines = [
        line(
            said.many(
                "{number} keyword was added or changed.", "{number} keywords were added or changed.", len(changes)
            )
        )
    ]
    if same:
        lines.append(line(said.many("{number} was so already.", "{number} were so already.", same)))
    if changes:
        lines.append(line(said.say("The history of each says who did it, and undo takes it back.")))
    return screen(text(lines), [back(said, KEYWORDS)])


def _ask(caller: Caller) -> Answer:
    say = caller.texts.say
    field = Field("file", say("Lines of a CSV or YAML file"), long=True, most=_PASTE_CHARS, hint=",".join(FIELDS))
    return form(FormToFill(say("Import keywords"), Action(_PASTED), (field,)))


async def _export_pressed(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await _file(services, caller, "csv" if arguments[0] == "csv" else "yaml")


async def _paste(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
    return _ask(caller)


async def _pasted(services: Services, caller: Caller, _: tuple[str, ...], values: FormValues) -> Answer:
    words = values.get("file", "").strip()
    # A spreadsheet's first line names the columns; YAML begins with `keywords:`.
    name = "keywords.csv" if words.partition("\n")[0].count(",") >= 1 else "keywords.yaml"
    require(caller.actor, Right.CHANGE_KEYWORDS, *where(caller))
    return await _read(services, caller, Upload(name, f"{words}\n".encode()))


COMMANDS = (
    Command(
        ("keyword", "import"), marked("Add or change the keywords of a CSV or YAML file, all or none"),
        _import_command, Right.CHANGE_KEYWORDS,
        (
            Option("file", marked("A file as export writes it"), OptionKind.FILE, required=True),
            Option("force", marked("Switch keywords on although they would answer ordinary chat"), OptionKind.TRUTH),
        ),
    ),
    Command(
        ("keyword", "export"), marked("The keywords of this community as a file"), _export_command,
        Right.SEE_KEYWORDS, (Option("form", marked("CSV for spreadsheets, or YAML"), choices=_FORMS),),
    ),
)  # fmt: skip
HANDLERS: dict[str, ActionHandler] = {EXPORT: _export_pressed, PASTE: _paste, _PASTED: _pasted}
