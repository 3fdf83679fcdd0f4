"""Talk metrics from intervals and from turns."""

from __future__ import annotations

import pytest

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.talk_rules import measure_talk, measure_talk_from_turns
from speechsvc.domain.transcript import SpeechInterval

A, C, U = Speaker.AGENT, Speaker.CUSTOMER, Speaker.UNKNOWN


def interval(speaker: Speaker, start: float, end: float) -> SpeechInterval:
    return SpeechInterval(channel=0 if speaker is A else 1, speaker=speaker, start=start, end=end)


def turn(speaker: Speaker, start: float, end: float, text: str, *suspect: str) -> Turn:
    return Turn(speaker=speaker, start=start, end=end, text=text, suspect=suspect)


def test_overlap_counts_for_each_speaker_and_once_for_silence() -> None:
    talk = measure_talk([interval(A, 0, 10), interval(C, 8, 12)], 20)
    assert (talk.agent, talk.customer, talk.unknown, talk.silence, talk.duration) == (10, 4, 0, 8, 20)
    assert (talk.turns, talk.customer_turns) == (2, 1)


def test_overlapping_intervals_of_one_speaker_are_not_added() -> None:
    assert measure_talk([interval(A, 0, 5), interval(A, 3, 6)], 10).agent == 6


def test_backchannel_does_not_break_a_monologue_but_an_answer_does() -> None:
    murmur = [interval(A, 0, 10), interval(C, 10, 10.5), interval(A, 11, 21)]
    assert measure_talk(murmur, 30).longest_monologue == 20
    answer = [interval(A, 0, 10), interval(C, 10, 12), interval(A, 12, 17)]
    assert measure_talk(answer, 30).longest_monologue == 10


def test_nothing_and_nonsense() -> None:
    silent = measure_talk([], 60)
    assert (silent.silence, silent.turns, silent.longest_monologue) == (60, 0, 0)
    cut = measure_talk([interval(A, -1, 2), interval(C, 9, 99), interval(A, 5, 4)], 10)
    assert (cut.agent, cut.customer, cut.silence) == (2, 1, 7)


def test_turns_leave_out_suspect_and_wordless_ones() -> None:
    turns = (
        turn(A, 0, 4, "您好"),
        turn(C, 5, 6, "嗯"),
        turn(A, 6, 10, "我们系统"),
        turn(C, 10, 30, "谢谢观看", "phrase"),
    )
    talk = measure_talk_from_turns(Conversation(call_id="t", turns=(*turns, turn(U, 30, 31, "……"))))
    assert (talk.agent, talk.customer, talk.unknown, talk.duration) == (8, 1, 0, 31)
    assert talk.silence == pytest.approx(22)
    assert talk.longest_monologue == 8


def test_text_without_times_measures_zero() -> None:
    talk = measure_talk_from_turns(Conversation(call_id="t", turns=(turn(C, 0, 0, "预算有二十万"),)))
    assert (talk.duration, talk.customer, talk.turns) == (0, 0, 0)
