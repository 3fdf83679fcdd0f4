"""Grouping, timing and script: the parts around the model that need no model."""

from __future__ import annotations

import numpy as np
import pytest

from speechsvc.transcription.recognise import RawSegment, group_chunks, speech_only
from speechsvc.transcription.script import comparable, simplified
from speechsvc.transcription.timing import settle
from speechsvc.transcription.vad import RATE, VoiceActivity

S = RATE


def raw(start: float, end: float) -> RawSegment:
    return RawSegment(start=start, end=end, text="好", avg_logprob=0, no_speech_prob=0, compression_ratio=1)


def test_speech_only_is_the_chunks_joined() -> None:
    samples = np.arange(100, dtype=np.int16)
    audio = speech_only(samples, [(10, 20), (50, 55)])
    np.testing.assert_array_equal(audio * 32768, [*range(10, 20), *range(50, 55)])
    assert audio.dtype == np.float32


def test_a_short_channel_is_one_group() -> None:
    chunks = ((0, 5 * S), (9 * S, 12 * S))
    assert group_chunks(VoiceActivity(chunks=chunks, talk=chunks), 600 * S) == [list(chunks)]


def test_groups_break_between_chunks() -> None:
    chunks = tuple((i * 10 * S, (i * 10 + 4) * S) for i in range(5))
    groups = group_chunks(VoiceActivity(chunks=chunks, talk=chunks), 9 * S)
    assert [len(group) for group in groups] == [2, 2, 1]
    assert [chunk for group in groups for chunk in group] == list(chunks)


def test_a_long_monologue_is_cut_in_a_pause() -> None:
    activity = VoiceActivity(chunks=((0, 25 * S),), talk=((0, 7 * S), (8 * S, 24 * S)))
    groups = group_chunks(activity, 10 * S)
    pause = int(7.5 * S)
    assert groups == [[(0, pause)], [(pause, pause + 10 * S)], [(pause + 10 * S, 25 * S)]]


def test_times_shrink_to_the_speech_under_them() -> None:
    settled, seconds = settle(raw(1.0, 9.0), [(2 * S, 4 * S), (5 * S, 6 * S)])
    assert (settled.start, settled.end) == (1.9, 6.1)
    assert seconds == pytest.approx(3.0)


def test_a_sliver_of_the_turn_before_is_dropped() -> None:
    settled, seconds = settle(raw(3.8, 14.0), [(1 * S, 4 * S), (10 * S, 13 * S)])
    assert (settled.start, settled.end) == (9.9, 13.1)
    assert seconds == pytest.approx(3.0)


def test_a_short_answer_is_kept_though_it_is_a_sliver() -> None:
    settled, seconds = settle(raw(1.0, 1.4), [(1 * S, int(1.2 * S))])
    assert settled.start == 1.0
    assert seconds == pytest.approx(0.2)


def test_text_over_silence_keeps_its_times() -> None:
    settled, seconds = settle(raw(5.0, 6.0), [(1 * S, 2 * S)])
    assert (settled.start, settled.end, seconds) == (5.0, 6.0, 0.0)


def test_script() -> None:
    assert simplified("預算審批、資料遷移，價格 A100") == "预算审批、资料迁移，价格 A100"
    assert simplified("预算审批") == "预算审批"
    assert comparable("　預算，Ａ１００！ ") == "预算a100"
