"""The moving average of a machine's speed, and what it says about a finish."""

from __future__ import annotations

import pytest

from speechsvc.domain.pace import Pace, remaining_s, waiting_s

NEW = Pace(host="h", model="demo", profile="fast")


def test_the_first_call_sets_the_pace() -> None:
    pace = NEW.after(60.0, 6.0)
    assert (pace.factor, pace.call_s, pace.calls, pace.audio_s, pace.work_s) == (0.1, 6.0, 1, 60.0, 6.0)


def test_the_pace_follows_a_change_within_some_tens_of_calls() -> None:
    pace = NEW
    for _ in range(100):
        pace = pace.after(60.0, 6.0)
    for _ in range(60):
        pace = pace.after(60.0, 12.0)
    assert pace.factor == pytest.approx(0.2, rel=0.05)
    assert pace.calls == 160


def test_a_call_without_sound_has_no_factor() -> None:
    assert NEW.after(0.0, 1.0).factor == 0.0
    assert NEW.after(0.0, 1.0).after(10.0, 5.0).factor == 0.5


def test_at_first_the_pace_decides_then_the_call_itself() -> None:
    assert remaining_s(elapsed_s=1, progress=0.03, audio_s=100, factor=0.1) == pytest.approx(9)
    assert remaining_s(elapsed_s=30, progress=0.5, audio_s=100, factor=0.1) == pytest.approx(0.5 * 30 + 0.5 * 0)
    assert remaining_s(elapsed_s=99, progress=0.99, audio_s=100, factor=0.1) == pytest.approx(1, rel=0.1)


def test_without_a_pace_the_call_itself_decides_and_at_first_nobody_knows() -> None:
    assert remaining_s(elapsed_s=1, progress=0.03, audio_s=100, factor=None) is None
    assert remaining_s(elapsed_s=10, progress=0.25, audio_s=None, factor=None) == pytest.approx(30)


def test_waiting_grows_with_the_queue_and_shrinks_with_the_workers() -> None:
    pace = NEW.after(60.0, 6.0)
    assert waiting_s(pace, ahead=0, busy=0) == pytest.approx(6)
    assert waiting_s(pace, ahead=4, busy=2) == pytest.approx(18)
    assert waiting_s(None, ahead=4, busy=2) is None
    assert waiting_s(NEW, ahead=4, busy=2) is None
