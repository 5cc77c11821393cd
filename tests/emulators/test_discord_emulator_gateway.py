"""The loopback Discord's gateway, driven by the real discord.py."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
import zstandard

from tests.emulators.discord import LoopbackDiscord
from tests.emulators.discord.client import discord, pointed_at, running


class Listener(discord.AutoShardedClient):
    """Notes what it hears."""

    def __init__(self, *, content: bool = True, **options: Any) -> None:
        intents = discord.Intents.default()
        intents.message_content = content
        super().__init__(intents=intents, max_messages=None, **options)
        self.heard: list[str] = []
        self.events: list[tuple[str, Any]] = []

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.content)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.events.append(("edit", payload.data["content"]))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self.events.append(("delete", payload.message_id))

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        self.events.append(("bulk", payload.message_ids))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.events.append(("removed", guild.id))

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        self.events.append(("unavailable", guild.id))

    async def on_automod_action(self, execution: discord.AutoModAction) -> None:
        self.events.append(("automod", (execution.matched_keyword, execution.content, execution.message_id)))

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        raise AssertionError(event_method)


@pytest.fixture
async def loopback() -> AsyncIterator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


async def test_a_client_connects_and_hears_messages_edits_and_deletes(loopback: LoopbackDiscord) -> None:
    guild = loopback.add_guild("g")
    channel, member = guild.add_channel("c"), guild.add_member("m")
    client = Listener()
    async with running(loopback, client):
        one, two, three = [await member.says(channel, text) for text in ("one", "two", "three")]
        await member.edits(one, "uno")
        await member.deletes(one)
        await member.deletes(two, three)
        await loopback.until(lambda: len(client.events) == 3)
    assert client.heard == ["one", "two", "three"]
    assert client.events == [("edit", "uno"), ("delete", one.id), ("bulk", {two.id, three.id})]
    assert loopback.identifies == 1
    assert loopback.close_codes == [1000]


async def test_a_cut_connection_is_resumed_and_what_was_missed_is_replayed_in_order(loopback: LoopbackDiscord) -> None:
    guild = loopback.add_guild("g")
    channel, member = guild.add_channel("c"), guild.add_member("m")
    client = Listener()
    async with running(loopback, client):
        for round_ in range(3):
            await member.says(channel, f"before {round_}")
            await loopback.cut_gateway()
            for number in range(3):
                await member.says(channel, f"away {round_}.{number}")
            await loopback.connected()
        await loopback.until(lambda: len(client.heard) == 12)
    assert client.heard == [t for r in range(3) for t in (f"before {r}", *(f"away {r}.{n}" for n in range(3)))]
    assert (loopback.identifies, loopback.resumes) == (1, 3)


async def test_cuts_at_random_points_under_load_lose_and_repeat_nothing(loopback: LoopbackDiscord) -> None:
    guild = loopback.add_guild("g")
    channel, member = guild.add_channel("c"), guild.add_member("m")
    client, dice = Listener(), random.Random(7)
    async with running(loopback, client):
        for number in range(3000):
            await member.says(channel, str(number))
            if number % 7 == 0:
                await asyncio.sleep(0)
            if number % 150 == 0:
                await asyncio.sleep(dice.uniform(0, 0.05))
                await loopback.cut_gateway(dice.choice([None, None, 4000]))
        await loopback.until(lambda: len(client.heard) >= 3000, within=30)
        await loopback.flushed()
    assert client.heard == [str(number) for number in range(3000)]
    assert loopback.identifies == 1


@pytest.mark.parametrize("how", ["op 7", "close 4000", "invalid but resumable"])
async def test_the_other_ways_to_lose_a_connection_end_in_a_resume_too(loopback: LoopbackDiscord, how: str) -> None:
    guild = loopback.add_guild("g")
    channel, member = guild.add_channel("c"), guild.add_member("m")
    client = Listener()
    async with running(loopback, client):
        if how == "op 7":
            loopback.ask_reconnect()
        elif how == "close 4000":
            await loopback.cut_gateway(4000)
        else:
            loopback.invalidate_session(resumable=True)
        await member.says(channel, "hello")
        await loopback.until(lambda: loopback.resumes == 1 and client.heard)
    assert client.heard == ["hello"]
    assert loopback.identifies == 1


async def test_a_lost_session_is_identified_anew_and_what_was_said_between_is_gone(loopback: LoopbackDiscord) -> None:
    guild = loopback.add_guild("g")
    channel, member = guild.add_channel("c"), guild.add_member("m")
    client = Listener()
    async with running(loopback, client):
        await loopback.lose_session()
        await member.says(channel, "into the void")
        await loopback.connected(within=15)
        await member.says(channel, "heard again")
        await loopback.until(lambda: client.heard)
    assert client.heard == ["heard again"]
    assert (loopback.identifies, loopback.resumes) == (2, 0)


async def test_a_refused_gateway_lets_the_client_in_later(loopback: LoopbackDiscord) -> None:
    loopback.add_guild("g")
    client = Listener()
    async with running(loopback, client):
        loopback.refuse_gateway(0.3)
        await loopback.cut_gateway()
        await loopback.connected(within=15)
        # A sharded client that found the gateway away gives its session up by itself.
        assert (loopback.identifies, loopback.resumes) == (2, 0)


async def test_a_server_that_was_away_is_found_again_with_its_sessions(loopback: LoopbackDiscord) -> None:
    guild = loopback.add_guild("g")
    channel, member = guild.add_channel("c"), guild.add_member("m")
    client = Listener()
    async with running(loopback, client):
        await loopback.stop()
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.fetch_guild(guild.id)
        await loopback.start()
        await loopback.connected(within=15)
        await member.says(channel, "hello")
        await loopback.until(lambda: client.heard)


async def test_sessions_that_nobody_resumes_are_forgotten(loopback: LoopbackDiscord) -> None:
    for _ in range(5):
        async with aiohttp.ClientSession() as http, http.ws_connect(loopback.gateway_url + "?v=10") as socket:
            identify = {"token": loopback.token, "properties": {}, "intents": 1}
            await socket.send_str(orjson.dumps({"op": 2, "d": identify}).decode())
            await loopback.connected()
            await loopback.cut_gateway()
    assert loopback.identifies == 5
    assert len(loopback.core.gateway.sessions) == 3


async def test_a_wrong_token_is_closed_with_4004(loopback: LoopbackDiscord) -> None:
    with pointed_at(loopback):
        client = Listener()
        async with client:
            await client.login(loopback.token)
            loopback.core.gateway.token = "another"
            with pytest.raises(discord.ConnectionClosed) as closed:
                await client.connect()
    assert closed.value.code == 4004
    assert loopback.close_codes == [4004]


async def test_an_intent_that_is_not_granted_is_closed_with_4014() -> None:
    async with LoopbackDiscord(message_content=False) as loopback:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(loopback, Listener()):
                pass
        assert loopback.close_codes == [4014]


async def test_an_unknown_intent_is_closed_with_4013(loopback: LoopbackDiscord) -> None:
    client = Listener()
    client._connection._intents.value |= 1 << 40
    with pytest.raises(discord.ConnectionClosed) as closed:
        async with running(loopback, client):
            pass
    assert closed.value.code == 4013


async def test_without_the_intent_only_mentions_and_own_messages_have_content() -> None:
    async with LoopbackDiscord(message_content=False) as loopback:
        guild = loopback.add_guild("g")
        channel, member = guild.add_channel("c"), guild.add_member("m")
        client = Listener(content=False)
        async with running(loopback, client):
            await member.says(channel, "not for you")
            await member.says(channel, f"<@{guild.bot.id}> for you")
            sent = await client.get_partial_messageable(channel.id, guild_id=guild.id).send("own")
            await member.says(channel, "re", reply_to=channel.bot_messages[0])
            await loopback.until(lambda: len(client.heard) == 4)
            seen = [m.content async for m in sent.channel.history(oldest_first=True)]
        assert client.heard == ["", f"<@{guild.bot.id}> for you", "own", "re"]
        assert seen == client.heard


async def test_each_shard_gets_the_events_of_its_guilds(loopback: LoopbackDiscord) -> None:
    guilds = [loopback.add_guild(f"g{n}") for n in range(4)]
    channels = [guild.add_channel("c") for guild in guilds]
    members = [guild.add_member("m") for guild in guilds]
    even = Listener(shard_count=2, shard_ids=[0])
    async with running(loopback, even):
        for guild, channel, member in zip(guilds, channels, members, strict=True):
            await member.says(channel, str((guild.id >> 22) % 2))
        await loopback.flushed()
        await loopback.until(lambda: len(even.heard) == 2)
    assert even.heard == ["0", "0"]


async def test_a_client_that_gets_no_acknowledgement_reconnects(loopback: LoopbackDiscord) -> None:
    loopback.core.gateway.heartbeat_interval = 0.2
    loopback.add_guild("g")
    client = Listener(heartbeat_timeout=0.5)
    async with running(loopback, client):
        loopback.stop_heartbeat_acks()
        await loopback.until(lambda: loopback.resumes, within=10)
        loopback.heal()


async def test_a_client_that_stops_beating_is_closed_with_4009(loopback: LoopbackDiscord) -> None:
    loopback.core.gateway.heartbeat_interval = 0.2
    async with aiohttp.ClientSession() as http, http.ws_connect(loopback.gateway_url + "?v=10&encoding=json") as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.receive()
        assert socket.close_code == 4009


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", 4002),
        ('{"op": 99, "d": {}}', 4003),
        ('{"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}', 4004),
        ('{"op": 2, "d": {"token": "loopback.bot.token", "properties": {}, "intents": 1, "shard": [3, 2]}}', 4010),
        ('{"op": 1, "d": "' + "x" * 5000 + '"}', 4002),
    ],
)
async def test_broken_frames_are_closed_with_their_code(loopback: LoopbackDiscord, frame: str, code: int) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(loopback.gateway_url + "?v=10&encoding=json") as socket:
        await socket.receive()
        await socket.send_str(frame)
        await socket.receive()
        assert socket.close_code == code


async def test_an_old_api_version_is_closed_with_4012(loopback: LoopbackDiscord) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(loopback.gateway_url + "?v=8&encoding=json") as socket:
        await socket.receive()
        assert socket.close_code == 4012


async def test_more_than_120_sends_a_minute_are_closed_with_4008(loopback: LoopbackDiscord) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(loopback.gateway_url + "?v=10&encoding=json") as socket:
        for _ in range(121):
            await socket.send_str('{"op": 1, "d": null}')
        while (await socket.receive()).type != aiohttp.WSMsgType.CLOSE:
            pass
        assert socket.close_code == 4008


@pytest.mark.parametrize("compress", ["", "&compress=zlib-stream", "&compress=zstd-stream"])
async def test_frames_are_compressed_as_the_query_asks(loopback: LoopbackDiscord, compress: str) -> None:
    loopback.add_guild("g")
    decoders = {
        "": None,
        "&compress=zlib-stream": zlib.decompressobj(),
        "&compress=zstd-stream": zstandard.ZstdDecompressor().decompressobj(),
    }
    decoder = decoders[compress]
    url = loopback.gateway_url + "?v=10&encoding=json" + compress
    identify = {"token": loopback.token, "properties": {}, "intents": 1}
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        names = []
        for step in range(3):
            frame = await socket.receive()
            assert frame.type == (aiohttp.WSMsgType.BINARY if decoder else aiohttp.WSMsgType.TEXT)
            names.append(orjson.loads(decoder.decompress(frame.data) if decoder else frame.data)["t"])
            if step == 0:
                await socket.send_str(orjson.dumps({"op": 2, "d": identify}).decode())
    assert names == [None, "READY", "GUILD_CREATE"]


async def test_guilds_come_and_go(loopback: LoopbackDiscord) -> None:
    first, second = loopback.add_guild("a"), loopback.add_guild("b")
    client = Listener()
    async with running(loopback, client):
        first.goes_unavailable()
        second.removes_bot()
        third = loopback.add_guild("c")
        await loopback.until(lambda: len(client.events) == 2 and client.get_guild(third.id))
        with pytest.raises(discord.Forbidden) as refused:
            await client.fetch_guild(second.id)
    assert client.events == [("unavailable", first.id), ("removed", second.id)]
    assert refused.value.code == 50001


async def test_duplicated_and_reordered_events_arrive_as_often_as_asked(loopback: LoopbackDiscord) -> None:
    guild = loopback.add_guild("g")
    channel, member = guild.add_channel("c"), guild.add_member("m")
    client = Listener()
    async with running(loopback, client):
        loopback.duplicate_events(2)
        for text in "abc":
            await member.says(channel, text)
        await loopback.until(lambda: len(client.heard) == 5)
        assert client.heard == ["a", "a", "b", "b", "c"]
        client.heard.clear()
        loopback.reorder_events(8)
        for text in "abcdefgh":
            await member.says(channel, text)
        await loopback.until(lambda: len(client.heard) == 8)
    assert sorted(client.heard) == list("abcdefgh")
    assert client.heard != list("abcdefgh")


async def test_an_odd_payload_reaches_the_client_and_ends_it(loopback: LoopbackDiscord) -> None:
    loopback.add_guild("g")

    async def serve() -> None:
        async with running(loopback, Listener()) as task:
            loopback.send_raw("MESSAGE_CREATE", {"id": "1", "channel_id": "2"})
            await asyncio.wait({task}, timeout=5)

    with pytest.raises(KeyError):
        await serve()


async def test_a_keyword_rule_reports_the_keyword_without_the_content() -> None:
    async with LoopbackDiscord(message_content=False) as loopback:
        guild = loopback.add_guild("g")
        channel, alerts, member = guild.add_channel("c"), guild.add_channel("alerts"), guild.add_member("m")
        client = Listener(content=False)
        async with running(loopback, client):
            found = client.get_guild(guild.id)
            assert found is not None
            await found.create_automod_rule(
                name="terms",
                event_type=discord.AutoModRuleEventType.message_send,
                trigger=discord.AutoModTrigger(keyword_filter=["needle*"]),
                actions=[discord.AutoModRuleAction(channel_id=alerts.id)],
                enabled=True,
            )
            message = await member.says(channel, "Two needles please")
            pin = await member.says(channel, "a pin")
            await member.edits(pin, "a needle")
            await loopback.until(lambda: len(client.events) == 3)
        assert client.events == [
            ("automod", ("needle*", "", message.id)),
            ("automod", ("needle*", "", pin.id)),
            ("edit", ""),
        ]
        assert [(m.type, m.author) for m in alerts.messages] == [(24, member.record.user)] * 2


async def test_a_thousand_guilds_connect_and_some_thousand_messages_go_through(loopback: LoopbackDiscord) -> None:
    for number in range(1000):
        loopback.add_guild(f"g{number}").add_channel("c")
    guild = loopback.guilds[500]
    channel, member = guild.channels[0], guild.add_member("m")
    client = Listener()
    async with running(loopback, client):
        for number in range(3000):
            await member.says(channel, str(number))
        await loopback.until(lambda: len(client.heard) == 3000, within=30)
    assert client.heard == [str(number) for number in range(3000)]
    assert len(client.guilds) == 1000
