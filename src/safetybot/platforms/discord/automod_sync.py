"""Keeps the AutoMod rules that we made in step with what the bot looks for, guild by guild; changes only what differs.

Lives here: asking Discord for rules and changing them, and watching for changes of keywords. Does not live here: which
rules there should be (`automod_rules.py`, `automod_words.py`). Whether a guild wants any, its admins say by `/safety
setup`: where no rule of ours stands, none is made here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

import aiohttp
import discord
import structlog

from safetybot.chat.platform_filter import Filtering
from safetybot.chat.services import Services
from safetybot.model import Place
from safetybot.platforms.discord.automod_rules import Rules, Wanted, changes, ours, room_for, rules_for
from safetybot.platforms.discord.automod_words import TellingWords, for_community, ordered, tells_here
from safetybot.platforms.discord.client import DiscordClient
from safetybot.platforms.discord.surfaces import NAME
from safetybot.ports import PlatformError

log = structlog.get_logger(__name__)

_WITHIN = 20.0
_EVERY = 60.0
_REASON = "safetybot keeps its rules in step with its keywords"
T = TypeVar("T")


class RuleKeeper:
    """Implements `chat.platform_filter.PlatformFilter`. One for the life of the platform; clients come and go."""

    def __init__(self, services: Services, *, every: float = _EVERY) -> None:
        """Prepare. Every `every` seconds keywords are looked at."""
        self._services, self._every = services, every
        self.away: tuple[type[BaseException], ...] = (OSError,)
        """What the store raises while it is away."""
        self._words = TellingWords()
        self._client: DiscordClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._kept: dict[int, tuple[dict[str, Any], ...] | None] = {}
        """What was last asked of each guild that has rules of ours; None where that is not known yet."""

    async def install(self, client: DiscordClient) -> None:
        """Work through this client from now on."""
        self.stop()
        self._client = client
        self._task = asyncio.create_task(self._keep(client), name="discord-automod")

    def stop(self) -> None:
        """The client ended."""
        self._client = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    # chat.platform_filter.PlatformFilter --------------------------------------------------------------------

    async def look(self, community: str) -> Filtering:
        """How the rules of a guild stand."""
        there, rules, bot = await self._both(int(community))
        return _filtering(there, rules, bot)

    async def bring(self, community: str) -> Filtering:
        """Make the rules what they should be."""
        guild = int(community)
        there, rules, bot = await self._both(guild)
        what = changes(there, rules.payloads, bot)
        http = self._http()
        # Room is made first: a guild may have as many rules as Discord takes.
        for rule in what.delete:
            await _asked(http.delete_auto_moderation_rule(guild, rule, reason=_REASON))
        for rule, payload in what.edit:
            await _asked(http.edit_auto_moderation_rule(guild, rule, reason=_REASON, **payload))
        for payload in what.create:
            await _asked(http.create_auto_moderation_rule(guild, reason=_REASON, **payload))
        if what:
            log.info(
                "automod_rules_changed", community=community, created=len(what.create), edited=len(what.edit),
                deleted=len(what.delete), words=rules.words, left_out=rules.left_out,
            )  # fmt: skip
            there = await _asked(http.get_auto_moderation_rules(guild))
        self._kept[guild] = rules.payloads
        return _filtering(there, rules, bot)

    async def remove(self, community: str) -> None:
        """Delete our rules."""
        guild = int(community)
        bot, http = self._bot(), self._http()
        for rule in await _asked(http.get_auto_moderation_rules(guild)):
            if ours(rule, bot):
                await _asked(http.delete_auto_moderation_rule(guild, int(rule["id"]), reason=_REASON))
        self._kept.pop(guild, None)

    # --------------------------------------------------------------------------------------------------------

    async def _keep(self, client: DiscordClient) -> None:
        """Look at the keywords of every guild with rules of ours, now and then."""
        await client.wait_until_ready()
        known: set[int] = set()
        while not client.is_closed():
            for guild in list(client.guilds):
                try:
                    if guild.id not in known and await self._find_ours(guild):
                        known.add(guild.id)
                    if guild.id in self._kept:
                        await self._keep_one(guild.id)
                except PlatformError as error:
                    log.warning("automod_not_in_step", community=str(guild.id), why=str(error))
                except self.away as error:
                    log.warning("automod_waits", why=type(error).__name__)
            await asyncio.sleep(self._every)

    async def _find_ours(self, guild: discord.Guild) -> bool:
        """Learn whether a guild has rules of ours; False where it does not let us see its rules yet."""
        if guild.me is None or not guild.me.guild_permissions.manage_guild:
            return False
        bot = self._bot()
        if any(ours(rule, bot) for rule in await _asked(self._http().get_auto_moderation_rules(guild.id))):
            self._kept.setdefault(guild.id, None)
        return True

    async def _keep_one(self, guild: int) -> None:
        """Bring a guild into step where its keywords or the lexicon changed since we last asked."""
        last = self._kept[guild]
        wanted = await self._wanted(guild)
        if wanted is None:
            return
        # With all the room there is: what others have makes no difference to whether something changed.
        if last is not None and rules_for(wanted).payloads == last:
            return
        bot = self._bot()
        if not any(ours(rule, bot) for rule in await _asked(self._http().get_auto_moderation_rules(guild))):
            self._kept.pop(guild, None)  # somebody deleted them: they do not want them
            return
        await self.bring(str(guild))
        self._kept[guild] = rules_for(wanted).payloads

    async def _both(self, guild: int) -> tuple[Sequence[Mapping[str, Any]], Rules, int]:
        """The rules of a guild, those there should be, and who we are."""
        bot = self._bot()
        there: Sequence[Mapping[str, Any]] = await _asked(self._http().get_auto_moderation_rules(guild))
        wanted = await self._wanted(guild)
        rules = Rules((), 0, 0) if wanted is None else rules_for(wanted, room=room_for(there, bot))
        return there, rules, bot

    async def _wanted(self, guild: int) -> Wanted | None:
        """What AutoMod should look for in a guild; None where it has no channel to tell."""
        services, community = self._services, str(guild)
        policy = await services.store.policy(Place(NAME, community, ""))
        if policy.alert_channel is None:
            return None
        detector = services.detector
        telling = await self._words.of(detector)
        kept = [one for one, _ in await services.keyword_versions.in_force(NAME, community)]
        terms = await services.terms.terms(NAME, community)
        languages = [one for one in (policy.language, self._locale(guild)) if one]
        own, words, allowed = for_community(ordered(telling, languages), kept, tells_here(detector, terms))
        return Wanted(
            tuple(own), tuple(words), tuple(allowed), policy.alert_channel, policy.exempt_roles, policy.exempt_channels
        )

    def _locale(self, guild: int) -> str:
        known = self._client.get_guild(guild) if self._client is not None else None
        return known.preferred_locale.value.partition("-")[0] if known is not None else ""

    def _http(self) -> Any:
        if self._client is None or self._client.is_closed():
            raise PlatformError("there is no connection to Discord now", retry=True)
        return self._client.http

    def _bot(self) -> int:
        if self._client is None or self._client.user is None:
            raise PlatformError("there is no connection to Discord now", retry=True)
        return self._client.user.id


async def _asked(request: Awaitable[T]) -> T:
    """What Discord answers. Raises `PlatformError` with what an admin can do about it."""
    try:
        async with asyncio.timeout(_WITHIN):
            return await request
    except discord.Forbidden as error:
        raise PlatformError("the bot needs the permission Manage Server to see and make AutoMod rules") from error
    except discord.HTTPException as error:
        told = f"Discord refuses: status {error.status}, error {error.code}"
        raise PlatformError(told, retry=error.status >= 500) from error
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PlatformError(f"Discord cannot be reached: {type(error).__name__}", retry=True) from error


def _filtering(there: Sequence[Mapping[str, Any]], rules: Rules, bot: int) -> Filtering:
    mine = [rule for rule in there if ours(rule, bot)]
    words = sum(len(rule["trigger_metadata"].get("keyword_filter") or []) for rule in mine)
    off = sum(not rule["enabled"] for rule in mine)
    return Filtering(len(mine), words, rules.left_out, not changes(there, rules.payloads, bot), off)
