"""Task shells: the work is in `speechsvc.services`."""

from contextlib import suppress

from kombu.exceptions import OperationalError

from speechsvc.queueing.celery_app import RUN_NEXT, most_memory_mb
from speechsvc.queueing.stopping import drain
from workers.app import app


@app.task(name=RUN_NEXT)  # type: ignore[untyped-decorator]
def run_next(queue: str) -> None:
    """Runs the due jobs of a queue, one after another."""
    from speechsvc.bootstrap import application  # here: a worker's main process needs no model libraries

    most_mb = most_memory_mb(application().settings)
    if drain(lambda: application().run_next(queue), most_mb):
        with suppress(OperationalError):  # without a broker now, the dispatcher wakes us later
            run_next.apply_async(kwargs={"queue": queue}, queue=queue)
