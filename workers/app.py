"""The Celery application of worker processes."""

from typing import Any

from celery.signals import setup_logging

from speechsvc import logging
from speechsvc.config import Settings
from speechsvc.queueing.celery_app import make_celery
from speechsvc.queueing.stopping import connect_signals

_settings = Settings()
app = make_celery(_settings)
connect_signals(app, _settings.supervisor_pid)


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
def _log_like_the_rest(**kwargs: Any) -> None:
    """With a receiver here Celery leaves logging alone, so a worker's lines look like the web process's."""
    logging.configure(_settings.log_level, _settings.log_format)
