"""The embedded broker: kombu's filesystem transport, made safe for several processes.

Kombu writes a message under its final name while a reader may already take it, and keeps the bindings in a file that
two starting processes can both truncate. Here messages appear whole or not at all, whoever unlinks one owns it, and
the bindings stay in memory: every process declares the same three queues.
"""

from __future__ import annotations

import os
import time
import uuid
from contextlib import suppress
from queue import Empty
from typing import Any

from kombu.transport import filesystem, virtual
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):  # type: ignore[misc]
    """One folder of message files for all queues."""

    supports_fanout = False
    get_table = virtual.Channel.get_table
    _delete = virtual.base.AbstractChannel._delete

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}"
        path = os.path.join(self.data_folder_out, name)
        with open(f"{path}.tmp", "w", encoding="utf-8") as file:
            file.write(dumps(payload))
        os.rename(f"{path}.tmp", f"{path}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] == f"{queue}.msg":
                path = os.path.join(self.data_folder_in, name)
                with suppress(FileNotFoundError):  # another process was faster
                    with open(path, encoding="utf-8") as file:
                        payload = file.read()
                    os.unlink(path)
                    return loads(payload)
        raise Empty


class Transport(filesystem.Transport):  # type: ignore[misc]
    """Named in TRANSPORT_ALIASES by `speechsvc.queueing.celery_app`."""

    Channel = Channel
    global_state = virtual.BrokerState()
    implements = virtual.Transport.implements.extend(asynchronous=False, exchange_type=frozenset({"direct", "topic"}))
