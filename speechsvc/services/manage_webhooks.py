"""Webhook endpoints of a tenant."""

from __future__ import annotations

from collections.abc import Sequence

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.event import EVENT_TYPES
from speechsvc.domain.ids import new_id
from speechsvc.domain.secret import new_webhook_secret
from speechsvc.domain.webhook import Delivery, Endpoint
from speechsvc.errors import InvalidInput
from speechsvc.ports import Page
from speechsvc.services.core import Core


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
