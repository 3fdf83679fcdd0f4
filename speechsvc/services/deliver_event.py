"""One try to deliver one event to one webhook endpoint; the schedule lives in the job row.

Events of one lane (a follow-up, or a call without one) go in the order of the feed: while an earlier one is still
tried, the later ones wait, and other lanes go on.
"""

from __future__ import annotations

import json
import random
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from speechsvc.domain.event import VERSION, Event
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.retry import Outcome, next_delay, outcome
from speechsvc.domain.webhook import DISABLE_AFTER, Attempt, Delivery, DeliveryState, Endpoint
from speechsvc.errors import NotFound, SpeechsvcError
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.publish_event import publish_event

# A job that waits for an earlier event is woken when that one ends; this is only how soon it looks by itself.
_LOOK_AGAIN_S = 30.0


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
            blocked = uow.webhooks.blocker(delivery) is not None
        except NotFound:
            endpoint = None
    if endpoint is None or not endpoint.enabled or not event.data:  # an emptied event belongs to an erased call
        return _drop(core, job)
    if blocked and _wait(core, job, delivery):
        return None
    attempt = core.sender.send(endpoint.url, event_id=event.id, body=event_body(event), secret=secret)
    return _settle(core, job, endpoint, attempt)


def _wait(core: Core, job: Job, delivery: Delivery) -> bool:
    """Lets an earlier event of the same lane go first; whoever ends that one makes this job due."""
    with core.db.tenant(job.tenant_id) as uow:
        blocker = uow.webhooks.blocker(delivery, hold=True)
        if blocker is None:
            return False
        due = (blocker.next_at - core.clock.now()).total_seconds() if blocker.next_at else 0.0
        text = f"waits for {blocker.event_id}"
        uow.jobs.retry(job, delay_s=max(due, _LOOK_AGAIN_S), error_code="waits", error=text, counted=False)
        uow.commit()
    return True


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
        "version": VERSION,
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
        _let_next_go(uow, job)
        uow.commit()


def _settle(core: Core, job: Job, endpoint: Endpoint | None, attempt: Attempt, *, final: bool = False) -> None:
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
        if state is not DeliveryState.PENDING:
            _let_next_go(uow, job)
        if endpoint is not None:
            _judge_endpoint(uow, endpoint, attempt, result)
        uow.commit()


def _let_next_go(uow: UnitOfWork, job: Job) -> None:
    with suppress(NotFound):
        after = uow.webhooks.next_in_lane(uow.webhooks.delivery(job.subject))
        if after is not None:
            uow.jobs.hasten(JobKind.DELIVER, after.id)


def _judge_endpoint(uow: UnitOfWork, endpoint: Endpoint, attempt: Attempt, result: Outcome) -> None:
    """Notes success and failure, and switches off what is gone or has taken nothing for too long."""
    since = endpoint.failing_since
    if result is Outcome.DELIVERED:
        if since is not None:
            uow.webhooks.note_failing(endpoint.id, None)
        return
    if since is None:
        uow.webhooks.note_failing(endpoint.id, attempt.at)
    if result is Outcome.GONE:
        _switch_off(uow, endpoint, "gone", "the receiver answered 410 Gone", attempt.at)
    elif since is not None and attempt.at - since >= DISABLE_AFTER:
        hours = round((attempt.at - since).total_seconds() / 3600)
        _switch_off(uow, endpoint, "failing", f"every try failed for {hours} hours", attempt.at)


def _switch_off(uow: UnitOfWork, endpoint: Endpoint, code: str, reason: str, at: datetime) -> None:
    """The feed and the tenant's other webhooks are told."""
    with suppress(NotFound):
        if uow.webhooks.disable(endpoint.id, reason):
            since = endpoint.failing_since or at
            data = {"webhook_id": endpoint.id, "reason": code, "failing_since": since.isoformat()}
            uow.audit.add(actor="system", action="webhook.disabled", subject=endpoint.id, details={"reason": code})
            publish_event(uow, "webhook.disabled", endpoint.id, data)
