"""Plain text as turns: one a line, the speaker from a leading label such as 客户： or agent:."""

from __future__ import annotations

import re

from speechsvc.domain.conversation import Speaker, Turn

_LABELS = {
    Speaker.CUSTOMER: ("客户", "顾客", "对方", "customer", "client"),
    Speaker.AGENT: ("销售", "坐席", "客服", "顾问", "我方", "agent", "sales", "salesperson"),
}
_SPEAKERS = {label: speaker for speaker, labels in _LABELS.items() for label in labels}
_PREFIX = re.compile(rf"\s*[【\[(（]?({'|'.join(_SPEAKERS)})[】\])）]?\s*[:：]\s*", re.IGNORECASE)


def turns_of(text: str) -> tuple[Turn, ...]:
    """Empty lines are left out; a line without a label goes on with the speaker of the line before.

    An empty line ends that, so that a heading such as 客户： never claims the rest of the minutes.
    """
    turns = []
    speaker = Speaker.UNKNOWN
    for line in text.splitlines():
        if not line.strip():
            speaker = Speaker.UNKNOWN
            continue
        prefix = _PREFIX.match(line)
        if prefix:
            speaker = _SPEAKERS[prefix.group(1).lower()]
            line = line[prefix.end() :]
        if line.strip():
            turns.append(Turn(speaker=speaker, start=0.0, end=0.0, text=line.strip()))
    return tuple(turns)
