"""Cuts a connection so that the other side gets a TCP reset (errno 104), as when a host dies."""

from __future__ import annotations

import socket
import struct

from aiohttp import web


def reset(request: web.Request) -> None:
    """Abort the request's connection; unsent bytes are thrown away."""
    transport = request.transport
    if transport is None:
        return
    handle = transport.get_extra_info("socket")
    if handle is not None:
        # With a linger time of zero the kernel sends RST instead of FIN.
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
