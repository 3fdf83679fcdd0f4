"""Signatures as the specification's own library checks them."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from speechsvc.crm.signing import signed_headers
from speechsvc.domain.secret import new_webhook_secret

BODY = '{"type":"call.analysed","data":{"call_id":"call_1","topics":["预算审批"]}}'.encode()


def _signed(secret: str, at: datetime | None = None) -> dict[str, str]:
    return signed_headers(event_id="evt_1", at=at or datetime.now(UTC), body=BODY, secret=secret)


def test_secret_is_32_random_bytes() -> None:
    first, second = new_webhook_secret(), new_webhook_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32


def test_official_library_accepts() -> None:
    secret = new_webhook_secret()
    assert Webhook(secret).verify(BODY, _signed(secret))["type"] == "call.analysed"


def test_known_vector() -> None:
    """The example of the specification's reference libraries."""
    headers = signed_headers(
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_time_zone_of_the_clock_does_not_matter() -> None:
    secret = new_webhook_secret()
    now = datetime.now(timezone(timedelta(hours=8)))
    assert Webhook(secret).verify(BODY, _signed(secret, now)) is not None


def test_tampered_body_is_rejected() -> None:
    secret = new_webhook_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY.replace(b"call_1", b"call_2"), _signed(secret))


@pytest.mark.parametrize(("name", "value"), [("webhook-id", "evt_2"), ("webhook-signature", "v1,AAAA")])
def test_tampered_header_is_rejected(name: str, value: str) -> None:
    secret = new_webhook_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, {**_signed(secret), name: value})


@pytest.mark.parametrize("offset", [-302, 302])
def test_late_and_early_are_rejected(offset: int) -> None:
    secret = new_webhook_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, _signed(secret, datetime.now(UTC) + timedelta(seconds=offset)))


def test_other_secret_is_rejected() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(new_webhook_secret()).verify(BODY, _signed(new_webhook_secret()))


def test_rotation_serves_receivers_with_either_secret() -> None:
    old, new = new_webhook_secret(), new_webhook_secret()
    headers = _signed(f"{new} {old}")
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, headers) is not None
    with pytest.raises(WebhookVerificationError):
        Webhook(new_webhook_secret()).verify(BODY, headers)


@pytest.mark.parametrize("secret", ["", "   "])
def test_no_secret_is_an_error_of_ours(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        _signed(secret)
