"""The Celery application of worker processes."""

import warnings
from typing import Any

from celery.platforms import SecurityWarning
from celery.signals import setup_logging

from speechsvc import logging
from speechsvc.config import Settings
from speechsvc.queueing.celery_app import make_celery
from speechsvc.queueing.stopping import connect_signals

_settings = Settings()
app = make_celery(_settings)
connect_signals(app, _settings.supervisor_pid)


# Celery's advice to root is to use an option of its own that means nothing here; containers have one user anyway
warnings.filterwarnings("ignore", category=SecurityWarning)


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
def _log_like_the_rest(**kwargs: Any) -> None:
    """With a receiver here Celery leaves logging alone, so a worker's lines look like the web process's."""
    logging.configure(_settings.log_level, _settings.log_format)
