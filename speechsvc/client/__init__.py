"""A typed client of the service. Needs httpx and nothing of the server: docs/client.md.

from speechsvc.client import Client

with Client("http://127.0.0.1:8321", key) as client:
    call = client.wait(client.upload("call.wav", {"external_id": "1", "started_at": "2026-11-23T14:05:00+08:00"}).id)
"""

from speechsvc.client.client import Client
from speechsvc.client.errors import ClientError, Incomplete, Refused, SignatureRejected, Unreachable
from speechsvc.client.models import Accepted, Call, CrmResult, Event, Heatmap, HeatmapRow, Lead, Page, TouchRow
from speechsvc.client.transport import Retry, Transport
from speechsvc.client.webhook import WebhookVerifier

__all__ = [
    "Accepted",
    "Call",
    "Client",
    "ClientError",
    "CrmResult",
    "Event",
    "Heatmap",
    "HeatmapRow",
    "Incomplete",
    "Lead",
    "Page",
    "Refused",
    "Retry",
    "SignatureRejected",
    "TouchRow",
    "Transport",
    "Unreachable",
    "WebhookVerifier",
]
