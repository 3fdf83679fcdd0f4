"""Homophone noise: what a recogniser's slips would look like. Some characters become others of the same or a similar
sound; lengths stay, so labels and offsets stay true."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from speechsvc.tagging.evaluate import LabelledCall
from speechsvc.tagging.syllables import syllables
from speechsvc.tagging.words import words

_USUAL = 200  # count from which a character is one that a recogniser writes
_CHOICE = 6  # most usual characters of a sound


def noised(call: LabelledCall, rate: float, seed: int) -> LabelledCall:
    """Each Chinese character is replaced with probability `rate`; the same seed and call give the same text."""
    chance = random.Random(f"{seed}:{call.conversation.call_id}")  # noqa: S311 - no secret
    turns, evidence = [], dict(call.evidence)
    for index, turn in enumerate(call.conversation.turns):
        text = "".join(_slip(character, rate, chance) for character in turn.text)
        turns.append(replace(turn, text=text))
        for key in [key for key in evidence if key[0] == index]:
            start = turn.text.find(evidence[key])
            evidence[key] = text[start : start + len(evidence[key])] if start >= 0 else evidence[key]
    return replace(call, conversation=replace(call.conversation, turns=tuple(turns)), evidence=evidence)


def _slip(character: str, rate: float, chance: random.Random) -> str:
    if not "\u4e00" <= character <= "\u9fff" or chance.random() >= rate:
        return character
    others = [other for other in _alike().get(syllables(character), "") if other != character][:_CHOICE]
    return chance.choice(others) if others else character


@cache
def _alike() -> Mapping[str, str]:
    """Sound -> its characters, the most usual first."""
    by_sound: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for point in range(0x4E00, 0xA000):
        count = words().frequency(chr(point))
        if count >= _USUAL:
            by_sound[syllables(chr(point))].append((-count, chr(point)))
    return {sound: "".join(character for _, character in sorted(found)) for sound, found in by_sound.items()}
