"""Two voices on one line are told apart without any download; voices here took no part in tuning."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from speechsvc.diarization.basic import CANNOT, BasicDiarizer
from speechsvc.domain.speakers import SpeakerSpan
from speechsvc.transcription.vad import voice_activity
from tests.speech.errors import diarization_error
from tests.speech.mixes import Mix, mix
from tests.speech.voices import Voice, need_espeak, resample

TURNS = [
    ("agent", "喂您好，我是云帆科技的小王，想跟您确认一下上次那份报价"),
    ("customer", "报价我看过了，比我们去年用的那家贵了不少"),
    ("agent", "贵在实施这一块，我们是派人到现场的，两周之内上线"),
    ("customer", "两周能行吗，我们仓库的数据乱得很，光对账就得一个礼拜"),
    ("agent", "数据我们帮您清洗，这个不另外收费"),
    ("customer", "行吧，那你把合同发过来，我让法务看看"),
]
PAIRS = [("m3", "f4"), ("m6", "m8"), ("m3", "m6"), ("f4", "linda")]  # two of them of one sex


def recording(made: Mix) -> npt.NDArray[np.int16]:
    return (np.clip(resample(made.sound, 8000, 16000), -1, 1) * 32767).astype(np.int16)


def spoken(pair: tuple[str, str], turns: list[tuple[str, str]] = TURNS) -> Mix:
    voices = {"agent": Voice(variant=pair[0], pitch=45), "customer": Voice(variant=pair[1], speed=160, pitch=55)}
    return mix(turns, voices, seed="-".join(pair))


def found_in(sound: npt.NDArray[np.int16]) -> tuple[SpeakerSpan, ...]:
    return BasicDiarizer().find(sound, voice_activity(sound).talk)


@pytest.mark.parametrize("pair", PAIRS)
def test_two_voices_on_one_telephone_line(pair: tuple[str, str]) -> None:
    need_espeak()
    made = spoken(pair)
    spans = found_in(recording(made))
    truth = [(s.start, s.end, s.speaker) for s in made.speech]
    error = diarization_error(truth, [(s.start / 16000, s.end / 16000, str(s.speaker)) for s in spans])
    assert {s.speaker for s in spans} == {0, 1}
    assert error.rate <= 0.15, error


def test_one_voice_stays_one_and_the_answer_is_the_same_each_time() -> None:
    need_espeak()
    sound = recording(spoken(("m3", "f4"), [t for t in TURNS if t[0] == "agent"]))
    spans = found_in(sound)
    assert {s.speaker for s in spans} == {0}
    assert found_in(sound) == spans


def test_spans_cover_the_speech_and_nothing_else() -> None:
    need_espeak()
    sound = recording(spoken(("m6", "f4")))
    talk = voice_activity(sound).talk
    spans = BasicDiarizer().find(sound, talk)
    covered = np.zeros(len(sound), dtype=int)
    for span in spans:
        covered[span.start : span.end] += 1
    expected = np.zeros(len(sound), dtype=int)
    for start, end in talk:
        expected[start:end] = 1
    assert (covered == expected).all()


@pytest.mark.parametrize("seconds", [0, 0.05, 0.4])
def test_next_to_no_speech_is_one_speaker_at_most(seconds: float) -> None:
    sound = np.random.default_rng(1).normal(0, 3000, 16_000).astype(np.int16)
    length = int(seconds * 16_000)
    spans = BasicDiarizer().find(sound, [(0, length)] if length else [])
    assert {s.speaker for s in spans} <= {0}
    assert sum(s.end - s.start for s in spans) == length


def test_digital_silence_called_speech_does_no_harm() -> None:
    spans = BasicDiarizer().find(np.zeros(160_000, dtype=np.int16), [(0, 80_000), (90_000, 160_000)])
    assert sum(s.end - s.start for s in spans) == 150_000


def test_says_what_it_cannot_do() -> None:
    described = BasicDiarizer().describe()
    assert described["name"] == "basic"
    assert described["cannot"] == list(CANNOT)
