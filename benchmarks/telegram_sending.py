"""What a send to Telegram costs over aiohttp (ours) and over httpx (the library's), as a ratio of CPU time.

`python -m benchmarks.telegram_sending`. Both clients send to the same small server in another process, one at a time
and 32 at a time; what is told is CPU time of this process per send, so it holds on a busy machine too.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection as Pipe

from aiohttp import web
from telegram import Bot
from telegram.request import BaseRequest, HTTPXRequest

from safetybot.platforms.telegram.connection import AioRequest

TOKEN = "8000000001:a-token-of-no-bot"  # noqa: S105
CHAT_ID = -1002100000001
CHAT = {"id": CHAT_ID, "type": "supergroup", "title": "Group"}
ME = {"id": 8000000001, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
SENDS, ROUNDS = 400, 5


def serve(pipe: Pipe) -> None:
    """Answer every request as Telegram answers a sent message."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        me = request.path.endswith("getMe")
        result = ME if me else {"message_id": 1, "date": 1_780_000_000, "chat": CHAT, "from": ME, "text": "hello"}
        return web.json_response({"ok": True, "result": result})

    async def run() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


async def cost(request: BaseRequest, port: int, at_once: int) -> float:
    """CPU milliseconds a send, the best of some rounds."""
    bot = Bot(TOKEN, base_url=f"http://127.0.0.1:{port}/bot", request=request, get_updates_request=AioRequest())
    async with bot:
        gate = asyncio.Semaphore(at_once)

        async def send() -> None:
            async with gate:
                await bot.send_message(CHAT_ID, "hello " * 40)

        await asyncio.gather(*(send() for _ in range(at_once)))
        rounds = []
        for _ in range(ROUNDS):
            began = time.process_time()
            await asyncio.gather(*(send() for _ in range(SENDS)))
            rounds.append((time.process_time() - began) / SENDS * 1_000)
    return min(rounds)


async def measure(port: int) -> dict[str, dict[str, float]]:
    """Both clients, alone and 32 at a time."""
    found: dict[str, dict[str, float]] = {}
    for at_once in (1, 32):
        ours = await cost(AioRequest(connections=at_once), port, at_once)
        theirs = await cost(HTTPXRequest(connection_pool_size=at_once, pool_timeout=30), port, at_once)
        found[f"{at_once} at a time"] = {
            "aiohttp_ms": round(ours, 3), "httpx_ms": round(theirs, 3), "ratio": round(theirs / ours, 1),
        }  # fmt: skip
    return found


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        found = asyncio.run(measure(ours.recv()))
    finally:
        server.terminate()
    print(json.dumps(found, indent=2))
    print("median ratio", statistics.median(one["ratio"] for one in found.values()))


if __name__ == "__main__":
    main()
