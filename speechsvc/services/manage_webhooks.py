"""Webhook endpoints of a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.event import EVENT_TYPES, TEST_TYPE, Event
from speechsvc.domain.ids import new_id
from speechsvc.domain.job import JobKind
from speechsvc.domain.secret import new_webhook_secret
from speechsvc.domain.webhook import MAX_OVERLAP_H, Attempt, Delivery, Endpoint
from speechsvc.errors import Conflict, InvalidInput
from speechsvc.ports import Page, UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.deliver_event import event_body

_REPLAY_PAGE = 200


def create_webhook(core: Core, principal: Principal, url: str, event_types: Sequence[str] = ()) -> tuple[Endpoint, str]:
    """The endpoint and its secret, shown once. Raises InvalidInput for an unknown event type or a forbidden URL."""
    principal.require(Permission.WEBHOOKS_MANAGE)
    unknown = sorted(set(event_types) - set(EVENT_TYPES))
    if unknown:
        raise InvalidInput(
            field="event_types",
            problem=f"unknown: {', '.join(unknown)}; known: {', '.join(EVENT_TYPES)}",
            problem_zh=f"未知：{', '.join(unknown)}；可用：{', '.join(EVENT_TYPES)}",
        )
    core.sender.validate(url)
    endpoint = Endpoint(id=new_id("hook"), url=url, event_types=tuple(event_types), created_at=core.clock.now())
    secret = new_webhook_secret()
    with core.db.tenant(principal.tenant_id) as uow:
        uow.webhooks.add(endpoint, secret)
        uow.audit.add(actor=principal.key_id, action="webhook.created", subject=endpoint.id)
        uow.commit()
    return endpoint, secret


def list_webhooks(core: Core, principal: Principal) -> tuple[Endpoint, ...]:
    principal.require(Permission.WEBHOOKS_MANAGE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.webhooks.list()


def delete_webhook(core: Core, principal: Principal, endpoint_id: str) -> None:
    """Raises NotFound. Deliveries on their way are dropped."""
    principal.require(Permission.WEBHOOKS_MANAGE)
    with core.db.tenant(principal.tenant_id) as uow:
        uow.webhooks.delete(endpoint_id)
        uow.audit.add(actor=principal.key_id, action="webhook.deleted", subject=endpoint_id)
        uow.commit()


def list_deliveries(
    core: Core, principal: Principal, endpoint_id: str, *, cursor: str | None = None, limit: int = 50
) -> Page[Delivery]:
    """Newest first, with every attempt. Raises NotFound."""
    principal.require(Permission.WEBHOOKS_MANAGE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        uow.webhooks.get(endpoint_id)
        return uow.webhooks.deliveries(endpoint_id, cursor=cursor, limit=limit)


def rotate_secret(core: Core, principal: Principal, endpoint_id: str, overlap_h: float = 24.0) -> tuple[Endpoint, str]:
    """A new secret, shown once. During the overlap the one before it signs too, so that no event is refused.

    Raises NotFound, InvalidInput.
    """
    principal.require(Permission.WEBHOOKS_MANAGE)
    if not 0 <= overlap_h <= MAX_OVERLAP_H:
        raise InvalidInput(
            field="overlap_h",
            problem=f"must lie between 0 and {MAX_OVERLAP_H}",
            problem_zh=f"应为 0 至 {MAX_OVERLAP_H}",
        )
    secret = new_webhook_secret()
    with core.db.tenant(principal.tenant_id) as uow:
        uow.webhooks.rotate(endpoint_id, secret, timedelta(hours=overlap_h))
        uow.audit.add(actor=principal.key_id, action="webhook.rotated", subject=endpoint_id)
        uow.commit()
        return uow.webhooks.get(endpoint_id), secret


def enable_webhook(core: Core, principal: Principal, endpoint_id: str) -> Endpoint:
    """Takes new events from now on; ask for a replay of those it missed. Raises NotFound."""
    principal.require(Permission.WEBHOOKS_MANAGE)
    with core.db.tenant(principal.tenant_id) as uow:
        uow.webhooks.enable(endpoint_id)
        uow.audit.add(actor=principal.key_id, action="webhook.enabled", subject=endpoint_id)
        uow.commit()
        return uow.webhooks.get(endpoint_id)


def replay_events(core: Core, principal: Principal, endpoint_id: str, event_ids: Sequence[str]) -> int:
    """Sends these events again; how many. Those on their way already and those of erased calls are left out.

    Raises NotFound, Conflict for an endpoint that is switched off.
    """
    principal.require(Permission.WEBHOOKS_MANAGE)
    with core.db.tenant(principal.tenant_id) as uow:
        endpoint = _enabled(uow, endpoint_id)
        events = sorted((uow.events.get(i) for i in dict.fromkeys(event_ids)), key=lambda e: e.seq)
        sent = _queue(uow, endpoint, events, undelivered_only=False)
        uow.audit.add(actor=principal.key_id, action="webhook.replayed", subject=endpoint_id, details={"events": sent})
        uow.commit()
    core.wake()
    return sent


def replay_range(
    core: Core, principal: Principal, endpoint_id: str, since: datetime, until: datetime, *, undelivered_only: bool
) -> int:
    """The same for all events of a time range that the endpoint subscribes to, in order of the feed."""
    principal.require(Permission.WEBHOOKS_MANAGE)
    position, sent = 0, 0
    while True:
        with core.db.tenant(principal.tenant_id) as uow:
            endpoint = _enabled(uow, endpoint_id)
            page = uow.events.between(since, until, position, limit=_REPLAY_PAGE)
            wanted = [e for e in page if not endpoint.event_types or e.type in endpoint.event_types]
            sent += _queue(uow, endpoint, wanted, undelivered_only=undelivered_only)
            last = len(page) < _REPLAY_PAGE
            if last:
                details = {"events": sent, "from": since.isoformat(), "to": until.isoformat()}
                uow.audit.add(actor=principal.key_id, action="webhook.replayed", subject=endpoint_id, details=details)
            uow.commit()
        core.wake()
        if last:
            return sent
        position = page[-1].seq


def send_test(core: Core, principal: Principal, endpoint_id: str) -> Attempt:
    """One signed `webhook.test` at once, also to one that is switched off; it is in no feed. Raises NotFound."""
    principal.require(Permission.WEBHOOKS_MANAGE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        endpoint = uow.webhooks.get(endpoint_id)
        secret = uow.webhooks.secret(endpoint_id)
    event = Event(
        id=new_id("evt"),
        seq=0,
        type=TEST_TYPE,
        subject=endpoint_id,
        occurred_at=core.clock.now(),
        data={"webhook_id": endpoint_id},
    )
    return core.sender.send(endpoint.url, event_id=event.id, body=event_body(event), secret=secret)


def _enabled(uow: UnitOfWork, endpoint_id: str) -> Endpoint:
    endpoint = uow.webhooks.get(endpoint_id)
    if not endpoint.enabled:
        raise Conflict(problem="the webhook is switched off; enable it first", problem_zh="该 Webhook 已停用，请先启用")
    return endpoint


def _queue(uow: UnitOfWork, endpoint: Endpoint, events: Sequence[Event], *, undelivered_only: bool) -> int:
    sent = 0
    for event in events:
        delivery = uow.webhooks.again(endpoint.id, event, undelivered_only=undelivered_only) if event.data else None
        if delivery is not None:
            uow.jobs.add(JobKind.DELIVER, delivery.id)
            sent += 1
    return sent
