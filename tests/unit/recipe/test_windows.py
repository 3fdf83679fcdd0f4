"""Training windows: the tokens a recogniser should write for what lies in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.recipe.symbols import Vocabulary
from models.recipe.windows import EMPTY, FRAMES, Composer, Utterances, Window, batch

CHARACTERS = tuple("一三五二四六客户价格")


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary(tuple(sorted(CHARACTERS)))


@pytest.fixture
def spoken(tmp_path: Path, vocabulary: Vocabulary) -> Utterances:
    """40 utterances in four streams, 1 to 9 seconds, one character each 40 frames; frames 0-149 are line noise."""
    rng = np.random.default_rng(1)
    utterances, tokens, spans, at = [], [], [], 150
    for i in range(40):
        count = int(rng.integers(3, 22))
        utterances.append((at, count * 40, i // 10, 0, len(tokens)))
        tokens += [vocabulary.ids[CHARACTERS[int(k)]] for k in rng.integers(0, len(CHARACTERS), count)]
        spans += [(k * 40.0, k * 40.0 + 40) for k in range(count)]
        at += count * 40
    np.savez(
        tmp_path / "shard.npz",
        utterances=np.array(utterances, np.int64),
        tokens=np.array(tokens, np.int16),
        spans=np.array(spans, np.float32),
    )
    made = Utterances.empty()
    made.add(tmp_path / "shard.npz", 0)
    return made


@pytest.fixture
def windows(spoken: Utterances, vocabulary: Vocabulary) -> list[Window]:
    composer = Composer(spoken, vocabulary, 7)
    return [composer.window() for _ in range(300)]


def test_every_written_character_lies_where_its_frames_are(
    windows: list[Window], spoken: Utterances, vocabulary: Vocabulary
) -> None:
    checked = 0
    for window in windows:
        for token, (start, end) in zip(window.targets, window.spans, strict=True):
            if start < 0 or not 0 <= token < vocabulary.first_time or vocabulary.tokens[token] not in CHARACTERS:
                continue
            middle = window.frames[min(FRAMES - 1, int(start + end))]  # encoder frames are two feature frames
            utterance = int(np.searchsorted(spoken.start, middle, "right")) - 1
            k = (int(middle) - int(spoken.start[utterance])) // 40
            assert spoken.tokens[spoken.token[utterance] + k] == token
            checked += 1
    assert checked > 5000


def test_times_never_run_backwards(windows: list[Window], vocabulary: Vocabulary) -> None:
    first = vocabulary.first_time
    for window in windows:
        times = [t for t in window.targets if t >= first]
        assert times == sorted(times)


def test_inputs_are_the_targets_one_step_earlier(windows: list[Window], vocabulary: Vocabulary) -> None:
    end = vocabulary.special("endoftext")
    for window in windows:
        assert len(window.inputs) == len(window.targets) == len(window.spans)
        assert window.targets[-1] == end
        known = [
            (a, b) for a, b in zip(window.inputs[1:], window.targets, strict=False) if 0 <= b < vocabulary.first_time
        ]
        assert all(a == b for a, b in known if b != vocabulary.special("nospeech"))


def test_nothing_is_asked_of_a_prompt(windows: list[Window], vocabulary: Vocabulary) -> None:
    prompted = [w for w in windows if w.inputs[0] == vocabulary.special("startofprev")]
    assert prompted
    for window in prompted:
        start = window.inputs.index(vocabulary.special("startoftranscript"))
        assert start <= 224
        assert set(window.targets[:start]) == {-100}


def test_padding_begins_after_the_last_word(windows: list[Window]) -> None:
    padded = [w for w in windows if w.padded_from < FRAMES]
    assert padded
    for window in padded:
        last = max((end for _, end in window.spans), default=-1)
        assert window.padded_from >= 2 * last - 12 or last < 0


def test_one_seed_draws_one_sequence(spoken: Utterances, vocabulary: Vocabulary) -> None:
    first, second = (Composer(spoken, vocabulary, 11) for _ in range(2))
    for _ in range(20):
        a, b = first.window(), second.window()
        assert a.inputs == b.inputs
        assert np.array_equal(a.frames, b.frames)


def test_a_batch_pads_tokens_to_a_common_length(windows: list[Window]) -> None:
    made = batch(windows[:9], filler=0)
    assert made.inputs.shape == made.targets.shape
    assert made.inputs.shape[1] % 32 == 0
    assert made.frames.shape == (9, FRAMES)
    assert made.frames.min() >= EMPTY
