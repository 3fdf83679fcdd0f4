"""What a CRM reads and subscribes to: the change feed and webhooks."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response
from pydantic import Field

from speechsvc.api import views
from speechsvc.api.inputs import Strict, Text
from speechsvc.api.queries import Cursor, Limit
from speechsvc.api.responses import refusals
from speechsvc.api.route import From, api_router, needs
from speechsvc.api.schemas import ChangePage, DeliveryPage, EventOut, WebhookCreated, WebhookList
from speechsvc.domain.access import Permission
from speechsvc.services.deliver_event import event_view
from speechsvc.services.manage_webhooks import create_webhook, delete_webhook, list_deliveries, list_webhooks
from speechsvc.services.read_feed import read_changes

router = api_router("crm")

_NO_HOOK = (404, "No such webhook")


class WebhookIn(Strict):
    url: Annotated[Text, Field(min_length=1, max_length=2000, examples=["https://crm.example.com/hooks/speech"])]
    event_types: list[Annotated[str, Field(max_length=100)]] = Field(
        default_factory=list, max_length=50, description="empty: all", examples=[["call.analysed", "call.failed"]]
    )


@router.get("/changes", summary="Change feed", openapi_extra=needs(Permission.FEED_READ), response_model=ChangePage)
def get_changes(caller: From, cursor: Cursor = None, limit: Limit = 100) -> ChangePage:
    """Every event once, in order, from the beginning or from where `cursor` says.

    Store the cursor together with what you did; then nothing is missed or done twice.
    """
    changes = read_changes(caller.core, caller.principal, cursor, limit)
    events = [EventOut.model_validate(event_view(e)) for e in changes.events]
    return ChangePage(events=events, cursor=changes.cursor, more=changes.more)


@router.post(
    "/webhooks",
    status_code=201,
    summary="Subscribe to events",
    openapi_extra=needs(Permission.WEBHOOKS_MANAGE),
    response_model=WebhookCreated,
)
def post_webhook(caller: From, response: Response, body: WebhookIn) -> WebhookCreated:
    """Events are posted as the Standard Webhooks specification says; the secret is shown only now."""
    endpoint, secret = create_webhook(caller.core, caller.principal, body.url, body.event_types)
    response.headers["Location"] = caller.link(f"/v1/webhooks/{endpoint.id}")
    return WebhookCreated(**views.webhook_out(endpoint).model_dump(), secret=secret)


@router.get(
    "/webhooks",
    summary="List webhooks",
    openapi_extra=needs(Permission.WEBHOOKS_MANAGE),
    response_model=WebhookList,
)
def get_webhooks(caller: From) -> WebhookList:
    """Without their secrets."""
    return WebhookList(webhooks=[views.webhook_out(e) for e in list_webhooks(caller.core, caller.principal)])


@router.delete(
    "/webhooks/{webhook_id}",
    status_code=204,
    summary="Remove a webhook",
    openapi_extra=needs(Permission.WEBHOOKS_MANAGE),
    responses=refusals(_NO_HOOK),
)
def delete_webhook_by_id(caller: From, webhook_id: str) -> Response:
    """Deliveries that wait for it are dropped; the events stay in the feed."""
    delete_webhook(caller.core, caller.principal, webhook_id)
    return Response(status_code=204)


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    summary="Delivery log of a webhook",
    openapi_extra=needs(Permission.WEBHOOKS_MANAGE),
    response_model=DeliveryPage,
    responses=refusals(_NO_HOOK),
)
def get_deliveries(caller: From, webhook_id: str, cursor: Cursor = None, limit: Limit = 50) -> DeliveryPage:
    """Newest first, with every attempt and what the receiver answered."""
    page = list_deliveries(caller.core, caller.principal, webhook_id, cursor=cursor, limit=limit)
    return DeliveryPage(deliveries=[views.delivery_out(d) for d in page.items], cursor=page.cursor)
