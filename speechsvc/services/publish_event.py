"""Puts an event into the tenant's feed and on its way to each webhook, inside the caller's transaction."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from speechsvc.domain.call import Call
from speechsvc.domain.event import Event, fitted, lane_of
from speechsvc.domain.job import JobKind
from speechsvc.errors import NotFound
from speechsvc.ports import UnitOfWork


def publish_event(uow: UnitOfWork, type: str, subject: str, data: dict[str, Any], *, lane: str = "") -> Event:
    """Call it last before `commit`: the feed's counter stays locked from here on.

    `lane`: which events webhooks keep in order with this one; by default those of its follow-up, else of its subject.
    Raises EventTooLarge.
    """
    event = uow.events.append(type, subject, fitted(data), lane=lane)
    for endpoint in uow.webhooks.list():
        if endpoint.enabled and (not endpoint.event_types or type in endpoint.event_types):
            with suppress(NotFound):  # deleted meanwhile: that must not cost the call its result
                delivery = uow.webhooks.add_delivery(endpoint.id, event)
                uow.jobs.add(JobKind.DELIVER, delivery.id)
    return event


def call_lane(call: Call) -> str:
    """Of all events of this call, also of those that no longer say which follow-up it belonged to."""
    return lane_of(call.id, {"followup_id": call.metadata.followup_id})


def call_identity(call: Call) -> dict[str, Any]:
    """The ids by which a CRM finds its own records again. No names, no numbers, no words."""
    meta = call.metadata
    return {
        "call_id": call.id,
        "external_id": meta.external_id,
        "source": call.source.value,
        "started_at": meta.started_at.isoformat(),
        "followup_id": meta.followup_id,
        "opportunity_id": meta.opportunity.id if meta.opportunity else None,
        "salesperson_id": meta.salesperson.id if meta.salesperson else None,
        "customer_id": meta.customer.id if meta.customer else None,
    }
