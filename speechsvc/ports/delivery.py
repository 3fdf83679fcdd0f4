"""Events and the webhooks that carry them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from speechsvc.domain.event import Event
from speechsvc.domain.webhook import Attempt, Delivery, DeliveryState, Endpoint
from speechsvc.ports.calls import Page


class EventRepository(Protocol):
    def append(self, type: str, subject: str, data: dict[str, Any]) -> Event:
        """Takes the tenant's next sequence number; the counter's row lock makes the feed gap-free in commit order."""
        ...

    def after(self, seq: int, *, limit: int = 100) -> list[Event]: ...

    def get(self, event_id: str) -> Event: ...

    def last_seq(self) -> int: ...

    def erase_bodies(self, subject: str) -> int:
        """Empties the data of all events of this subject, keeping their places in the feed."""
        ...


class WebhookRepository(Protocol):
    def add(self, endpoint: Endpoint, secret: str) -> None: ...
    def list(self) -> tuple[Endpoint, ...]: ...
    def get(self, endpoint_id: str) -> Endpoint: ...
    def secret(self, endpoint_id: str) -> str: ...
    def delete(self, endpoint_id: str) -> None: ...
    def disable(self, endpoint_id: str, reason: str) -> None: ...

    def add_delivery(self, endpoint_id: str, event: Event) -> Delivery:
        """Same endpoint and event again gives the same delivery."""
        ...

    def delivery(self, delivery_id: str) -> Delivery: ...

    def record(self, delivery_id: str, attempt: Attempt, state: DeliveryState, next_at: datetime | None) -> None: ...

    def drop(self, delivery_id: str) -> None:
        """It will not be tried again; no error if it is gone."""
        ...

    def deliveries(self, endpoint_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Delivery]: ...


class Sender(Protocol):
    """Posts one signed webhook."""

    def send(self, url: str, *, event_id: str, body: bytes, secret: str) -> Attempt:
        """Never raises for what the receiver does; the attempt holds it."""
        ...

    def validate(self, url: str) -> None:
        """Raises InvalidInput when the URL may not be called (scheme, private address not allowed)."""
        ...
