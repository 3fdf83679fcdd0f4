"""One try to deliver one event to one webhook endpoint; the schedule lives in the job row."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from datetime import timedelta
from typing import Any

from speechsvc.domain.event import Event
from speechsvc.domain.job import Job
from speechsvc.domain.retry import Outcome, next_delay, outcome
from speechsvc.domain.webhook import Attempt, DeliveryState
from speechsvc.errors import NotFound, SpeechsvcError
from speechsvc.services.core import Core


class DeliveryGivenUp(SpeechsvcError):
    """The receiver did not accept the event within the whole retry schedule."""

    code = "delivery_given_up"
    zh = "接收方在全部重试时间内都未接受该事件。"


def deliver_event(core: Core, job: Job) -> None:
    """Sends, then stores the attempt and finishes, retries or buries the job in one commit. Raises StaleLease."""
    with core.db.tenant(job.tenant_id, write=False) as uow:
        try:
            delivery = uow.webhooks.delivery(job.subject)
            endpoint = uow.webhooks.get(delivery.endpoint_id)
            secret = uow.webhooks.secret(endpoint.id)
            event = uow.events.get(delivery.event_id)
        except NotFound:
            endpoint = None
    if endpoint is None or not endpoint.enabled or not event.data:  # an emptied event belongs to an erased call
        return _drop(core, job)
    attempt = core.sender.send(endpoint.url, event_id=event.id, body=event_body(event), secret=secret)
    return _settle(core, job, delivery.endpoint_id, attempt)


def fail_delivery(core: Core, job: Job, error: SpeechsvcError) -> None:
    """Our own trouble counts as a try that brought no answer, so that no delivery stays open for ever.

    Raises StaleLease.
    """
    attempt = Attempt(at=core.clock.now(), status=None, error=error.code, response=None, seconds=0.0)
    _settle(core, job, None, attempt, final=error.permanent)


def event_body(event: Event) -> bytes:
    """The same bytes for every try, and the same shape as in the change feed."""
    return json.dumps(event_view(event), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def event_view(event: Event) -> dict[str, Any]:
    """Envelope of the Standard Webhooks specification with the feed's place added."""
    return {
        "id": event.id,
        "seq": event.seq,
        "type": event.type,
        "timestamp": event.occurred_at.isoformat(),
        "subject": event.subject,
        "data": event.data,
    }


def _drop(core: Core, job: Job) -> None:
    """The endpoint or the delivery is gone, or switched off: nothing to do any more."""
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.finish(job)
        uow.webhooks.drop(job.subject)
        uow.commit()


def _settle(core: Core, job: Job, endpoint_id: str | None, attempt: Attempt, *, final: bool = False) -> None:
    result = outcome(attempt.status)
    delay = None
    if result is Outcome.RETRY and not final:
        delay = next_delay(job.attempt, retry_after=attempt.retry_after, random=random.random)
    with core.db.tenant(job.tenant_id) as uow:
        if result is Outcome.DELIVERED:
            uow.jobs.finish(job)
            state, next_at = DeliveryState.DELIVERED, None
        elif delay is not None:
            why = attempt.error or f"HTTP {attempt.status}"
            uow.jobs.retry(job, delay_s=delay, error_code="delivery_failed", error=why)
            state, next_at = DeliveryState.PENDING, core.clock.now() + timedelta(seconds=delay)
        else:
            given_up = DeliveryGivenUp()
            uow.jobs.bury(job, error_code=given_up.code, error=str(given_up))
            state, next_at = DeliveryState.FAILED, None
        with suppress(NotFound):  # erased from the log meanwhile
            uow.webhooks.record(job.subject, attempt, state, next_at)
        if result is Outcome.GONE and endpoint_id is not None:
            uow.webhooks.disable(endpoint_id, "the receiver answered 410 Gone")
        uow.commit()
