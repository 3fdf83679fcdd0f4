"""What is done with a webhook after it was made: another secret, switching on, replay, a test."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, FiniteFloat

from speechsvc.api import views
from speechsvc.api.errors import Invalid
from speechsvc.api.inputs import Id, Moment, Strict
from speechsvc.api.responses import refusals
from speechsvc.api.route import From, api_router, needs
from speechsvc.api.schemas import AttemptOut, WebhookCreated, WebhookOut
from speechsvc.domain.access import Permission
from speechsvc.domain.webhook import MAX_OVERLAP_H
from speechsvc.services.manage_webhooks import enable_webhook, replay_events, replay_range, rotate_secret, send_test

router = api_router("crm")

_NO_HOOK = (404, "No such webhook")
_MANAGE = needs(Permission.WEBHOOKS_MANAGE)


class RotateIn(Strict):
    overlap_h: Annotated[FiniteFloat, Field(ge=0, le=MAX_OVERLAP_H)] = Field(
        24.0, description="hours during which the secret in force until now signs too; 0 after it leaked"
    )


class ReplayIn(Strict):
    """Either `event_ids`, or `from` and `to`."""

    event_ids: list[Id] | None = Field(None, min_length=1, max_length=1000)
    since: Moment | None = Field(None, alias="from", description="events of this moment and later")
    until: Moment | None = Field(None, alias="to", description="events before this moment")
    undelivered_only: bool = Field(False, description="of a time range: leave out what was delivered")


class ReplayOut(BaseModel):
    events: int = Field(description="on their way again; those already on it and those of erased calls are left out")


@router.post(
    "/webhooks/{webhook_id}/rotate",
    summary="Another secret",
    openapi_extra=_MANAGE,
    response_model=WebhookCreated,
    responses=refusals(_NO_HOOK),
)
def post_rotate(caller: From, webhook_id: str, body: RotateIn) -> WebhookCreated:
    """The new secret is shown only now. During the overlap each message carries a signature for both secrets, so the
    receiver can change over at any moment; a second rotation ends the overlap of the first."""
    endpoint, secret = rotate_secret(caller.core, caller.principal, webhook_id, body.overlap_h)
    return WebhookCreated(**views.webhook_out(endpoint).model_dump(), secret=secret)


@router.post(
    "/webhooks/{webhook_id}/enable",
    summary="Switch a webhook on again",
    openapi_extra=_MANAGE,
    response_model=WebhookOut,
    responses=refusals(_NO_HOOK),
)
def post_enable(caller: From, webhook_id: str) -> WebhookOut:
    """New events are sent from now on; what it missed comes with a replay."""
    return views.webhook_out(enable_webhook(caller.core, caller.principal, webhook_id))


@router.post(
    "/webhooks/{webhook_id}/replay",
    status_code=202,
    summary="Send events again",
    openapi_extra=_MANAGE,
    response_model=ReplayOut,
    responses=refusals((404, "No such webhook or event"), (409, "The webhook is switched off")),
)
def post_replay(caller: From, webhook_id: str, body: ReplayIn) -> ReplayOut:
    """By id, or all of a time range that the webhook subscribes to, in the order of the feed, with the ids and bodies
    they had: a receiver that drops ids it has seen takes only what it missed."""
    if body.event_ids is not None and body.since is None and body.until is None:
        return ReplayOut(events=replay_events(caller.core, caller.principal, webhook_id, body.event_ids))
    if body.event_ids is not None or body.since is None or body.until is None:
        raise Invalid("event_ids", "give either event_ids, or from and to", "请提供 event_ids，或同时提供 from 与 to")
    sent = replay_range(
        caller.core, caller.principal, webhook_id, body.since, body.until, undelivered_only=body.undelivered_only
    )
    return ReplayOut(events=sent)


@router.post(
    "/webhooks/{webhook_id}/test",
    summary="Send a test event now",
    openapi_extra=_MANAGE,
    response_model=AttemptOut,
    responses=refusals(_NO_HOOK),
)
def post_test(caller: From, webhook_id: str) -> AttemptOut:
    """One signed `webhook.test`, once, without retries; the answer is what came back. It is not in the feed."""
    return views.attempt_out(send_test(caller.core, caller.principal, webhook_id))
