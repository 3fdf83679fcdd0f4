"""The client. Every method may be repeated: uploads and events carry ids of the caller's own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx

from speechsvc.client.errors import Incomplete
from speechsvc.client.models import Accepted, Call, CrmResult, Event, Heatmap, Json, Lead, Page, TouchRow
from speechsvc.client.resumable import PIECE_BYTES, upload_in_pieces
from speechsvc.client.transport import Retry, Transport


class Client:
    """One key of one service. Requests that fail in passing are tried again. Raises Refused, Unreachable."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        language: str = "en",
        timeout_s: float = 60.0,
        retry: Retry | None = None,
        http: httpx.BaseTransport | None = None,
    ) -> None:
        """`language` of error texts: en or zh. `http` replaces the network, for tests."""
        self._transport = Transport(url, key, language=language, timeout_s=timeout_s, retry=retry or Retry(), http=http)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    # --- calls ---

    def upload(self, recording: str | Path, metadata: Json, media_type: str = "audio/wav") -> Accepted:
        """Streams one recording. The same `external_id` with the same bytes gives the same call."""
        path = Path(recording)
        opened: list[BinaryIO] = []

        def parts() -> dict[str, Any]:
            while opened:
                opened.pop().close()
            opened.append(path.open("rb"))
            text = json.dumps(metadata, ensure_ascii=False)
            return {
                "files": {
                    "metadata": (None, text, "application/json"),
                    "recording": (path.name, opened[0], media_type),
                }
            }

        try:
            return _accepted(self._transport.repeat(parts, "POST", "/v1/calls").json())
        finally:
            while opened:
                opened.pop().close()

    def upload_resumable(self, recording: str | Path, metadata: Json, piece_bytes: int = PIECE_BYTES) -> Accepted:
        """The same in pieces, for weak networks: a broken connection costs one piece at most."""
        call = self.call(upload_in_pieces(self._transport, Path(recording), metadata, piece_bytes))
        return Accepted(id=call.id, status=call.status, external_id=call.external_id)

    def send_text(self, body: Json) -> Accepted:
        """Minutes, chat, e-mail, or a transcript made elsewhere."""
        return _accepted(self._post("/v1/texts", body))

    def call(self, call_id: str) -> Call:
        return Call.of(self._get(f"/v1/calls/{quote(call_id)}"))

    def calls(self, *, cursor: str | None = None, **filters: Any) -> Page[Call]:
        """Filters as in GET /v1/calls; `from_` stands for `from`."""
        page = self._get("/v1/calls", cursor=cursor, **filters)
        return Page(items=tuple(Call.of(c) for c in page["calls"]), cursor=page["cursor"])

    def wait(self, call_id: str, timeout_s: float = 3600.0, every_s: float = 2.0) -> Call:
        """Until it is finished, well or not. Raises Incomplete."""
        end = time.monotonic() + timeout_s
        while True:
            call = self.call(call_id)
            if call.finished:
                return call
            if time.monotonic() + every_s > end:
                raise Incomplete(f"{call_id} is still {call.status} after {timeout_s:g} s")
            time.sleep(every_s)

    def transcript(self, call_id: str) -> Json:
        return self._get(f"/v1/calls/{quote(call_id)}/transcript")

    def score(self, call_id: str) -> Json:
        return self._get(f"/v1/calls/{quote(call_id)}/score")

    def erase(self, call_id: str) -> None:
        self._transport.request("DELETE", f"/v1/calls/{quote(call_id)}")

    # --- reports ---

    def heatmap(self, row: str = "customer", **filters: Any) -> Heatmap:
        """Filters as in GET /v1/heatmap; `from_` stands for `from`."""
        return Heatmap.of(self._get("/v1/heatmap", row=row, **filters))

    def touch_health(self, by: str = "all", **filters: Any) -> tuple[TouchRow, ...]:
        rows = self._get("/v1/touch-health", by=by, **filters)["rows"]
        return tuple(TouchRow.of(row) for row in rows)

    def leads(self, **filters: Any) -> tuple[Lead, ...]:
        """For example `silent_h=48`, or the parameters of a cell of the matrix."""
        return tuple(Lead.of(lead) for lead in self._get("/v1/touch-health/leads", **filters)["leads"])

    # --- follow-ups ---

    def followup_score(self, external_id: str) -> Json:
        return self._get(f"/v1/followups/{quote(external_id, safe='')}/score")

    def performance(self, **filters: Any) -> Json:
        return self._get("/v1/performance", **filters)

    # --- exchange with a CRM ---

    def changes(self, cursor: str | None = None, *, follow: bool = False, every_s: float = 5.0) -> Iterator[Event]:
        """Every event once, in order. Store each event's `cursor` with what you did, and start from it the next time.

        With `follow` it waits for more and never ends.
        """
        while True:
            page = self._get("/v1/changes", cursor=cursor, limit=200)
            for raw in page["events"]:
                cursor = str(raw["seq"])
                yield Event.of(raw, cursor=cursor)
            cursor = page["cursor"]
            if not page["more"]:
                if not follow:
                    return
                time.sleep(every_s)

    def tell(self, events: Sequence[Json]) -> list[CrmResult]:
        """Events of the CRM, up to 1000; one result each."""
        answer = self._post("/v1/crm/events", {"events": list(events)})
        return [CrmResult.of(result) for result in answer["results"]]

    def create_webhook(self, url: str, event_types: Sequence[str] = ()) -> tuple[str, str]:
        """Its id and its secret, which is shown this once. Not repeated by itself: it would subscribe twice."""
        body = {"url": url, "event_types": list(event_types)}
        made = self._transport.repeat(lambda: {"json": body}, "POST", "/v1/webhooks", tries=1).json()
        return made["id"], made["secret"]

    def _get(self, path: str, **parameters: Any) -> Json:
        given = {name.rstrip("_"): value for name, value in parameters.items() if value is not None}
        return self._transport.json("GET", path, params=given)

    def _post(self, path: str, body: Json) -> Json:
        return self._transport.json("POST", path, json=body)


def _accepted(raw: Json) -> Accepted:
    return Accepted(id=raw["id"], status=raw["status"], external_id=raw["external_id"])
