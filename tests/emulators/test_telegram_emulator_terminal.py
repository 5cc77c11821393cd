"""`python -m tests.emulators.telegram`, with the real client on the other side."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def served(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.emulators.telegram", *arguments, stdin=pipe, stdout=pipe, cwd=ROOT
    )
    try:
        yield process
        assert process.stdin is not None
        process.stdin.write(b"!quit\n")
        await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_with(process: asyncio.subprocess.Process, word: str) -> str:
    """The next line of output that holds a word."""
    assert process.stdout is not None
    while True:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        assert line, f"the program ended before it printed {word!r}"
        if word in line:
            return line.strip()


async def test_a_conversation_can_be_held_from_the_terminal() -> None:
    async with served("--language", "de") as process:
        base_url = (await line_with(process, "base URL")).split()[-1]
        token = (await line_with(process, "token")).split()[-1]
        assert process.stdin is not None
        process.stdin.write(b"hello bot\n!tap Nowhere\n!nonsense\n")
        await line_with(process, "no button 'Nowhere'")
        await line_with(process, "unknown or impossible now: !nonsense")
        async with Bot(token, base_url=base_url) as bot:
            (update,) = await bot.get_updates(timeout=10)
            assert update.message is not None
            assert update.message.text == "hello bot"
            assert update.message.from_user is not None
            assert update.message.from_user.language_code == "de"
            button = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="m")]])
            await update.message.reply_text("hello member", reply_markup=button)
            assert await line_with(process, "bot says") == "bot says in Community: hello member [More]"
            process.stdin.write(b"!tap More\n")
            (update,) = await bot.get_updates(offset=update.update_id + 1, timeout=10)
            assert update.callback_query is not None
            await update.callback_query.answer("More it is")
            assert "More it is" in await line_with(process, "bot answers the button")
            await update.callback_query.edit_message_text("changed")
            assert await line_with(process, "bot edits") == "bot edits in Community: changed"
            process.stdin.write(b"!private /start x\n")
            (update,) = await bot.get_updates(offset=update.update_id + 1, timeout=10)
            assert update.message is not None
            assert (update.message.text, update.message.chat.type) == ("/start x", "private")
            process.stdin.write(b"!bot-admin\n")
            (update,) = await bot.get_updates(offset=update.update_id + 1, timeout=10)
            assert update.my_chat_member is not None
