"""Telegram as the Watcher, moderators' messages and `safetybot run` see it.

Lives here: replying, posting, what is told of health, and the parts put together. Does not live here: updates
(`inbox.py`, `polling.py`, `webhook.py`), looks (`rendering.py`), limits and faults (`limits.py`, `sending.py`).
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from telegram.error import InvalidToken, TelegramError

from safetybot.chat.alerts import post_alert
from safetybot.chat.answers import Answer
from safetybot.chat.cards import reply_buttons
from safetybot.chat.commands import Commands
from safetybot.chat.services import Finding, Services
from safetybot.chat.text import RichText, text
from safetybot.communities.access import Role
from safetybot.config.loading import variable_of
from safetybot.config.settings import TelegramSettings
from safetybot.documents import InvalidDocument, Problem
from safetybot.intake import Intake
from safetybot.model import Message, Place, Response
from safetybot.platforms.telegram import findings
from safetybot.platforms.telegram.caller import People, role_of
from safetybot.platforms.telegram.command_lists import install, lists_of
from safetybot.platforms.telegram.connection import ALLOWED, connect
from safetybot.platforms.telegram.findings import ADMINS
from safetybot.platforms.telegram.giving import Giver
from safetybot.platforms.telegram.groups import Groups
from safetybot.platforms.telegram.inbox import Inbox, WebhookPace
from safetybot.platforms.telegram.limits import Budgets, Metrics, Outbox, Rates
from safetybot.platforms.telegram.listening import TextCommands
from safetybot.platforms.telegram.places import Moves, Places
from safetybot.platforms.telegram.polling import Leases, Poller, PollPace
from safetybot.platforms.telegram.presses import Presses
from safetybot.platforms.telegram.rendering import html_of, keyboard, pages
from safetybot.platforms.telegram.sealing import Sealing
from safetybot.platforms.telegram.sending import Sender, Stranger
from safetybot.platforms.telegram.surfaces import NAME
from safetybot.ports import Alert, Clock, PlatformError, Posted, Receipt
from safetybot.watcher import Watcher

if TYPE_CHECKING:
    from safetybot.platforms.telegram.webhook import Webhook

log = structlog.get_logger(__name__)

_DRAIN = 7.0
"""Seconds that a stop gives to what is on its way."""
_LAST = 0.5
_PROBE = "telegram-store-answers"
_COMMUNITIES = 5_000


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, all of them; tests are in more of a hurry."""

    poll: PollPace = field(default_factory=PollPace)
    webhook: WebhookPace = field(default_factory=WebhookPace)
    rates: Rates = field(default_factory=Rates)
    send_within: float = 30.0
    """What nobody's message asks for (a press, an alert) is given up after this time."""
    first_pause: float = 1.0
    longest_pause: float = 60.0


def _webhook(settings: TelegramSettings, inbox: Inbox, pace: WebhookPace) -> Webhook:
    from safetybot.platforms.telegram.webhook import Webhook  # with a server, which whoever polls does not need

    return Webhook(settings, inbox, pace)


class TelegramPlatform:
    """Implements `ports.Platform` and `chat.services.Board`."""

    name = NAME

    def __init__(
        self,
        settings: TelegramSettings,
        services: Services,
        commands: Commands,
        metrics: Metrics,
        *,
        budgets: Budgets,
        moves: Moves,
        leases: Leases,
        clock: Clock,
        pace: Pace = Pace(),  # frozen
    ) -> None:
        """Put the parts together; `connect`, then `run`. Raises `InvalidDocument` for a webhook without a secret."""
        if settings.webhook_url and not settings.webhook_secret.get_secret_value():
            missing = variable_of(("telegram", "webhook_secret"))
            hint = "32 random letters, such as from `openssl rand -hex 32`"
            raise InvalidDocument([Problem(missing, 0, 0, "is empty: anybody could post to the webhook", hint)])
        self._settings, self._services, self._pace = settings, services, pace
        token = settings.token.get_secret_value()
        self._connection = connect(token, settings.base_url)
        self._places = Places(moves)
        self._outbox = Outbox(
            f"telegram:{token.partition(':')[0]}", budgets, clock, metrics, key=token.encode(), rates=pace.rates
        )
        self.sender = Sender(self._connection, self._outbox, self._places, clock, timedelta(seconds=pace.send_within))
        self.sealing = Sealing(services.actions)
        self.people = People(self.sender, services, self._places)
        self.giver = Giver(self.sender, self.sealing)
        groups = Groups(services.communities, self.people, self._places, self.sender)
        self.presses = Presses(commands, self.sender, self.giver, self.people, self._places, self.sealing, groups)
        self.inbox = Inbox(
            self._connection, services, self.people, self._places, self.presses, metrics,
            lambda: leases.take(_PROBE, timedelta(seconds=1)),
        )  # fmt: skip
        self.inbox.listeners.append(
            TextCommands(
                commands,
                self.sender,
                self.giver,
                self.people,
                self._places,
                self.sealing,
                self.presses,
                groups,
                leases,
            )
        )
        self._lists = lists_of(tuple(commands.all.values()), services.library)
        self._listing: asyncio.Task[None] | None = None
        self.poller = None if settings.webhook_url else Poller(self._connection, self.inbox, leases, pace.poll)
        self._webhook = _webhook(settings, self.inbox, pace.webhook) if settings.webhook_url else None
        self._problem = "starting"
        self._let_in = asyncio.Event()
        self._intake: Intake | None = None
        self._alerts: Callable[[Alert], Awaitable[Posted | None]] = lambda alert: post_alert(services, alert)
        self._unreached: OrderedDict[str, int] = OrderedDict()

    def connect(
        self,
        watcher: Watcher,
        intake: Intake,
        alerts: Callable[[Alert], Awaitable[Posted | None]] | None = None,
        *,
        away: tuple[type[BaseException], ...] = (OSError,),
    ) -> None:
        """Say where messages go. Called once, before `run`.

        Args:
            watcher: Sees messages through; it is fed by `intake`.
            intake: Queues them for it.
            alerts: Posts alerts; `chat.alerts.post_alert` where nothing else is given.
            away: What the store raises while it cannot be reached.
        """
        self._intake = intake
        self.inbox.connect(intake)
        self._outbox.away = away
        for source in (self.poller, self._webhook):
            if source is not None:
                source.away = away
        if alerts is not None:
            self._alerts = alerts

    async def run(self) -> None:
        """Take updates in until `stop`, or until cancelled."""
        await self._log_in()
        self._let_in.set()
        self._stop_listing()
        self._listing = asyncio.create_task(install(self.sender, self._lists), name="telegram-commands")
        if self.poller is not None:
            self._problem = ""
            await self._until_well("webhook_not_ended", self._connection.delete_webhook)
            await self.poller.run()
        elif self._webhook is not None:
            await self._webhook.start()
            await self._until_well("webhook_not_set", self._set_webhook)
            self._problem = ""
            await asyncio.Event().wait()

    async def reachable(self) -> None:
        """Wait until Telegram let the bot in: from then on replies can be sent."""
        await self._let_in.wait()

    async def stop(self) -> None:
        """Take nothing in any more, see through what was taken in, for some seconds at most, then disconnect."""
        ends = time.monotonic() + _DRAIN
        self._stop_listing()
        if self.poller is not None:
            await self.poller.pause(_DRAIN)
        if self._webhook is not None:
            self._webhook.pause()
        if self._intake is not None and not await self._intake.drained(max(0.1, ends - time.monotonic())):
            # What still waits for a turn was surely not sent, so it is known to be missed, not unknown.
            self._outbox.close()
            if not await self._intake.drained(_LAST):
                log.warning("messages_left", platform=NAME, waiting=self._intake.waiting)
        await self.inbox.answered(max(0.1, ends - time.monotonic()))
        if self.poller is not None:
            await self.poller.stop()
        if self._webhook is not None:
            await self._webhook.stop()
        for request in (self._connection.request, self._connection._request[0]):
            await request.shutdown()

    def health(self) -> Mapping[str, object]:
        """How it fares: `problem` is empty while updates come; the age is that of the last good poll or post."""
        source = self.poller or self._webhook
        last = source.last_good if source is not None else None
        return {
            "mode": "polling" if self.poller is not None else "webhook",
            "problem": self._trouble(),
            "last_good_seconds": None if last is None else round(time.monotonic() - last, 1),
            "holds_lease": self.poller.holds_lease if self.poller is not None else None,
            "odd_updates": self.inbox.odd,
            "sends_waiting": self._outbox.waiting,
        }

    @property
    def webhook_port(self) -> int:
        """The port that posts are taken in on; 0 before it is known."""
        return self._webhook.port if self._webhook is not None else 0

    # Platform -----------------------------------------------------------------------------------------------

    async def reply(self, to: Message, response: Response, interaction_id: int, claim_key: str) -> Receipt:
        """Reply once, silently, without a preview. Telegram knows no key, so `claim_key` stays here (T30).

        Raises:
            UnsureError: It may have been sent.
            PlatformError: It was not; `TooLate` where the limits would have let it out after its time.
        """
        del claim_key
        self.inbox.committed(to.place, to.id)
        answer = Answer(text(*response.public.splitlines()), reply_buttons(self._services, response, interaction_id))
        sent = await self.sender.say(
            to.place.channel,
            html_of(answer.text),
            markup=keyboard(answer, self.sealing.about(None)),
            reply_to=to.id,
            thread=to.place.thread,
            before=(to.edited_at or to.sent_at) + self._settings.late_after,
        )
        self.presses.speaks(str(sent.chat.id), str(sent.message_id), response.language)
        self.inbox.reactions.sent(str(sent.chat.id), str(sent.message_id))
        return Receipt(str(sent.message_id))

    async def posted_reply(self, to: Message) -> Receipt | None:
        """Always raises `PlatformError`: Telegram lets no bot read what stands in a chat (T30)."""
        raise PlatformError(f"Telegram lets no bot look for a reply under message {to.id}")

    async def alert(self, alert: Alert) -> Posted | None:
        """Tell the community's moderators. Raises `PlatformError`."""
        self.inbox.committed(alert.about.place, alert.about.id)
        return await self._alerts(alert)

    async def notice(self, community: str, channel: str | None, text: str) -> None:
        """Tell a community's moderators something that is about no message. Raises `PlatformError`."""
        if channel is None:
            raise PlatformError("the community has chosen no alert channel")
        await self.post(community, channel, Answer(_plain(text)))

    # Board --------------------------------------------------------------------------------------------------

    async def post(self, community: str, channel: str, answer: Answer) -> Posted:
        """Post for moderators: into a chat, or (`admins`) in private to each administrator who started the bot.

        Raises `PlatformError`; in private, where nobody could be told.
        """
        *_, page = pages(answer.text)
        markup = keyboard(answer, self.sealing.about(community, stays=True))
        chats = await self._administrators(community) if channel == ADMINS else [channel]
        posted: list[str] = []
        strangers = 0
        for chat in chats:
            try:
                sent = await self.sender.say(chat, page, markup=markup)
            except Stranger:
                strangers += 1
                if channel != ADMINS:
                    raise
            else:
                posted.append(f"{sent.chat.id}.{sent.message_id}")
        self._remember_unreached(community, strangers)
        if not posted:
            raise PlatformError(
                "no administrator has started the bot, so none can be told: they have to open a private chat with it "
                "and press Start"
            )
        return Posted(community, ",".join(posted))

    async def edit(self, where: Posted, answer: Answer) -> None:
        """Replace what was posted, wherever it stands. Raises `PlatformError`, also where it is gone."""
        *_, page = pages(answer.text)
        markup = keyboard(answer, self.sealing.about(where.channel, stays=True))
        problem: PlatformError | None = None
        for one in where.message_id.split(","):
            chat, _, message_id = one.rpartition(".")
            try:
                await self.sender.edit(chat, message_id, page, markup)
            except PlatformError as error:
                problem = error  # the others are changed all the same
        if problem is not None:
            raise problem

    async def standing(self, community: str, member: str) -> Role | None:
        """What somebody is in a group now, as Telegram says; None for plain members and whoever is not in it.

        Raises `PlatformError` where Telegram does not answer.
        """
        found = await self.people.standing(self._places.chat_of(community), int(member))
        return role_of(found) if found is not None else None

    async def findings(self, community: str, language: str) -> Sequence[Finding]:
        """Connection, rights and privacy mode, as they are for this community now."""
        policy = await self._services.store.policy(Place(NAME, community, self._places.chat_of(community)))
        return await findings.look(
            self.sender, self._places.chat_of(community), policy.alert_channel, self._unreached.get(community, 0),
            language, self._trouble,
        )  # fmt: skip

    def jump(self, place: Place, message_id: str) -> str | None:
        """The address of a message; None in basic groups and in private, where messages have none."""
        chat = self._places.present(place.channel)
        if not chat.startswith("-100"):
            return None
        parts = [chat.removeprefix("-100"), *([place.thread] if place.thread else []), message_id]
        return "https://t.me/c/" + "/".join(parts)

    # Inner parts --------------------------------------------------------------------------------------------

    async def _log_in(self) -> None:
        """Learn who we are; a refused token is told, and tried again: it may be given back."""
        await self._until_well("not_logged_in", self._connection.initialize)

    def _stop_listing(self) -> None:
        if self._listing is not None:
            self._listing.cancel()
            self._listing = None

    async def _set_webhook(self) -> object:
        return await self._connection.set_webhook(
            self._settings.webhook_url,
            max_connections=self._settings.max_connections,
            allowed_updates=list(ALLOWED),
            secret_token=self._settings.webhook_secret.get_secret_value(),
            drop_pending_updates=False,
        )

    async def _until_well(self, event: str, ask: Callable[[], Awaitable[object]]) -> None:
        pause = self._pace.first_pause
        while True:
            try:
                await ask()
            except InvalidToken:
                # Its message holds the token.
                self._problem = "Telegram refuses the token"
                log.error(  # noqa: TRY400  # no traceback: its last line holds the token
                    "token_refused", hint="set telegram.token to the one that BotFather shows"
                )
            except TelegramError as error:
                self._problem = "Telegram does not answer"
                log.warning(event, why=type(error).__name__, again_in=pause)
            else:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._pace.longest_pause)

    def _trouble(self) -> str:
        return self._problem or (self.poller.problem if self.poller is not None else "")

    async def _administrators(self, community: str) -> list[str]:
        chat = self._places.chat_of(community)
        found = await self.sender.ask(lambda connection: connection.get_chat_administrators(chat), chat)
        return [str(one.user.id) for one in found if not one.user.is_bot]

    def _remember_unreached(self, community: str, number: int) -> None:
        self._unreached[community] = number
        self._unreached.move_to_end(community)
        if len(self._unreached) > _COMMUNITIES:
            self._unreached.popitem(last=False)


def _plain(words: str) -> RichText:
    return text(*words.splitlines())
