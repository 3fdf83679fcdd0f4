"""How long a request may stay silent while its body is on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from starlette.types import Message

from speechsvc.api.errors import UploadStalled


async def within(seconds: float, receive: Awaitable[Message]) -> Message:
    """The next message. Raises UploadStalled when none comes in time: a silent client holds nothing for ever."""
    try:
        return await asyncio.wait_for(receive, seconds)
    except TimeoutError:
        raise UploadStalled(seconds=round(seconds)) from None
