"""The Celery application of worker processes."""

from speechsvc.config import Settings
from speechsvc.queueing.celery_app import make_celery
from speechsvc.queueing.stopping import connect_signals

_settings = Settings()
app = make_celery(_settings)
connect_signals(_settings.supervisor_pid)
