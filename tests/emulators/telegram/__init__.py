"""A Bot API server on the loopback interface, for tests with the real python-telegram-bot.

`LoopbackTelegram` is the way in; README.md says which part follows which rule of the platform.
"""

from .core import CallbackAnswer, CallbackQuery
from .flood import FloodLimits
from .loopback import LoopbackTelegram
from .people import Manner, Tap, User
from .server import Request
from .webhook import SECRET_HEADER, Delivery
from .world import Account, Chat, Membership, Message, Topic, Upload

__all__ = [
    "SECRET_HEADER",
    "Account",
    "CallbackAnswer",
    "CallbackQuery",
    "Chat",
    "Delivery",
    "FloodLimits",
    "LoopbackTelegram",
    "Manner",
    "Membership",
    "Message",
    "Request",
    "Tap",
    "Topic",
    "Upload",
    "User",
]
