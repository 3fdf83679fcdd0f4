"""One Celery application for web processes (they send) and workers (they receive).

The broker carries wake-ups only: leases, attempts, retries and times live in the database. So messages are
acknowledged early, results are ignored, and neither RabbitMQ's acknowledgement timeout nor Redis' visibility timeout
can repeat a long job.
"""

from __future__ import annotations

from typing import Any

import psutil
from celery import Celery
from kombu import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

from speechsvc.config import Settings, make_private_folder
from speechsvc.domain.job import JobKind

RUN_NEXT = "speechsvc.run_next"
JOBS_A_MESSAGE = 20  # then another message takes over, so that Celery can renew a child that has grown
QUEUES = tuple(kind.queue for kind in JobKind)

_EMBEDDED = "speechsvc-files"
TRANSPORT_ALIASES[_EMBEDDED] = "speechsvc.queueing.file_transport:Transport"


def make_celery(settings: Settings) -> Celery:
    """Configured for the broker that the settings name; connects to nothing. Makes the embedded broker's folder."""
    app = Celery("speechsvc", include=["workers.tasks"], set_as_current=False)
    url = f"{_EMBEDDED}://localhost/" if settings.embedded_broker else settings.broker_url
    app.conf.update(
        broker_url=url,
        broker_transport_options=_transport_options(settings, url),
        task_queues=[_queue(name, quorum=url.startswith("amqp")) for name in QUEUES],
        task_default_queue="text",
        **_SENDING,
        **_RECEIVING,
        worker_max_memory_per_child=most_memory_mb(settings) * 1024,  # kB
        worker_max_tasks_per_child=-(-settings.worker_jobs // JOBS_A_MESSAGE),
    )
    return app


def most_memory_mb(settings: Settings) -> int:
    """Of one worker process; beyond it, it is renewed after its job. By default recognition has half of the machine."""
    return settings.worker_memory_mb or psutil.virtual_memory().total // 2**20 // (2 * max(1, settings.asr_processes))


_SENDING: dict[str, Any] = {
    "task_serializer": "json",
    "accept_content": ["json"],
    "result_backend": None,
    "task_ignore_result": True,
    "task_publish_retry": False,  # the dispatcher tries again, and it knows more
    "broker_connection_timeout": 5,
    "broker_heartbeat": 30,  # seconds; RabbitMQ
    "task_create_missing_queues": False,
}

_RECEIVING: dict[str, Any] = {
    "task_acks_late": False,  # the lease is the truth
    "worker_prefetch_multiplier": 1,
    # CTranslate2 is not fork-safe: each child starts fresh and loads the model itself
    "worker_pool": "prefork",
    "worker_pool_start_method": "spawn",
    "worker_proc_alive_timeout": 120,  # seconds; a fresh interpreter imports for a while on a busy machine
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # for ever
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_native_delayed_delivery_queue_type": "classic",  # Celery declares them for quorum queues; unused here
}


def _queue(name: str, *, quorum: bool) -> Queue:
    arguments = {"x-queue-type": "quorum", "x-delivery-limit": 20} if quorum else None
    exchange = Exchange("speechsvc", type="direct", durable=True)
    return Queue(name, exchange, routing_key=name, durable=True, queue_arguments=arguments)


def _transport_options(settings: Settings, url: str) -> dict[str, Any]:
    if url.startswith("amqp"):
        return {"confirm_publish": True}
    if url.startswith("redis"):
        return {
            "global_keyprefix": "speechsvc:",
            "visibility_timeout": 3600,
            "socket_connect_timeout": 5,
            "socket_timeout": 30,
            "socket_keepalive": True,
            "health_check_interval": 10,  # seconds; notices a connection that died silently
            "retry_on_timeout": True,
        }
    if settings.embedded_broker:
        return _embedded(settings)
    return {}


def _embedded(settings: Settings) -> dict[str, Any]:
    folder = settings.data_dir.resolve() / "broker"
    make_private_folder(folder)
    return {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "polling_interval": 0.2,  # seconds
    }
