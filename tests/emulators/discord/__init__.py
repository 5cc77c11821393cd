"""A loopback Discord for the real discord.py: gateway, REST and a driver for tests. See README.md."""

from __future__ import annotations

from .acting import CannotDo
from .channels import Channel, Role
from .command_options import BadOption, File
from .core import Request
from .driver import Guild
from .errors import ApiError
from .members import Member
from .results import InteractionResult
from .server import BOT_PERMISSIONS, LoopbackDiscord
from .state import AttachmentRecord, MessageRecord

__all__ = [
    "BOT_PERMISSIONS",
    "ApiError",
    "AttachmentRecord",
    "BadOption",
    "CannotDo",
    "Channel",
    "File",
    "Guild",
    "InteractionResult",
    "LoopbackDiscord",
    "Member",
    "MessageRecord",
    "Request",
    "Role",
]
