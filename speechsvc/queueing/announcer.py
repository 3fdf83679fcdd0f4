"""Sends wake-ups to workers through the broker."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from celery import Celery

from speechsvc.config import Settings
from speechsvc.errors import SpeechsvcError
from speechsvc.queueing.celery_app import RUN_NEXT, make_celery

_TIMEOUT_S = 5.0

# A worker that is woken goes on until nothing is due, so a few messages keep any number of workers busy. Without a
# limit, a backlog that is announced every half minute would pile up messages faster than workers take them.
MOST_WAITING = 256


class BrokerUnavailable(SpeechsvcError):
    """The message broker does not answer ({problem}); accepted work is kept and starts when it does."""

    code, status, permanent = "broker_unavailable", 503, False
    zh = "消息队列没有响应（{problem}）；已接收的任务不会丢失，恢复后自动继续。"
    advice = "Check the broker's address and that it runs; 'speechsvc doctor' shows more."
    advice_zh = "请检查消息队列的地址及其是否运行；'speechsvc doctor' 可查看详情。"


class CeleryAnnouncer:
    """Implements `Announcer`. Keeps one connection; threads take turns."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._connection: Any = None
        self._channel: Any = None

    @cached_property
    def _app(self) -> Celery:
        return make_celery(self._settings)

    def announce(self, queues: Sequence[str]) -> None:
        with self._lock:
            try:
                self._connect()
                for queue, wanted in Counter(queues).items():
                    for _ in range(min(wanted, MOST_WAITING - self._waiting(queue))):
                        self._send(queue)
            except Exception as error:  # every transport has its own errors
                self._disconnect()
                raise BrokerUnavailable(problem=type(error).__name__) from error

    def check(self) -> None:
        try:
            with self._app.connection_for_write(connect_timeout=_TIMEOUT_S) as connection:
                connection.connect()
                connection.channel().close()
        except Exception as error:
            raise BrokerUnavailable(problem=type(error).__name__) from error

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _connect(self) -> None:
        if self._connection is not None:
            return
        self._connection = self._app.connection_for_write(connect_timeout=_TIMEOUT_S)
        self._connection.connect()
        self._channel = self._connection.channel()
        for queue in self._app.amqp.queues.values():
            queue(self._channel).declare()

    def _disconnect(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(Exception):
                connection.collect(socket_timeout=_TIMEOUT_S)

    def _waiting(self, queue: str) -> int:
        # only RabbitMQ needs (and would refuse a second declaration without) the queue's arguments; kombu's Redis
        # transport does not find a queue passively under a key prefix
        passive = self._connection.transport.driver_type == "amqp"
        return int(self._channel.queue_declare(queue=queue, passive=passive).message_count)

    def _send(self, queue: str) -> None:
        producer = self._app.amqp.Producer(self._channel, auto_declare=False)
        self._app.send_task(
            RUN_NEXT,
            kwargs={"queue": queue},
            queue=queue,
            producer=producer,
            timeout=_TIMEOUT_S,
            confirm_timeout=_TIMEOUT_S,
        )
