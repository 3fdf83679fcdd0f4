"""Who of the anonymous speakers is the salesperson and who the customer: from what they say and from call direction.

A sum of weighted cues, every one with its counts kept in the transcript's `model`. Where it does not convince, or
only one voice was found, everybody stays `unknown`: a wrong name would move people's scores.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from math import exp, log, log1p
from typing import Any

from speechsvc.domain.call import Direction
from speechsvc.domain.conversation import Speaker
from speechsvc.domain.role_cues import CUES, SHARE_WEIGHT, VERSION
from speechsvc.domain.transcript import Segment, Transcript

THRESHOLD = 0.9  # confidence below which nobody is named
UNCERTAIN = "speakers_uncertain"  # the warning's code
_HELLO = re.compile(r"^[喂哎啊嗯，。？！\s]*(你好|您好)?[，。？！\s]*$")
# By hand: written calls nearly all begin with the salesperson, real recordings with whoever is called.
_ANSWERS = 1.0  # a bare hello comes from the side that is called
_OPENS = 0.5  # an outbound call's first real words come from the caller
_THIRD_VOICE = 0.03  # share of the words that a third voice may have beside the pair


def name_speakers(transcript: Transcript, direction: Direction | None = None) -> Transcript:
    """The transcript with roles for its voices, where there are any; else the same.

    `model["speakers"]["roles"]` then holds confidence, version and reasons; the warning `speakers_uncertain` says that
    nobody was named.
    """
    voices = sorted({s.voice for s in transcript.segments if s.voice is not None})
    if not voices:
        return transcript
    pair, confidence, reasons = _best_pair(transcript.segments, voices, direction)
    sure = pair is not None and confidence >= THRESHOLD
    names = {pair[0]: Speaker.AGENT, pair[1]: Speaker.CUSTOMER} if sure and pair else {}
    record = {
        "version": VERSION,
        "confidence": round(confidence, 3),
        "threshold": THRESHOLD,
        "agent": pair[0] if sure and pair else None,
        "customer": pair[1] if sure and pair else None,
        "reasons": reasons,
    }
    model = {**transcript.model, "speakers": {**transcript.model.get("speakers", {}), "roles": record}}
    warnings = tuple(w for w in transcript.warnings if w != UNCERTAIN) + (() if sure else (UNCERTAIN,))
    segments = tuple(replace(s, speaker=_role(names, s.voice, s.speaker)) for s in transcript.segments)
    speech = tuple(replace(i, speaker=_role(names, i.voice, i.speaker)) for i in transcript.speech)
    return replace(transcript, segments=segments, speech=speech, model=model, warnings=warnings)


def role_reasons(first: str, second: str) -> list[dict[str, Any]]:
    """Cues that speak for `first` being the salesperson (weight above 0) or the customer, the strongest first."""
    found = []
    for cue in CUES:
        counts = [len(cue.pattern.findall(text)) for text in (first, second)]
        weight = cue.weight * (log1p(counts[0]) - log1p(counts[1]))
        if weight:
            found.append({"cue": cue.id, "zh": cue.zh, "en": cue.en, "counts": counts, "weight": round(weight, 2)})
    sizes = [len(first), len(second)]
    share = SHARE_WEIGHT * (log(sizes[0] + 20) - log(sizes[1] + 20))
    found.append(
        {"cue": "share", "zh": "说话多少", "en": "how much is said", "counts": sizes, "weight": round(share, 2)}
    )
    return sorted(found, key=lambda reason: -abs(reason["weight"]))


def _best_pair(
    segments: Sequence[Segment], voices: Sequence[int], direction: Direction | None
) -> tuple[tuple[int, int] | None, float, list[dict[str, Any]]]:
    """(agent, customer), confidence and reasons. A third voice that says something makes the pair less certain."""
    texts = {voice: "，".join(s.text for s in segments if s.voice == voice and not s.suspect) for voice in voices}
    words = max(1, sum(map(len, texts.values())))
    judged = []
    for agent, customer in permutations(voices, 2):
        reasons = role_reasons(texts[agent], texts[customer]) + _opening(segments, agent, customer, direction)
        total = sum(reason["weight"] for reason in reasons)
        spoken = (len(texts[agent]) + len(texts[customer])) / words
        judged.append((total, spoken, (agent, customer), reasons))
    if not judged:
        return None, 0.0, []
    total, spoken, pair, reasons = max(judged, key=lambda j: (j[1] >= 1 - _THIRD_VOICE, j[0] > 0, j[1], j[0]))
    confidence = 1 / (1 + exp(-min(total, 50.0)))
    return pair, confidence * min(1.0, spoken + _THIRD_VOICE), reasons


def _opening(
    segments: Sequence[Segment], agent: int, customer: int, direction: Direction | None
) -> list[dict[str, Any]]:
    """What the first words say, given who called whom."""
    first = next((s for s in segments if s.voice in (agent, customer) and s.text and not s.suspect), None)
    if first is None or direction is None:
        return []
    hello = bool(_HELLO.match(first.text))
    outbound = direction is Direction.OUTBOUND
    if not hello and not outbound:
        return []
    called = customer if outbound else agent
    weight = _ANSWERS if hello else -_OPENS
    weight = weight if first.voice == called else -weight
    zh, en = ("第一句话与呼叫方向", "the first words and who called")
    return [{"cue": "opening", "zh": zh, "en": en, "counts": [], "weight": weight}]


def _role(names: dict[int, Speaker], voice: int | None, otherwise: Speaker) -> Speaker:
    return otherwise if voice is None else names.get(voice, Speaker.UNKNOWN)
