"""What a member sees of an interaction's outcome: answer, follow-ups, modal, choices, or that it failed."""

from __future__ import annotations

import time

from .core import Core
from .errors import ApiError, Json
from .interactions import DEFER, DEFER_UPDATE, Interaction
from .state import AttachmentRecord, MessageRecord


class InteractionResult:
    """What came of a press, command or submit, from the eyes of the one who made it.

    Attributes:
        interaction: the record, with callback type, follow-ups and refused requests.
    """

    def __init__(self, core: Core, interaction: Interaction) -> None:
        self._core = core
        self.interaction = interaction

    @property
    def failed(self) -> bool:
        """Whether the client shows "This interaction failed": no callback within three seconds."""
        return self.interaction.ack is None

    @property
    def deferred(self) -> bool:
        """Whether the bot deferred first, whatever came after."""
        return self.interaction.ack in {DEFER, DEFER_UPDATE}

    @property
    def thinking(self) -> bool:
        """Whether the deferred answer is still missing."""
        return self.interaction.deferred

    @property
    def answered_after(self) -> float | None:
        """Seconds from the press to the callback; None when none came."""
        return self.interaction.ack_after

    @property
    def message(self) -> MessageRecord | None:
        """The answer, or the message that was updated by it."""
        return self.interaction.original

    @property
    def content(self) -> str:
        """The answer's text, "" without one."""
        return self.message.content if self.message is not None else ""

    @property
    def embeds(self) -> list[Json]:
        """The answer's embeds."""
        return self.message.embeds if self.message is not None else []

    @property
    def components(self) -> list[Json]:
        """The answer's components, as a tree."""
        return self.message.components if self.message is not None else []

    @property
    def files(self) -> list[AttachmentRecord]:
        """The answer's files."""
        return self.message.attachments if self.message is not None else []

    @property
    def ephemeral(self) -> bool:
        """Whether only the presser sees the answer."""
        return self.message is not None and self.message.ephemeral

    @property
    def modal(self) -> Json | None:
        """The modal that was opened."""
        return self.interaction.modal

    @property
    def choices(self) -> list[Json]:
        """An autocomplete's choices, as name and value."""
        return self.interaction.choices or []

    @property
    def followups(self) -> list[MessageRecord]:
        """Further messages, in order."""
        return self.interaction.followups

    @property
    def problems(self) -> list[ApiError]:
        """What the bot's requests for this interaction were refused for."""
        return self.interaction.problems

    async def followup(self, number: int = 0, *, within: float = 5.0) -> MessageRecord:
        """A further message, waiting for it.

        Raises:
            AssertionError: it does not come within so many seconds.
        """
        deadline = time.monotonic() + within
        while len(self.followups) <= number:
            if not await self._core.until(deadline):
                raise AssertionError(f"follow-up {number} did not come within {within:g} s")
        return self.followups[number]
