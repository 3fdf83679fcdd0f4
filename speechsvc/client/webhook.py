"""Verifies webhooks by the Standard Webhooks specification, with the standard library alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping

from speechsvc.client.errors import SignatureRejected
from speechsvc.client.models import Event

TOLERANCE_S = 300.0


class WebhookVerifier:
    """Of one or several secrets (`whsec_...`): during a rotation the old and the new one.

    A message is refused when it is older or newer than five minutes. With `seen`, which notes an id and says whether it
    was known, a repeated one is refused too: a receiver that stores ids anyway needs it not.
    """

    def __init__(
        self,
        *secrets: str,
        tolerance_s: float = TOLERANCE_S,
        now: Callable[[], float] = time.time,
        seen: Callable[[str], bool] | None = None,
    ) -> None:
        if not secrets:
            raise ValueError("a secret is needed")
        self._keys = tuple(_key(secret) for secret in secrets)
        self._tolerance_s, self._now, self._seen = tolerance_s, now, seen

    def verify(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """`body` as it came, before anything parses it. Raises SignatureRejected."""
        given = {name.lower(): value for name, value in headers.items()}
        try:
            message, at, signatures = (given[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        except KeyError as missing:
            raise SignatureRejected(f"the header {missing.args[0]} is missing") from None
        if not (at.isascii() and at.isdigit()) or abs(self._now() - int(at)) > self._tolerance_s:
            raise SignatureRejected("the message is too old or too new")
        if not self._signed(f"{message}.{at}.".encode() + body, signatures):
            raise SignatureRejected("no signature fits")
        if self._seen is not None and self._seen(message):
            raise SignatureRejected("this message came before")
        return Event.of(json.loads(body))

    def _signed(self, content: bytes, signatures: str) -> bool:
        wanted = [hmac.new(key, content, hashlib.sha256).digest() for key in self._keys]
        for version, _, signature in (part.partition(",") for part in signatures.split()):
            if version != "v1":
                continue
            try:
                given = base64.b64decode(signature, validate=True)
            except (binascii.Error, ValueError):
                continue
            if any(hmac.compare_digest(given, each) for each in wanted):
                return True
        return False


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"))
