"""A preview while it is made, as JSON lines: each changed call once, progress in between, the result at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from speechsvc.api.route import Caller
from speechsvc.api.workbench_views import preview_out
from speechsvc.services.preview_lexicon import read_preview

NDJSON = "application/x-ndjson"
_EVERY_S = 0.25
_PATIENCE_S = 300.0  # without progress: no worker runs, or it is behind much other work
_AT_ONCE = 200
_COUNTS = {"gained", "lost", "turned", "moved", "scores", "followups", "estimate"}
_PROGRESS = {"state", "total", "seen", "looked_at", "changed"} | _COUNTS


def preview_lines(caller: Caller, preview_id: str) -> Iterator[str]:
    """`{"type": "call", ...}`, `{"type": "progress", ...}` and last `{"type": "result", ...}`."""
    after, told, since = -1, "", time.monotonic()
    while True:
        preview = read_preview(caller.core, caller.principal, preview_id, after=after, limit=_AT_ONCE)
        out = preview_out(preview)
        for call in out.calls:
            yield _line("call", call)
        after = preview.last
        if preview.cursor is not None:  # more calls are there already
            continue
        progress = _line("progress", out.model_dump(mode="json", include=_PROGRESS))
        if progress != told:
            told, since = progress, time.monotonic()
            yield progress
        if preview.run.state.ended or time.monotonic() - since > _PATIENCE_S:
            yield _line("result", out.model_dump(mode="json", exclude={"calls", "cursor"}))
            return
        time.sleep(_EVERY_S)


def _line(kind: str, data: dict[str, object]) -> str:
    return json.dumps({"type": kind, **data}, ensure_ascii=False) + "\n"
