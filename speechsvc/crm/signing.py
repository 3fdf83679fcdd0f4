"""Signatures of the Standard Webhooks specification, made by the specification's own library.

Secrets are made in `domain.secret`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook


def signed_headers(*, event_id: str, at: datetime, body: bytes, secret: str) -> dict[str, str]:
    """The three headers of the specification.

    `secret` may hold several secrets parted by spaces: while a secret is being rotated the signature header carries
    one signature for each, and a receiver accepts the message with either. `at` must have a time zone.
    Raises ValueError for a secret that is no base64 or is empty.
    """
    keys = secret.split()
    if not keys or at.tzinfo is None:
        raise ValueError("signing needs a secret and a time with zone")
    # The library reads the clock face and calls it UTC whatever its zone, so it may only ever see UTC.
    at = at.astimezone(UTC)
    text = body.decode("utf-8")
    signatures = (str(Webhook(key).sign(msg_id=event_id, timestamp=at, data=text)) for key in keys)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
