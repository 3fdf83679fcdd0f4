"""Events and the webhooks that carry them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from speechsvc.domain.event import Event
from speechsvc.domain.webhook import Attempt, Delivery, DeliveryState, Endpoint
from speechsvc.ports.calls import Page


class EventRepository(Protocol):
    def append(self, type: str, subject: str, data: dict[str, Any], *, lane: str = "") -> Event:
        """Takes the tenant's next sequence number; the counter's row lock makes the feed gap-free in commit order."""
        ...

    def after(self, seq: int, *, limit: int = 100) -> list[Event]: ...

    def between(self, since: datetime, until: datetime, after: int, *, limit: int) -> list[Event]:
        """Events of a time range with a place after `after`, in order of place."""
        ...

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
    def rotate(self, endpoint_id: str, secret: str, overlap: timedelta) -> None:
        """The secret in force signs too until the overlap ends. Raises NotFound."""
        ...

    def disable(self, endpoint_id: str, reason: str) -> bool:
        """Whether it was enabled until now. Raises NotFound."""
        ...

    def enable(self, endpoint_id: str) -> None: ...

    def note_failing(self, endpoint_id: str, since: datetime | None) -> None:
        """`since` counts only where nothing was noted since the last success; none: it took an event."""
        ...

    def add_delivery(self, endpoint_id: str, event: Event) -> Delivery:
        """Same endpoint and event again gives the same delivery."""
        ...

    def delivery(self, delivery_id: str) -> Delivery: ...

    def blocker(self, delivery: Delivery, *, hold: bool = False) -> Delivery | None:
        """The earliest delivery of the same endpoint and lane that is still on its way, for an earlier event.

        Held, it cannot end before this unit of work does.
        """
        ...

    def next_in_lane(self, delivery: Delivery) -> Delivery | None:
        """The first one still on its way, of the same endpoint and lane."""
        ...

    def again(self, endpoint_id: str, event: Event, *, undelivered_only: bool = False) -> Delivery | None:
        """Pending once more, or for the first time; none where it is on its way already, or is not asked for."""
        ...

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
